"""Ctrl-C and termination while a cluster starts or closes: they wait until that is done.

A Python handler raises wherever the main thread is. Within Dask's own start or close that leaves worker processes that
nobody knows of, and their folders.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_NOT_FOR_WORKERS = {signal.SIGINT}


class HeldSignals:
    """Holds back the first SIGINT or SIGTERM for the time of a ``with`` block, but for what runs in `let_through`.

    A second one acts at once, by the system's default. Signals that have no Python handler are left alone, and so are
    all outside the main thread, where Python allows no handlers.

    Processes that start meanwhile never see Ctrl-C, which a terminal sends to them too: this process ends them.
    """

    def __init__(self) -> None:
        self._previous: dict[int, Any] = {}
        self._held: list[int] = []
        self._lets_through = False
        self._blocked: set[signal.Signals] = set()

    def __enter__(self) -> "HeldSignals":
        # Threads and processes inherit what is blocked where they are started.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_WORKERS)
        self._blocked = _NOT_FOR_WORKERS - blocked
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in _NUMBERS}
            self._previous = {number: handler for number, handler in handlers.items() if callable(handler)}
            for number in self._previous:
                signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        self._unblock()
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        for number in self._held:
            self._previous[number](number, None)

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """For the time of a ``with`` block signals act, those that came before it too."""
        self._lets_through = True
        try:
            self._unblock()
            self._deliver()
            yield
        finally:
            self._lets_through = False

    def _unblock(self) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._blocked)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._held.append(number)
        if self._lets_through:
            self._deliver()

    def _deliver(self) -> None:
        while self._held:
            number = self._held.pop()
            signal.signal(number, self._previous[number])
            try:
                self._previous[number](number, None)
            finally:
                # A handler may put another in its place, so as to act only once.
                self._previous[number] = signal.getsignal(number)
                signal.signal(number, signal.SIG_DFL)
