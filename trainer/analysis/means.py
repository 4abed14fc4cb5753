"""Means over what is known, and shares with their intervals.

Shapes: T steps, N puzzles.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..scores.intervals import wilson


def mean_known(values: NDArray[np.floating], among: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Means float64 [T] of `values` [T, N] over the puzzles `among`, bool [N]; NaN where none is known.

    Values that are NaN are not known.
    """
    chosen = values if among is None else values[:, among]
    known = ~np.isnan(chosen)
    sums = np.where(known, chosen, 0).sum(1, dtype=np.float64)
    return ratio(sums, known.sum(1))


def ratio(parts: NDArray[Any], wholes: NDArray[Any]) -> NDArray[np.float64]:
    """Parts over wholes, float64; NaN where the whole is 0."""
    found = np.full(np.shape(parts), np.nan)
    np.divide(parts, wholes, out=found, where=np.asarray(wholes) != 0)
    return found


def intervals(rights: Sequence[int], numbers: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lower and the upper ends of the 95 % intervals of shares, see `intervals.wilson`; NaN of none of none."""
    both = [wilson(right, n) if n else (np.nan, np.nan) for right, n in zip(rights, numbers, strict=True)]
    ends = np.array(both, np.float64).reshape(-1, 2)
    return ends[:, 0], ends[:, 1]
