"""Compilation is announced, once before and once after, and stages are timed by a clock that stands still meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Help texts need no shards, which take a second to import.
    from trmpipe.shards.compilation import Compilations


class Announcer:
    """Says that kernels are compiled and, when work goes on, how many there were and how long that took.

    Args:
        say: shows one line.
        count: is told the number of kernels compiled since the first line; 0 as they begin, None as the work goes on.
    """

    def __init__(self, say: Callable[[str], None], count: Callable[[int | None], None] | None = None) -> None:
        self._say, self._count = say, count or (lambda _num_kernels: None)
        self._is_said = False
        self._kernels_before, self._seconds_before = 0, 0.0
        self._compilations: Compilations | None = None

    def changed(self, compilations: "Compilations") -> None:
        """A kernel begins or is done."""
        if not self._is_said:
            self._is_said = True
            self._compilations = compilations
            where = "once for this machine" if compilations.is_kept else "for this command: no cache can be written"
            self._say(f"compiling kernels, {where}")
        self._count(compilations.num_kernels - self._kernels_before)

    def work_goes_on(self) -> None:
        """Tell what was compiled, if that was announced and is over."""
        compilations = self._compilations
        if not self._is_said or compilations is None or compilations.is_running:
            return
        self._is_said = False
        kernels = compilations.num_kernels - self._kernels_before
        seconds = compilations.seconds - self._seconds_before
        self._kernels_before, self._seconds_before = compilations.num_kernels, compilations.seconds
        self._count(None)
        self._say(f"compiled {kernels:,} {'kernel' if kernels == 1 else 'kernels'} in {seconds:.1f} s")


Clock = Callable[[], float]
"""Seconds from some start."""


@contextmanager
def announced_compilation(announcer: Announcer) -> Iterator[Clock]:
    """Announce compilation for the time of a ``with`` block; gives a clock that stands still while kernels compile."""
    from trmpipe.shards.compilation import watch_compilation

    with watch_compilation(announcer.changed) as compilations:
        try:
            yield lambda: time.monotonic() - compilations.seconds
        finally:
            announcer.work_goes_on()
