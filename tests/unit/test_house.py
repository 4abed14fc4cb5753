"""The house as its files are: none too long, all explained, and nobody asks for a task or a model by its name."""

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.unit.test_floors import MAY_IMPORT, ROOT, name_of, nodes_of, offenders, tree_of
from trmpipe.generators.registry import FAMILIES
from trmpipe.trainer.learners import LEARNERS
from trmpipe.trainer.models import MODELS

PRODUCT = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
PYTHON = PRODUCT + sorted(path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))

MOST_LINES = 350
MOST_LINES_OF_A_FUNCTION = 45
LONG_KERNELS = {
    "generators/arc/variants.py:augment_groups": "one pass over an image writes move, colours, place and end tokens",
    "generators/sudoku/maker.py:minimise": "the loop keeps the solver's stack between two clues",
    "generators/sudoku/solver.py:propagate": "the queue is drained in one loop over both kinds of singles",
    "generators/sudoku/solver.py:search_near": "an explicit stack in place of recursion, which Numba caches badly",
    "generators/sudoku/variants.py:augment_group": "a walk over cosets that shares its buffers between variants",
}
"""Kernels that stay in one piece, as a call in their innermost loop costs time or hides what is shared, and why."""


def test_files_are_short():
    lengths = {path: len(path.read_text().splitlines()) for path in PYTHON}
    assert offenders({path: length > MOST_LINES for path, length in lengths.items()}) == {}


def test_functions_are_short():
    assert offenders({path: set(long_functions(path)) - set(LONG_KERNELS) for path in PYTHON}) == {}


def long_functions(path, kernels=None):
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION:
            if kernels is None or kernels == any(ast.unparse(d) == "kernel" for d in node.decorator_list):
                yield f"{name_of(path)}:{node.name}"


def test_the_long_functions_that_stay_are_kernels():
    assert {name for path in PRODUCT for name in long_functions(path, kernels=True)} == set(LONG_KERNELS)


def undocumented(path):
    """Public functions of four parameters or more whose docstring neither lists them nor says where they are."""
    for owner in nodes_of(path):
        if not isinstance(owner, ast.Module | ast.ClassDef) or getattr(owner, "name", "").startswith("_"):
            continue
        for node in owner.body:
            if not isinstance(node, ast.FunctionDef) or (node.name.startswith("_") and node.name != "__init__"):
                continue
            taken = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            names = [argument.arg for argument in taken if argument.arg not in ("self", "cls")]
            text = ast.get_docstring(owner if node.name == "__init__" else node) or ""
            is_command = any("command" in ast.unparse(decorator) for decorator in node.decorator_list)
            if len(names) >= 4 and not is_command and "Args:" not in text and not re.search("[Ss]ee `", text):
                yield f"{name_of(path)}:{node.name}"


def test_many_parameters_are_explained():
    assert offenders({path: list(undocumented(path)) for path in PRODUCT}) == {}


OWN_FOLDERS = {
    "sudoku": ("generators/sudoku/", "trainer/presets/"),
    "maze": ("generators/maze/", "trainer/presets/"),
    "queens": ("generators/queens/", "trainer/presets/"),
    "nonogram": ("generators/nonogram/", "trainer/presets/"),
    "arc": ("generators/arc/", "pipeline/arc/", "trainer/arc/", "trainer/presets/"),
    "hrm": ("trainer/models/hrm.py", "trainer/presets/"),
    "direct_prediction": ("trainer/models/direct.py", "trainer/presets/"),
    "looped": ("trainer/models/looped.py", "trainer/presets/"),
    "trm": ("trainer/models/trm.py", "trainer/presets/"),
    "equivariant": ("trainer/models/equivariant.py", "trainer/presets/"),
    "dec": ("trainer/models/dec.py", "trainer/presets/"),
    "eqr": ("trainer/models/eqr.py", "trainer/presets/"),
    "se_rrm": ("trainer/models/se_rrm.py", "trainer/presets/"),
    "ldt": ("trainer/models/ldt.py", "trainer/presets/"),
    "autoregressive": ("trainer/models/autoregressive.py", "trainer/presets/"),
    "deep_supervision": ("trainer/learners/deep_supervision.py", "trainer/presets/"),
    "elimination": ("trainer/learners/elimination.py", "trainer/presets/"),
    "one_pass": ("trainer/learners/one_pass.py", "trainer/presets/"),
    "token_by_token": ("trainer/learners/token_by_token.py", "trainer/presets/"),
    "winner_take_all": ("trainer/learners/winner_take_all.py", "trainer/presets/"),
}
"""Where a name is at home. A preset puts a task, a model and a learner together, so it knows their names."""

REGISTRIES = {
    "generators/registry.py",
    "pipeline/suppliers/__init__.py",
    "trainer/evaluators/__init__.py",
    "trainer/learners/__init__.py",
    "trainer/models/__init__.py",
    "trainer/presets/__init__.py",
}
DEFAULTS = {
    "trainer/settings/config.py": "the defaults of a config are the published TRM's",
    "cli/demo.py": "what `make demo` shows is a list of commands",
}
ENTRY_POINTS = (ROOT / "tests" / "outside" / "shades-1.0.dist-info" / "entry_points.txt").read_text()
OUTSIDE = {line.partition(" = ")[0].partition("-")[0] for line in ENTRY_POINTS.splitlines() if " = " in line}
"""Names that the package of `tests/outside` brings."""


def words(tree):
    """All words in names, imports and strings of the code, docstrings aside, in lower case."""
    docstrings = set()
    for node in ast.walk(tree):
        if any("command" in ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])):
            continue  # The docstring of a command is what its --help says.
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else []:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                docstrings.add(id(statement.value))
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module"):
            if isinstance(getattr(node, field, None), str):
                yield getattr(node, field)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@functools.cache
def spelled_words(path):
    """The words of a file, in lower case, with those apart that code puts together in any of its ways."""
    text = "\n".join(words(tree_of(path)))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text).lower()


def names_in(path, names):
    own = {name for name in names if name_of(path).startswith(OWN_FOLDERS.get(name, ()))}
    others = "|".join(sorted(names - own))
    return set(re.findall(rf"(?<![a-z])(?:{others})(?![a-z])", spelled_words(path))) if others else set()


def test_nobody_asks_for_tasks_and_models_by_name():
    others = [path for path in PRODUCT if name_of(path) not in REGISTRIES | DEFAULTS.keys()]
    assert offenders({path: names_in(path, set(OWN_FOLDERS)) for path in others}) == {}


PRINTING = re.compile(
    r"p?print|click\.(echo|secho|echo_via_pager|confirm|prompt|clear|pause|progressbar)|traceback\.print\w*"
    r"|\w+\.show|.*(stdout|stderr|console)(\.buffer)?\.(print|write|writelines|log)|(rich\.\w+\.)?(Console|TextColumn)"
)
"""Calls that print, or make what prints."""


def prints(tree):
    """Calls by which something is printed past the one place of the command line."""
    return [call for call in calls(tree) if PRINTING.fullmatch(call)]


def calls(tree):
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_all_is_printed_in_one_place_which_escapes():
    others = [path for path in PRODUCT if name_of(path) != "cli/console.py"]
    assert offenders({path: prints(tree_of(path)) for path in others}) == {}


@pytest.mark.parametrize(
    "line",
    [
        "print(x)",
        "click.echo(x)",
        "click.secho(x)",
        "sys.stdout.write(x)",
        "sys.stderr.buffer.write(x)",
        "self._bar.console.print(x)",
        "error.show()",
        "traceback.print_exc()",
        "TextColumn(x)",
    ],
)
def test_a_line_that_prints_is_found(line):
    assert prints(ast.parse(line))


def test_nobody_knows_the_package_that_tests_bring():
    assert offenders({path: names_in(path, OUTSIDE) for path in PRODUCT}) == {}


OF_TASKS = (
    *("generate", "examine", "rate", "measure", "with_alternatives", "num_variants", "augment", "variant_names"),
    *("solve", "check"),
)
"""Methods by which corpora are made."""


def calls_of_tasks(tree):
    """Calls of such methods past `generators.contract`."""
    return [
        call
        for call in calls(tree)
        if call.endswith(tuple(f".{name}" for name in OF_TASKS))
        and call[:9] != "contract."
        and call != "ownership.check"
    ]


def test_corpora_are_made_through_the_contract():
    pipeline = [path for path in PRODUCT if name_of(path).startswith("pipeline/")]
    assert offenders({path: calls_of_tasks(tree_of(path)) for path in pipeline}) == {}


def test_a_call_past_the_contract_is_found():
    assert calls_of_tasks(ast.parse("contract.solve(task, x); recipe.make_task().augment(x)")) == [
        "recipe.make_task().augment"
    ]


def test_every_task_model_and_learner_of_ours_is_looked_for():
    ours = {*FAMILIES._ours, *MODELS._ours, *LEARNERS._ours}
    assert ours == set(OWN_FOLDERS)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('if task == "arc": pass', {"arc"}),
        ("ArcTask()", {"arc"}),
        ("from .arc import pictures", {"arc"}),
        ('name.startswith("sudoku")', {"sudoku"}),
        ('x = "the sudoku9-cpu preset"', {"sudoku"}),
        ("build_trm(config)", {"trm"}),
        ("class TRMConfig: pass", {"trm"}),
        ('@click.command()\ndef f():\n    """Solve a Sudoku."""', {"sudoku"}),
        ("import trmpipe; architecture = search(archive)", set()),
        ('def f():\n    """Such as ``sudoku9``."""', set()),
    ],
)
def test_names_are_found_in_all_their_forms(line, found, tmp_path, monkeypatch):
    path = tmp_path / "line.py"
    path.write_text(line)
    monkeypatch.setattr("tests.unit.test_floors.ROOT", tmp_path)
    assert names_in(path, set(OWN_FOLDERS)) == found


def test_the_package_that_tests_bring_lives_there_alone():
    assert sorted(path.name for path in (ROOT / "tests" / "outside").iterdir() if path.name != "__pycache__") == [
        "shades",
        "shades-1.0.dist-info",
    ]
    assert Path(ROOT / "tests" / "outside" / "shades" / "__init__.py").exists()
