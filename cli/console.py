"""What the commands share: the one way to the terminal, progress there or as plain lines, sizes in words, JSON.

All that is printed goes through `echo`, `echo_json`, the bars made here or `Context`, whatever it is made of: names,
paths, manifests and the texts of packages may hold sequences by which a terminal renames its window, turns the
direction of writing or overwrites a line. They are escaped here, once, and nowhere else.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from .compilation import Announcer, Clock, announced_compilation

if TYPE_CHECKING:  # Help texts need no shards, which take a second to import.
    from trmpipe.shards import Progress

Styled = list[tuple[str, str]]
"""A line as parts, each with a style of rich, or '' for none."""

_GAP = "     "
_PLAIN_SECONDS = 10
"""Seconds between two plain lines of one stage."""


def prepare_streams() -> None:
    """Make stdout and stderr take any text, closed or not, in any encoding.

    A closed one is led to nowhere. Else the next file that is opened would get its number, and what a C library says
    on stderr would land in that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", errors="backslashreplace"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def shown(text: str) -> str:
    """`text` as it may be shown: what a terminal takes for a command, line ends too, is escaped."""
    if text.isprintable():
        return text
    from trmpipe.shards.urls import printable

    return printable(text)


def echo(line: str = "", *, err: bool = False) -> None:
    """Print one line on stdout, or on stderr; a line end inside it is escaped like all that could harm."""
    # click.echo would write UTF-8 to a terminal that is set to ASCII.
    print(shown(line), file=sys.stderr if err else sys.stdout, flush=True)


def echo_lines(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines on stdout, or on stderr."""
    for line in lines:
        echo(line, err=err)


def _stdout_console() -> Any:
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def stdout_colours() -> bool:
    """Whether stdout is a terminal that shows colours; not where ``NO_COLOR`` is set."""
    if not sys.stdout.isatty():
        return False
    console = _stdout_console()
    return console.color_system is not None and not console.no_color


def stdout_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none, so that lines may be of any length."""
    return int(_stdout_console().width) if sys.stdout.isatty() else None


def echo_styled(lines: Iterable[Styled]) -> None:
    """Print lines on stdout, in their styles where `stdout_colours`; their texts are escaped as `echo` does it."""
    if not stdout_colours():
        echo_lines("".join(text for text, _ in line) for line in lines)
        return
    from rich.text import Text

    console = _stdout_console()
    for line in lines:
        console.print(Text.assemble(*((shown(text), style) for text, style in line)))


def echo_json(value: Any) -> None:
    """Print `value` as JSON on stdout; characters beyond ASCII are escaped as JSON does it, also those that do harm."""
    print(json.dumps(value, indent=2), flush=True)


def ask_number(title: str, lines: Sequence[str], question: str) -> int | None:
    """Ask for one of several lines by its number, on stderr; Enter takes the first.

    Args:
        title: above the lines.
        lines: what can be taken.
        question: below them.

    Returns:
        The index of a line; None where there is no terminal, so that nobody can be asked.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    echo(title, err=True)
    echo_lines((f"  {number}  {line}" for number, line in enumerate(lines, 1)), err=True)
    while True:
        print(shown(f"{question} [1] "), end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            echo(err=True)
        number = answer.strip() or "1"
        if number in map(str, range(1, len(lines) + 1)):
            return int(number) - 1
        echo(f"expected a number from 1 to {len(lines)}", err=True)


class _Formatter(click.HelpFormatter):
    """Help texts, which packages bring too, as they may be shown."""

    def getvalue(self) -> str:
        """All lines."""
        return "\n".join(map(shown, super().getvalue().split("\n")))


class Context(click.Context):
    """The context of commands whose help comes from packages."""

    formatter_class = _Formatter


class PlainProgress:
    """One line at the end of a stage, and one now and then while it takes long; for logs and pipes.

    Args:
        clock: seconds of work, which rates and times left are made of.
        announcer: tells what was compiled.
    """

    def __init__(self, clock: Clock, announcer: Announcer) -> None:
        self._clock, self._announcer = clock, announcer
        self._stage, self._total, self._done = "", 0, 0
        self._started = self._said = 0.0

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` parts begins."""
        self._stage, self._total, self._done = stage, total, 0
        self._started = self._said = self._clock()

    def advance(self, done: int) -> None:
        """`done` more parts are finished."""
        self._announcer.work_goes_on()
        self._done += done
        if self._clock() - self._said > _PLAIN_SECONDS:
            self._said = self._clock()
            self._say()

    def finish(self) -> None:
        """The stage is over."""
        self._announcer.work_goes_on()
        self._say()

    def _say(self) -> None:
        seconds = max(self._clock() - self._started, 1e-9)
        rate = self._done / seconds
        left = f", {(self._total - self._done) / rate:,.0f} s left" if 0 < self._done < self._total else ""
        pace = f" ({rate:,.0f}/s)" if rate >= 1 else ""
        echo(f"{self._stage}: {self._done:,} of {self._total:,} in {seconds:,.1f} s{pace}{left}", err=True)


class BarProgress:
    """A bar with rate and time left.

    Args:
        bars: where it is shown.
        announcer: tells what was compiled.
    """

    def __init__(self, bars: Any, announcer: Announcer) -> None:
        self._bars, self._announcer = bars, announcer
        self._task: Any = None

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` parts begins."""
        self._task = self._bars.add_task(shown(stage), total=total, rate="")

    def advance(self, done: int) -> None:
        """`done` more parts are finished."""
        self._announcer.work_goes_on()
        self._bars.advance(self._task, done)
        # By its number and not its place: a bar of kernels that came before it may be gone.
        speed = next(task.speed for task in self._bars.tasks if task.id == self._task)
        self._bars.update(self._task, rate=f"{speed:,.0f}/s" if speed else "")

    def finish(self) -> None:
        """The stage is over."""
        self._announcer.work_goes_on()
        self._bars.stop_task(self._task)


class _KernelBar:
    """A bar without an end that counts the kernels compiled, as long as they are.

    Args:
        bars: where it is shown.
    """

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def count(self, num_kernels: int | None) -> None:
        """So many are done; None as no more are to come."""
        if num_kernels is None:
            self._bars.remove_task(self._task)
            self._task = None
            return
        if self._task is None:
            self._task = self._bars.add_task("compiling kernels", total=None, rate="")
        self._bars.update(self._task, completed=num_kernels)


@contextmanager
def show_progress(*, silent: bool = False) -> Iterator["Progress"]:
    """Progress on stderr for the time of a ``with`` block, or none."""
    if silent:
        from trmpipe.shards import Silent

        yield Silent()
        return
    if not sys.stderr.isatty():
        announcer = Announcer(lambda line: echo(line, err=True))
        with announced_compilation(announcer) as clock:
            yield PlainProgress(clock, announcer)
        return
    from rich.progress import BarColumn, TimeRemainingColumn

    columns = (
        plain_column("{task.description:>18}"),
        BarColumn(),
        counts_column(),
        plain_column("{task.fields[rate]:>12}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with open_bars(*columns) as bars:
        announcer = Announcer(partial(print_above, bars), _KernelBar(bars).count)
        with announced_compilation(announcer) as clock:
            # Before a task is added, as each takes the clock that it finds.
            bars.get_time = clock
            yield BarProgress(bars, announcer)


def plain_column(text: str) -> Any:
    """A column of bars, in whose text brackets are brackets and no markup."""
    from rich.progress import TextColumn

    return TextColumn(text, markup=False)


def counts_column() -> Any:
    """A column of bars: how many parts of how many are done; of a bar without an end, how many."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Counts(ProgressColumn):
        def render(self, task: Task) -> Text:
            total = "?" if task.total is None else f"{int(task.total):,}"
            return Text(f"{int(task.completed):>{len(total)},}/{total}", style="progress.download")

    return Counts()


def open_bars(*columns: Any) -> Any:
    """Bars on stderr, to be used in a ``with`` block."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    return Bars(*columns, console=Console(stderr=True))


def print_above(bars: Any, line: str) -> None:
    """Print one line above bars, as `echo` would."""
    from rich.text import Text

    bars.console.print(Text(shown(line)))


def side_by_side(columns: Iterable[Iterable[str]]) -> list[str]:
    """The lines of columns beside each other."""
    rows = list(zip_longest(*columns, fillvalue=""))
    width = max(len(part) for row in rows for part in row)
    return [_GAP.join(f"{part:<{width}}" for part in row).rstrip() for row in rows]


def table_lines(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of texts as lines whose columns stand under each other."""
    safe = [[shown(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*safe, strict=True)]
    return ["  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in safe]


def bytes_in_words(num_bytes: float) -> str:
    """A size such as ``167.3 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} {unit}" if unit == "bytes" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"


def counted(count: int, noun: str) -> str:
    """A number of things, see `trmpipe.shards.words`."""
    from trmpipe.shards import words

    return words.counted(count, noun)
