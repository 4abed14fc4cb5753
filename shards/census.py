"""How many right answers the puzzles of a split have, and what that leaves of a score against stored labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.spec import ANSWERS

from .catalog import SplitCatalog

_UP_TO = (1, 2, 10, 100)
"""The last number of answers of each range but the last, which has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Right answers of the bases of a split.

    Attributes:
        puzzles: how many bases have so many, by ranges in words: ``"1"``, ``"2"``, ``"3 to 10"``, ``"11 to 100"``,
            ``"more"``.
        ceiling: the mean of 1 / number over all bases: the share of stored labels that a perfect solver is expected to
            equal which does not know by what rule they were chosen.
    """

    puzzles: dict[str, int]
    ceiling: float


def census_of(catalog: SplitCatalog) -> Census | None:
    """The census of a split with a group or more; None where its task does not count answers."""
    return count_answers(catalog.measures[ANSWERS]) if ANSWERS in catalog.measures else None


def count_answers(numbers: NDArray[np.float64]) -> Census:
    """The census of bases with so many right answers, float64 [G], G from 1 on; none counts as one."""
    numbers = np.maximum(numbers, 1)
    counts = np.bincount(np.searchsorted(_UP_TO, numbers), minlength=len(_UP_TO) + 1)
    return Census(puzzles=dict(zip(_words(), counts.tolist(), strict=True)), ceiling=float((1 / numbers).mean()))


def _words() -> list[str]:
    starts = (1, *(last + 1 for last in _UP_TO))
    ranges = zip(starts, _UP_TO, strict=False)
    return [*(str(last) if first == last else f"{first} to {last}" for first, last in ranges), "more"]
