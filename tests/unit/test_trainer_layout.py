"""The trainer's files: no circle of imports, none too long, and no task named outside its own folder."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRAINER = ROOT / "trainer"
FILES = sorted(TRAINER.rglob("*.py"))
MOST_LINES = 350
MOST_FUNCTION_LINES = 45


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports_of(name, path, tree):
    """Modules of the trainer that one imports, at its top, in a function or for types alone."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [base])])
            base = base.removeprefix("trmpipe.")
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= {one if one in MODULES else base for one in names}
    return {one for one in found if one in MODULES and one != name}


def circle_in(graph):
    """A chain of modules that comes back to its start, or an empty list."""
    done = set()

    def walk(name, chain):
        if name in chain:
            return [*chain[chain.index(name) :], name]
        if name not in done:
            for other in sorted(graph[name]):
                if found := walk(other, [*chain, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


def test_there_is_no_circle_of_imports():
    graph = {name: imports_of(name, path, ast.parse(path.read_text())) for name, path in MODULES.items()}
    assert "trainer.config" in graph["trainer.session"]
    assert "trainer.learners.learner" in graph["trainer.learners.one_pass"]
    assert circle_in(graph) == []


def test_a_circle_is_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert circle_in(graph) == ["b", "c", "b"]
    inside = ast.parse("def f():\n    from .config import TrainConfig\n")
    assert imports_of("trainer.checkpoint", TRAINER / "checkpoint.py", inside) == {"trainer.config"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert text.count("\n") <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and not any("kernel" in ast.unparse(one) for one in node.decorator_list):
            assert node.end_lineno - node.lineno < MOST_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_task_is_named_outside_its_own_folder(path):
    """A task stands in the names of presets and of modules, and in prose; code neither compares nor splits it."""
    if "arc" in path.relative_to(TRAINER).parts or "presets" in path.relative_to(TRAINER).parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.fullmatch(r"arc|sudoku\d*", node.value), node.lineno
        if isinstance(node, ast.ImportFrom):
            assert not re.search(r"(^|\.)(arc|sudoku)(\.|$)", node.module or ""), node.lineno
