"""The tutorial on tasks of one's own is true: its code is the example's, and its commands run as a user runs them.

The example is built into a wheel and installed into a fresh environment, which no other test does: its entry point is
found as pip writes it, and `trmpipe` finds the package where pip put it.
"""

import ast
import re
import shlex
from pathlib import Path
from textwrap import indent

import pytest

from tests.packages import Environment, build_wheel

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "futoshiki"
PAGE = (ROOT / "docs" / "own-task.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
CODE = [block for kind, block in BLOCKS if kind in ("python", "toml")]
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
SOURCES = {path: path.read_text() for path in EXAMPLE.rglob("*") if path.suffix in (".py", ".toml")}
MOST_LINES_OF_THE_TASK = 60


@pytest.mark.parametrize("block", CODE, ids=[block.strip().splitlines()[0] for block in CODE])
def test_a_block_of_code_stands_in_the_example(block):
    ways = (block, indent(block, "    "))  # A method stands in its class.
    assert [path.name for path, text in SOURCES.items() if any(f"\n{way}" in text for way in ways)]


def test_the_page_shows_code_and_commands():
    assert len(CODE) > 8
    named = {shlex.split(line)[1] for line in COMMANDS if line.startswith("trmpipe ")}
    assert named == {"generate", "inspect", "verify", "regenerate", "train", "evaluate", "solve"}


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_the_task_is_short():
    text = (EXAMPLE / "futoshiki" / "task.py").read_text()
    said = {line for node in ast.walk(ast.parse(text)) for line in docstring_lines(node)}
    code = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() and number not in said]
    assert len(code) <= MOST_LINES_OF_THE_TASK


def docstring_lines(node):
    body = getattr(node, "body", [])
    first = body[0] if isinstance(body, list) and body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return range(first.lineno, first.end_lineno + 1)
    return ()


@pytest.mark.walkthrough
@pytest.mark.timeout(900)  # 40 seconds of CPU, a third of which compiles kernels where pip put them, anew each time.
def test_the_commands_run_on_the_installed_wheel(tmp_path):
    environment = Environment(tmp_path / "venv")
    source = tmp_path / "built" / "source"
    wheel = build_wheel(EXAMPLE, tmp_path / "built")
    told = ""
    for line in COMMANDS:
        command, *arguments = shlex.split(line)
        if command == "pip":  # As the page has it, pip would look for what is there already.
            assert arguments == ["install", ".[test]"]
            environment.install(wheel)
        elif command == "pytest":
            suite = environment.run("python", "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=source)
            assert re.search(r"\d\d passed", suite)
        else:
            told += environment.run(command, *arguments, cwd=tmp_path)
    for said in (
        "200 training puzzles",
        "is sound",
        "content equal",
        "50 of 50 steps",
        "votes: ",
        "the task by trmpipe-",
    ):
        assert said in told
    for line in re.findall(r"^    (.*[.v^].*)$", PAGE.partition("## When")[0].partition("left out:")[2], re.MULTILINE):
        assert line.rstrip() in told
    assert (tmp_path / "runs" / "first" / "solving.png").exists()
    where = environment.run("python", "-P", "-c", "import futoshiki; print(futoshiki.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path / "venv")
