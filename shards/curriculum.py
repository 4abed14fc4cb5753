"""Curricula: which training groups take part at a step, from the easiest on, and how often each quarter of them comes.

How hard a group is says the catalog; groups that are as hard as each other come in their own order. All of it is a
function of the step, so that a batch stays one of (corpora, seed, batch size, step) and of the curriculum.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import CurriculumError
from .table import Span

NUM_QUARTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """From the easiest training groups to all of them, in any mixture of the quarters by difficulty.

    Attributes:
        start: share of the groups, the easiest ones, that take part at step 0, 0 to 1; one group does at least.
        until_step: step from which on all take part, 1 or more; the share grows linearly up to it.
        mix: how often a group of each quarter comes beside those of the others, from the easiest quarter to the
            hardest; 0 for never.

    Raises:
        CurriculumError: a number is out of its range.
    """

    start: float = 1.0
    until_step: int = 1
    mix: tuple[float, ...] = (1.0,) * NUM_QUARTERS

    def __post_init__(self) -> None:
        if not 0 <= self.start <= 1:
            raise CurriculumError(f"a curriculum's start is {self.start}; give the share of the groups, from 0 to 1")
        if not self.until_step >= 1:
            raise CurriculumError(f"a curriculum's until_step is {self.until_step}; give a step from 1 on")
        if len(self.mix) != NUM_QUARTERS or not all(0 <= weight < math.inf for weight in self.mix) or not any(self.mix):
            raise CurriculumError(
                f"a curriculum's mix is {_listed(self.mix)}; give {NUM_QUARTERS} numbers of 0 or more, one of them "
                "above 0"
            )

    def num_allowed(self, step: int, num_groups: int) -> int:
        """How many of so many groups, the easiest ones, take part at a step; to the nearest, and one at least."""
        share = self.start + (1 - self.start) * min(1.0, step / self.until_step)
        return min(num_groups, max(1, round(share * num_groups)))

    def first_step_above(self, num_allowed: int, num_groups: int) -> int:
        """The first step at which more than `num_allowed` of so many groups take part; they must be fewer than all."""
        return bisect_right(
            range(self.until_step + 1), num_allowed, key=lambda step: self.num_allowed(step, num_groups)
        )

    def shares_of(self, num_items: Sequence[int]) -> list[int]:
        """How many of the allowed ones of each quarter an epoch shows.

        The quarter of the largest weight shows all of its own, the others a share of them to the nearest whole number,
        one at least where they have a weight.
        """
        most = max(self.mix)
        return [
            min(have, max(1, round(have * weight / most))) if weight else 0
            for have, weight in zip(num_items, self.mix, strict=True)
        ]

    def words(self) -> str:
        """All of it, as states of streams hold it."""
        return f"start {self.start!r}, until step {self.until_step}, mix {_listed(self.mix)}"


def easiest_first(spans: Sequence[Span]) -> NDArray[np.int64]:
    """int64 [G]: the groups of a stream from the easiest to the hardest, equal ones in their own order.

    Raises:
        CurriculumError: the catalog does not rate all of them, or all alike.
    """
    ratings = []
    for span in spans:
        known = span.corpus.catalog[span.split].difficulty[: span.num_groups]
        if missing := int(np.count_nonzero(np.isnan(known))):
            raise CurriculumError(
                f"a curriculum goes by difficulty, and {span.corpus.path} has no rating of {missing:,} of the "
                f"{span.num_groups:,} training puzzles that are used; leave the curriculum out, or give a corpus that "
                "is rated"
            )
        ratings.append(known)
    every = np.concatenate(ratings)
    if every.min() == every.max():
        raise CurriculumError(
            f"a curriculum goes by difficulty, and all {len(every):,} training puzzles that are used are rated "
            f"{every[0]:g}; leave the curriculum out, or give a corpus whose puzzles differ in it"
        )
    return np.argsort(every, kind="stable").astype(np.int64)


def _listed(mix: Sequence[float]) -> str:
    return ",".join(f"{weight:g}" for weight in mix)
