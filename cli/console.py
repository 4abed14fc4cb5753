"""What the commands share: progress on a terminal or as plain lines, sizes in words, JSON."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # Help texts need no shards, which take a second to import.
    from trmpipe.shards import Progress

_GAP = "     "
_PLAIN_SECONDS = 10
"""Seconds between two plain lines of one stage."""


class PlainProgress:
    """One line at the end of a stage, and one now and then while it takes long; for logs and pipes."""

    def __init__(self) -> None:
        self._stage, self._total, self._done = "", 0, 0
        self._started = self._said = 0.0

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` parts begins."""
        self._stage, self._total, self._done = stage, total, 0
        self._started = self._said = time.monotonic()

    def advance(self, done: int) -> None:
        """`done` more parts are finished."""
        self._done += done
        if time.monotonic() - self._said > _PLAIN_SECONDS:
            self._said = time.monotonic()
            self._say()

    def finish(self) -> None:
        """The stage is over."""
        self._say()

    def _say(self) -> None:
        seconds = max(time.monotonic() - self._started, 1e-9)
        rate = self._done / seconds
        left = f", {(self._total - self._done) / rate:.0f} s left" if 0 < self._done < self._total else ""
        click.echo(
            f"{self._stage}: {self._done:,} of {self._total:,} in {seconds:.1f} s ({rate:,.0f}/s){left}", err=True
        )


class BarProgress:
    """A bar with rate and time left."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` parts begins."""
        self._task = self._bars.add_task(stage, total=total, rate="")

    def advance(self, done: int) -> None:
        """`done` more parts are finished."""
        self._bars.advance(self._task, done)
        speed = self._bars.tasks[self._task].speed
        self._bars.update(self._task, rate=f"{speed:,.0f}/s" if speed else "")

    def finish(self) -> None:
        """The stage is over."""
        self._bars.stop_task(self._task)


@contextmanager
def show_progress(*, silent: bool = False) -> Iterator["Progress"]:
    """Progress on stderr for the time of a ``with`` block, or none."""
    if silent:
        from trmpipe.shards import Silent

        yield Silent()
        return
    if not sys.stderr.isatty():
        yield PlainProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:>18}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>12}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield BarProgress(bars)


def side_by_side(columns: Iterable[Iterable[str]]) -> str:
    """Columns of lines beside each other."""
    rows = list(zip_longest(*columns, fillvalue=""))
    width = max(len(part) for row in rows for part in row)
    return "\n".join(_GAP.join(f"{part:<{width}}" for part in row).rstrip() for row in rows)


def echo_json(value: Any) -> None:
    """Print `value` as JSON on stdout."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def bytes_in_words(num_bytes: float) -> str:
    """A size such as ``167.3 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} {unit}" if unit == "bytes" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"
