"""The program ``trmpipe``: finds commands by name and turns errors into one line and an exit code.

Commands are imported when they are called, so that ``--help`` answers at once: torch alone takes seconds to import.
Exit codes: 0 done, 1 failed, 2 wrong arguments, 130 interrupted, 143 terminated.
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import FrameType

import click

import trmpipe
from trmpipe.generators.errors import OptionError, TrmpipeError

from .console import echo, echo_lines, prepare_streams
from .interruption import how_to_go_on

COMMANDS = {
    "generate": ("generate", "Make a corpus of puzzles and their variants."),
    "train": ("train", "Train a Tiny Recursive Model on corpora."),
    "study": ("study", "Execute a study: many runs that answer one question."),
    "evaluate": ("evaluate", "Score a trained model on held-out puzzles."),
    "analyse": ("analyse", "Measure how a trained model comes to its answers."),
    "runs": ("runs", "List runs with their settings, steps and scores."),
    "solve": ("solve", "Let a trained model solve a puzzle."),
    "report": ("report", "Write one HTML page on runs: scores, curves, puzzles being solved."),
    "watch": ("watch", "Show a run's page while it is trained."),
    "inspect": ("inspect", "Show what a corpus holds."),
    "verify": ("verify", "Check every byte of a corpus against its digests."),
    "regenerate": ("regenerate", "Make a corpus again from its manifest, and compare."),
    "presets": ("presets", "List the presets for training."),
    "new-task": ("new_task", "Write a package that brings a task of your own."),
    "import": ("import_group", "Take in what other programs made, such as published checkpoints."),
    "export": ("export_group", "Write what other programs read, such as checkpoints."),
}
"""Command: module in this package that holds it as ``command``, and its line in the list."""


class _Terminated(BaseException):
    """The process was asked to end; like `KeyboardInterrupt` none that handlers of errors may take for one."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with _without_collection():
            command = import_module(f".{COMMANDS[cmd_name][0]}", __package__).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@contextmanager
def _without_collection() -> Iterator[None]:
    """Import without looking for garbage, of which modules make none: to look takes 40 ms of a start of 450."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(trmpipe.__version__, prog_name="trmpipe")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def program(debug: bool) -> None:
    """Make puzzle data for Tiny Recursive Models and train them; everything is a pure function of (seed, position)."""


def main(arguments: list[str] | None = None) -> None:
    """Run the program and end the process with its exit code."""
    signal.signal(signal.SIGTERM, _unwind)
    code = run(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # What cannot be flushed was told already, or has nobody to be told to.
        with suppress(OSError, ValueError):
            stream.flush()
    # All files are closed by now, and taking down the interpreter with LLVM's modules in it takes most of a second.
    os._exit(code)


def _unwind(_number: int, _frame: FrameType | None) -> None:
    """Leave all ``with`` blocks, so that no temporary file stays; a second SIGTERM acts at once."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise _Terminated


def run(arguments: list[str]) -> int:
    """Run the program; returns its exit code."""
    prepare_streams()
    try:
        for argument in arguments:
            _refuse_other_bytes(argument)
        _refuse_empty(arguments)
        result = program.main(arguments, prog_name="trmpipe", standalone_mode=False)
    except Exception as error:
        if "--debug" in arguments:
            echo_lines(traceback.format_exc().splitlines(), err=True)
        return _report(error)
    except SystemExit as error:
        # click's answer to a pipe whose reader has gone, as in `trmpipe inspect | head`.
        return error.code if isinstance(error.code, int) else 1
    except KeyboardInterrupt as error:
        return _fail(f"interrupted; {how_to_go_on(error)}", 130)
    except _Terminated as error:
        return _fail(f"terminated; {how_to_go_on(error)}", 143)
    return result if isinstance(result, int) else 0


def _refuse_other_bytes(argument: str) -> None:
    """Refuse what could be written into no manifest, config or message: file names may be any bytes.

    Raises:
        OptionError: the argument is no Unicode text.
    """
    try:
        argument.encode()
    except UnicodeEncodeError as error:
        raise OptionError(
            f"the argument {argument} is not UTF-8; rename the file or folder, or set a UTF-8 locale (LC_ALL=C.UTF-8)"
        ) from error


def _refuse_empty(arguments: list[str]) -> None:
    """Refuse empty values, most often those of a variable that is not set: none of ours means anything.

    Raises:
        OptionError: there is one.
    """
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if not argument or (argument.startswith("--") and argument.find("=") == len(argument) - 1):
            after = f"the argument after {before}" if before.startswith("--") and "=" not in before else "an argument"
            raise OptionError(f"{argument.rstrip('=') or after} is empty; give it a value, or leave it out")


def _report(error: Exception) -> int:
    """Say what went wrong, in one line; returns the exit code."""
    if isinstance(error, click.exceptions.Abort) and isinstance(error.__cause__, EOFError):
        error = error.__cause__  # Click takes the end of any file for Ctrl-D at a question, and none is asked here.
    if isinstance(error, click.exceptions.Abort):
        return _fail(f"interrupted; {how_to_go_on(error.__cause__)}", 130)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        echo_lines(error.format_message().splitlines(), err=True)
        return 2
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx is not None else "trmpipe"
        return _fail(f"{_one_line(error.format_message())} (see `{where} --help`)", 2)
    if isinstance(error, click.ClickException):
        return _fail(_one_line(error.format_message()), error.exit_code)
    if isinstance(error, TrmpipeError):
        from trmpipe.trainer.errors import EndedElsewhereError

        if isinstance(error, EndedElsewhereError):
            return 1
        return _fail(_one_line(str(error)), 2 if isinstance(error, OptionError) else 1)
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or "a file"
        return _fail(f"{where}: {error.strerror}; make room or choose another place, then run the command again", 1)
    kind = type(error).__name__
    return _fail(f"unexpected {kind}: {_one_line(str(error))}; this is a bug: `trmpipe --debug ...` shows where", 1)


def _fail(message: str, code: int) -> int:
    # Where nobody reads stderr, the exit code is all that is left to say.
    with suppress(OSError):
        echo(f"trmpipe: {message}", err=True)
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())
