"""Fixtures that all tests share: the command line in this process and in one of its own, and small corpora."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from trmpipe.cli.main import run
from trmpipe.pipeline import Recipe, generate

DATA = Path(__file__).parent / "data"

# A shell that starts the tests in the background lets them ignore Ctrl-C, and so would every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class Result:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def message(self):
        """The one line that an error gives; fails where there is more, or a traceback."""
        lines = [line for line in self.err.splitlines() if line.startswith("trmpipe: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        assert "this is a bug" not in lines[0]
        return lines[0]


@pytest.fixture
def trmpipe(capsys):
    """Run a command line in this process."""

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def trmpipe_process():
    """Run a command line in a process of its own."""

    def call(*arguments, cwd=None, env=None, timeout=120):
        command = [sys.executable, "-m", "trmpipe", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=timeout
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def corpus4(tmp_path_factory):
    """A 4x4 corpus whose groups have different numbers of variants: 20 training groups, 8 held out."""
    path = tmp_path_factory.mktemp("corpora") / "sudoku4"
    generate(Recipe(task="sudoku4", n=20, aug=999), str(path))
    return path


@pytest.fixture(scope="session")
def corpus6(tmp_path_factory):
    """A 6x6 corpus of 40 training groups with 31 variants each, 20 held out."""
    path = tmp_path_factory.mktemp("corpora") / "sudoku6"
    generate(Recipe(task="sudoku6", n=40, aug=30, test=20), str(path))
    return path


@pytest.fixture(scope="session")
def corpus9(tmp_path_factory):
    """A 9x9 corpus of 30 training groups with 21 variants each, 30 held out."""
    path = tmp_path_factory.mktemp("corpora") / "sudoku9"
    generate(Recipe(task="sudoku9", n=30, aug=20, test=30), str(path))
    return path
