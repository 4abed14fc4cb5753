"""No circles of imports inside generators/, those inside functions and of packages' own files included."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "generators"


def module_of(room, path):
    """Dotted name from the room on; a package goes by its folder."""
    parts = path.relative_to(room.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(room, path, modules):
    """Modules that relative imports in a file name, wherever they stand."""
    package = list(path.relative_to(room.parent).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(package[: len(package) - node.level + 1] + ([node.module] if node.module else []))
            found |= {name if (name := f"{base}.{alias.name}") in modules else base for alias in node.names}
    assert found <= modules
    return found


def graph_of(room):
    paths = list(room.rglob("*.py"))
    modules = {module_of(room, path) for path in paths}
    return {module_of(room, path): imported(room, path, modules) for path in paths}


def test_there_are_none():
    graph = graph_of(ROOM)
    assert "generators.sudoku.nine" in graph["generators.sudoku.workbench"]
    list(TopologicalSorter(graph).static_order())


def test_the_9x9_engine_knows_nothing_of_the_rest_of_sudoku():
    graph, own = graph_of(ROOM), "generators.sudoku.nine"
    known = {other for module, others in graph.items() if module.startswith(own) for other in others}
    assert {other for other in known if not other.startswith(own)} == {"generators.jit", "generators.rng"}
    # One module calls it; two more name the type of its memory.
    users = {m for m, others in graph.items() if not m.startswith(own) and any(o.startswith(own) for o in others)}
    assert users == {f"generators.sudoku.{name}" for name in ("workbench", "rating", "walk")}


@pytest.mark.parametrize("line", ["from .deep import one", "def late():\n    from .deep.one import x"])
def test_a_circle_is_found(tmp_path, line):
    room = tmp_path / "generators"
    (room / "deep").mkdir(parents=True)
    (room / "__init__.py").write_text("")
    (room / "deep" / "__init__.py").write_text("")
    (room / "deep" / "one.py").write_text("from ..two import y\n")
    (room / "two.py").write_text(f"{line}\n")
    with pytest.raises(CycleError):
        list(TopologicalSorter(graph_of(room)).static_order())
