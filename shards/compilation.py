"""Compilation as it happens: how many kernels and how many seconds, for whoever shows progress.

A kernel that is not in the cache is compiled amid work, by the thread that calls it first. Numba tells of that by
events, and compiles one kernel at a time, so the seconds of several threads do not overlap. What worker processes
compile is not seen here, but for a helper's, which is told (`compiling_beside`).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from numba.core import event


class Compilations(event.Listener):  # type: ignore[misc]
    """What this process compiled since `watch_compilation` made this.

    Args:
        changed: is called as a kernel begins and ends, by the thread that compiles.
    """

    def __init__(self, changed: Callable[["Compilations"], None]) -> None:
        self._changed = changed
        self._depth = 0
        self._started = self._seconds = 0.0
        self._lock = threading.Lock()
        self.num_kernels = 0
        self.is_kept = True

    @property
    def is_running(self) -> bool:
        """Whether a kernel is being compiled."""
        return self._depth > 0

    @property
    def seconds(self) -> float:
        """Seconds of compilation, up to now."""
        with self._lock:
            return self._seconds + (time.monotonic() - self._started if self._depth else 0.0)

    def on_start(self, event: Any) -> None:
        """A kernel, or one that it calls, is going to be compiled."""
        self.begin(is_kept=event.data["dispatcher"].stats.cache_path is not None)

    def on_end(self, event: Any) -> None:
        """It is compiled."""
        # Numba's own functions are compiled along with the kernels that use them.
        self.end(int(not event.data["dispatcher"].py_func.__module__.startswith("numba.")))

    def begin(self, *, is_kept: bool) -> None:
        """Something is going to be compiled; the cache has it afterwards where it `is_kept`."""
        with self._lock:
            if self._depth == 0:
                self._started = time.monotonic()
                self.is_kept = is_kept
            self._depth += 1
        self._tell()

    def end(self, num_kernels: int) -> None:
        """It is compiled, and so many kernels more are there."""
        with self._lock:
            self.num_kernels += num_kernels
            self._depth -= 1
            if self._depth == 0:
                self._seconds += time.monotonic() - self._started
        self._tell()

    def _tell(self) -> None:
        # A terminal that has gone is no reason not to compile; whatever is said next will meet it again.
        with suppress(OSError):
            self._changed(self)


_watching: list[Compilations] = []


@contextmanager
def watch_compilation(changed: Callable[[Compilations], None]) -> Iterator[Compilations]:
    """Watch what this process compiles, for the time of a ``with`` block.

    Args:
        changed: is called as a kernel begins and ends, by the thread that compiles.
    """
    compilations = Compilations(changed)
    _watching.append(compilations)
    try:
        with event.install_listener("numba:compile", compilations):
            yield compilations
    finally:
        _watching.remove(compilations)


@contextmanager
def compiling_beside() -> Iterator[Callable[[int], None]]:
    """Count the time of a ``with`` block as compilation, by this process and by another one.

    Gives what is told how many kernels the other one has compiled.
    """
    watching, found = list(_watching), [0]
    for compilations in watching:
        compilations.begin(is_kept=True)
    try:
        yield found.append
    finally:
        for compilations in watching:
            compilations.end(sum(found))
