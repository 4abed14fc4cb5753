"""The floors of the house: who may import whom, read from the sources."""

import ast
import functools
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "generators": set(),
    "shards": {"generators"},
    "pipeline": {"generators", "shards"},
    "trainer": {"generators", "shards"},
    "studies": {"generators", "shards", "pipeline", "trainer"},
    "reports": {"generators", "shards", "pipeline", "trainer", "studies"},
    "cli": {"generators", "shards", "pipeline", "trainer", "studies", "reports"},
}
ONLY_IN = {
    "dask": {"pipeline"},
    "distributed": {"pipeline"},
    "torch": {"trainer"},
    "altair": {"reports"},
    "vl_convert": {"reports"},
    "webdataset": set(),
    "click": {"cli"},
    "rich": {"cli"},
}
TRAINER = [
    {"models"},
    {"learners", "optim"},
    {"settings"},
    {"presets"},
    {"scores", "building"},
    {"runs"},
    {"pictures"},
    {"evaluators"},
    {"trained", "arc"},
    {"analysis"},
    {"training"},
    {"published"},
]
"""Floors inside the trainer, from below. What lies in its folder itself is below all of them."""

LAZY = {("shards", "torch"), ("shards", "webdataset")}
"""Rooms that may import a package inside a function, not at the top of a file."""

SOURCES = [(room, path) for room in MAY_IMPORT for path in sorted((ROOT / room).rglob("*.py"))]


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offenders(found: dict[Path, Any]) -> dict[str, Any]:
    """Files in which a rule is broken, by name, of what was found in each."""
    assert found, "the rule looks at no file"
    return {name_of(path): broken for path, broken in found.items() if broken}


def imports(tree: ast.Module) -> list[tuple[str, bool]]:
    """(dotted name, whether it runs at import time) of every absolute import in `tree`."""
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    } | {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) not in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            base = [f"trmpipe.{a.name}" for a in node.names] if node.module == "trmpipe" else [node.module]
            found += [(name, id(node) not in inside) for name in base]
    return found


def modules_imported(path: Path) -> set[tuple[str, ...]]:
    """Modules of the same room that a file imports, at the top, in functions and for type checkers."""
    package = path.relative_to(ROOT).parent.parts
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package[: len(package) - node.level + 1]
            base = (*above, *node.module.split(".")) if node.module else above
            for alias in node.names:
                place = ROOT.joinpath(*base, alias.name)
                is_module = place.with_suffix(".py").exists() or (place / "__init__.py").exists()
                found.add((*base, alias.name) if is_module else base)
    return found


def circle(graph: dict[tuple[str, ...], set[tuple[str, ...]]]) -> list[str]:
    """The modules that are left when those that import none of the rest are taken away again and again."""
    rest = dict(graph)
    while free := [module for module, imported in rest.items() if not imported & rest.keys()]:
        for module in free:
            del rest[module]
    return [".".join(module) for module in sorted(rest)]


def module_of(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


NAMESPACE = ROOT / "trmpipe" / "__init__.py"


def test_the_namespace_imports_nothing_before_it_is_used():
    """It stands above all rooms but the command line, and reaches them by name alone."""
    found = imports(ast.parse(NAMESPACE.read_text()))
    assert {name for name, at_import in found if at_import} == {"typing"}
    assert {name.split(".")[1] for name, _ in found if name.startswith("trmpipe.")} <= MAY_IMPORT.keys() - {"cli"}


def test_the_namespace_says_the_same_to_type_checkers():
    import trmpipe

    def places(node):
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(node)
            if isinstance(node, ast.ImportFrom) and node.module.startswith("trmpipe.")
            for alias in node.names
        }

    assert places(ast.parse(NAMESPACE.read_text())) == trmpipe._PLACES
    assert sorted(trmpipe._PLACES) == sorted(trmpipe.__all__)
    assert set(trmpipe.__all__) <= set(dir(trmpipe))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_circle_of_imports(room):
    files = [path for own, path in SOURCES if own == room]
    assert circle({module_of(path): modules_imported(path) for path in files}) == []


def test_a_circle_is_found():
    graph = {("a",): {("b",)}, ("b",): {("c",)}, ("c",): {("b",), ("d",)}, ("d",): set()}
    assert circle(graph) == ["a", "b", "c"]
    assert circle(graph | {("c",): {("d",)}}) == []


def test_imports_are_read_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    folder = tmp_path / "shards" / "deep"
    folder.mkdir(parents=True)
    for name in ("one.py", "two.py", "__init__.py", "deep/three.py", "deep/__init__.py"):
        (tmp_path / "shards" / name).write_text("")
    (folder / "three.py").write_text(
        "from ..one import x\ndef late():\n    from .. import two\n    from ..deep import y\n"
    )
    assert modules_imported(folder / "three.py") == {("shards", "one"), ("shards", "two"), ("shards", "deep")}


def floor_of(module: tuple[str, ...]) -> int:
    """On which floor of the trainer a module lies; its own files are on floor 0."""
    for floor, folders in enumerate(TRAINER, start=1):
        if module[1] in folders:
            return floor
    return 0


def from_above(module: tuple[str, ...], imported: set[tuple[str, ...]]) -> list[str]:
    """What a module of the trainer imports that neither lies in its own folder nor on a floor below."""
    floor = floor_of(module)
    return [".".join(other) for other in sorted(imported) if floor_of(other) >= max(floor, 1) and other[1] != module[1]]


def test_floors_of_the_trainer():
    own = [path for room, path in SOURCES if room == "trainer" and module_of(path) != ("trainer",)]
    assert offenders({path: from_above(module_of(path), modules_imported(path)) for path in own}) == {}
    folders = {path.name for path in (ROOT / "trainer").iterdir() if (path / "__init__.py").exists()}
    assert folders == set().union(*TRAINER)


def test_an_import_from_above_in_the_trainer_is_found():
    def wrong(importer, imported):
        return from_above(("trainer", *importer.split(".")), {("trainer", *imported.split("."))})

    assert wrong("scores.scoring", "runs.lines")
    assert wrong("scores.scoring", "building.forms"), "beside, not below"
    assert wrong("errors", "runs.lines"), "its own files know none of the floors"
    assert not wrong("runs.lines", "scores.scoring")
    assert not wrong("runs.lines", "runs.opening")
    assert not wrong("runs.lines", "errors")


def test_the_9x9_engine_knows_nothing_of_the_rest_of_sudoku():
    own = ("generators", "sudoku", "nine")
    known = {module_of(path): modules_imported(path) for room, path in SOURCES if room == "generators"}
    inside = set().union(*(found for module, found in known.items() if module[:3] == own))
    assert {module for module in inside if module[:3] != own} == {("generators", "jit"), ("generators", "rng")}
    # One module calls it; two more name the type of its memory.
    users = {module[-1] for module, found in known.items() if module[:3] != own and any(m[:3] == own for m in found)}
    assert users == {"workbench", "rating", "walk"}


def violations(room: str, tree: ast.Module) -> list[str]:
    wrong = []
    for name, at_import in imports(tree):
        parts = name.split(".")
        if parts[0] == "trmpipe" and len(parts) > 1 and parts[1] in MAY_IMPORT:
            if parts[1] not in MAY_IMPORT[room]:
                wrong.append(f"{name}: {room} may not import {parts[1]}, nor itself by its full name")
        elif parts[0] in MAY_IMPORT:
            wrong.append(f"{name}: write trmpipe.{name}")
        elif parts[0] in ONLY_IN and room not in ONLY_IN[parts[0]] and (at_import or (room, parts[0]) not in LAZY):
            wrong.append(f"{name}: not in {room}")
    return wrong


def test_floors():
    assert offenders({path: violations(room, tree_of(path)) for room, path in SOURCES}) == {}


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("generators", "from trmpipe.shards import Corpus"),
        ("trainer", "import trmpipe.pipeline.plan"),
        ("pipeline", "from trmpipe import trainer"),
        ("shards", "import torch"),
        ("pipeline", "import shards"),
        ("generators", "def f():\n    import dask"),
        ("shards", "from trmpipe.shards.corpus import Corpus"),
    ],
)
def test_a_breach_is_found(room, line):
    assert violations(room, ast.parse(line))
