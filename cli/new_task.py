"""``trmpipe new-task``: write a package that brings a task of its own, and that runs as it is."""

import keyword
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import click

from trmpipe.generators.errors import InputError, OptionError
from trmpipe.generators.registry import FAMILIES

from .console import echo

_FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "{{name}}/__init__.py": "init.py.txt",
    "{{name}}/task.py": "task.py.txt",
    "tests/test_{{name}}.py": "test_task.py.txt",
}
"""Where each file of a package goes, and the one in `starter` that it is written from."""


@click.command(name="new-task")
@click.argument("name")
@click.option("--out", help="Folder of the package, which is not there yet. [default: NAME]")
def command(*, name: str, out: str | None) -> None:
    """Write a Python package that brings the task NAME: a small real puzzle with tests, to be changed into yours."""
    folder = Path(out or name)
    if folder.exists():
        raise OptionError(f"{folder} is there already; give --out another folder, or remove it first")
    _check_name(name)
    texts = {_filled(path, name): _filled(_template(source), name) for path, source in _FILES.items()}
    try:
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}; give --out another folder") from error
    echo(f"{folder} holds a package with the task {name}, which runs as it is:")
    echo(f"  pip install -e '{folder}[test]' && pytest {folder}")
    echo(f"  trmpipe generate {name} --n 1000 --aug 15")
    echo(f"make it yours in {folder / name / 'task.py'}; {folder / 'README.md'} says how")


def _check_name(name: str) -> None:
    """Refuse what cannot be a package, a task and a command at once, or is one of another.

    Raises:
        OptionError: so it is.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*[a-z]", name) or keyword.iskeyword(name):
        raise OptionError(
            f"{name!r} cannot be the name of a task; expected two or more small letters, digits and underscores, a "
            "letter at both ends (sizes are written behind the name), and no word of Python's own"
        )
    if name in FAMILIES:
        raise OptionError(f"a task called {name!r} is installed already; give yours another name")
    if find_spec(name) is not None:
        raise OptionError(f"a Python package called {name!r} is installed already; give your task another name")


def _template(source: str) -> str:
    return (files("trmpipe.cli") / "starter" / source).read_text(encoding="utf-8")


def _filled(text: str, name: str) -> str:
    words = {"name": name, "dashed": name.replace("_", "-"), "Class": name.title().replace("_", "")}
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], text)
