"""Compilation as it happens: how many kernels and how many seconds, for whoever shows progress.

A kernel that is not in the cache is compiled amid work, by the thread that calls it first. Numba tells of that by
events, and compiles one kernel at a time, so the seconds of several threads do not overlap. What worker processes
compile is not seen here.
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
        with self._lock:
            if self._depth == 0:
                self._started = time.monotonic()
                self.is_kept = event.data["dispatcher"].stats.cache_path is not None
            self._depth += 1
        self._tell()

    def on_end(self, event: Any) -> None:
        """It is compiled."""
        with self._lock:
            # Numba's own functions are compiled along with the kernels that use them.
            self.num_kernels += not event.data["dispatcher"].py_func.__module__.startswith("numba.")
            self._depth -= 1
            if self._depth == 0:
                self._seconds += time.monotonic() - self._started
        self._tell()

    def _tell(self) -> None:
        # A terminal that has gone is no reason not to compile; whatever is said next will meet it again.
        with suppress(OSError):
            self._changed(self)


@contextmanager
def watch_compilation(changed: Callable[[Compilations], None]) -> Iterator[Compilations]:
    """Watch what this process compiles, for the time of a ``with`` block.

    Args:
        changed: is called as a kernel begins and ends, by the thread that compiles.
    """
    compilations = Compilations(changed)
    with event.install_listener("numba:compile", compilations):
        yield compilations
