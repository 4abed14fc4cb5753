"""Arrays of puzzles as users give them: checks, and work on several threads. For every size.

Shapes: B puzzles, C cells.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .geometry import BOXES

_SLICES_PER_THREAD = 4
"""Hard puzzles come in heaps, so one slice a thread would let some threads wait for others."""


def check_puzzles(puzzles: NDArray[np.uint8]) -> int:
    """The size of the grids in `puzzles` [B, C].

    Raises:
        InputError: the shape, the dtype or a value is not one of Sudokus.
    """
    sizes = {size * size: size for size in BOXES}
    if puzzles.ndim != 2 or puzzles.shape[1] not in sizes or puzzles.dtype != np.uint8:
        raise InputError(
            f"puzzles have shape {puzzles.shape} and dtype {puzzles.dtype}; expected uint8 [N, cells] with cells one of"
            f" {sorted(sizes)}"
        )
    size = sizes[puzzles.shape[1]]
    if puzzles.size and puzzles.max() > size:
        raise InputError(f"a puzzle holds the value {puzzles.max()}; expected 0 (blank) to {size}")
    return size


def check_positive(name: str, value: int) -> None:
    """Refuse an argument below 1.

    Raises:
        InputError: it is.
    """
    if value < 1:
        raise InputError(f"{name} is {value}; expected 1 or more")


def in_slices(
    function: Callable[[NDArray[np.uint8]], tuple[NDArray[Any], ...]], puzzles: NDArray[np.uint8], threads: int
) -> tuple[NDArray[Any], ...]:
    """Call `function` with slices of `puzzles` and join what it returns.

    Args:
        function: from puzzles [B, C] to arrays [B, ...], without a state, leaving the GIL for its work.
        puzzles: uint8 [B, C].
        threads: how many work at a time, 1 or more.

    Returns:
        The arrays for all puzzles.

    Raises:
        InputError: `threads` is below 1.
    """
    check_positive("threads", threads)
    num_slices = min(len(puzzles), threads * _SLICES_PER_THREAD)
    if threads == 1 or num_slices < 2:
        return function(np.ascontiguousarray(puzzles))
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(function, np.array_split(np.ascontiguousarray(puzzles), num_slices)))
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))
