"""Slices of a batch worked on side by side, each by one thread on one core.

Torch's own threads meet at a barrier within every operation and wait there in a busy loop, so that on two cores one
other process makes training ten times slower (measured: 13.7 steps/s alone, 0.5 beside a compiler). Threads that meet
once a step do not care, and the result depends on the number of slices alone, not on the machine's cores. A batch that
is one slice is left to torch's own threads, whose number may change the last digits of its sums.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch

from trmpipe.generators.threads import num_cores

Map = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""Like the builtin `map`: results in the order of the arguments."""


def num_threads(num_slices: int, device: torch.device) -> int:
    """Threads for the slices of a batch: on a CPU one each while there are cores, one in all elsewhere."""
    return min(num_slices, num_cores()) if device.type == "cpu" else 1


@contextmanager
def side_by_side(count: int) -> Iterator[Map]:
    """A map over `count` threads, in which torch uses one core each; for a count of 1 the builtin, torch as it is."""
    if count == 1:
        yield map
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # The number of torch's threads is kept for each thread, hence the initializer.
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            yield pool.map
    finally:
        torch.set_num_threads(before)


def slices(length: int, count: int) -> list[slice]:
    """`count` runs, or fewer where there is less, that cover `range(length)` and differ by at most one in length."""
    bounds = [length * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(bounds) if stop > start]
