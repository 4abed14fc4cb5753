"""Giving up a step that takes long: a step of a large model on a CPU takes minutes, and an end may be due in it.

Nothing is changed before a step's gradients are summed, so a step that was given up was not begun, and a run that is
resumed takes it anew. It is asked whenever the network's core is called, in every thread; short steps are finished.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

LONG_SECONDS = 2.0
"""A step that has taken less is finished."""


class StepGivenUp(Exception):
    """A step was left before it changed anything."""


class Watch:
    """Asks inside a step that begins now, once it takes long, whether training is to end.

    Args:
        is_due: whether it is, given the seconds that the step has taken.
    """

    def __init__(self, is_due: Callable[[float], bool]) -> None:
        self._is_due, self._began = is_due, time.perf_counter()

    def ask(self, *_: Any) -> None:
        """Leave the step if an end is due in it and it takes long.

        Raises:
            StepGivenUp: that is so.
        """
        seconds = time.perf_counter() - self._began
        if seconds > LONG_SECONDS and self._is_due(seconds):
            raise StepGivenUp


@contextmanager
def watched(core: nn.Module | None, watch: Watch) -> Iterator[None]:
    """Ask at every call of `core`, one or several, for the time of a ``with`` block; without one nothing is asked."""
    called = [] if core is None else [*core] if isinstance(core, nn.ModuleList) else [core]
    handles = [module.register_forward_pre_hook(watch.ask) for module in called]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
