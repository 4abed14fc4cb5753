"""Two networks asked the same puzzles: by how much more one solves, with the interval that so many puzzles allow.

The interval is Wald's for paired shares with half a puzzle more in each of the four cells, which keeps close to its
95 % where few puzzles differ, and is not empty where none does.

Source: A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions", Statistics in
Medicine 24 (2005), 729-740.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.trainer.scores.intervals import Z

_MORE = 0.5
"""Added to each cell of the table in the paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """How many of N puzzles both, one, or none of two networks solved.

    Attributes:
        both: solved by both.
        first: by the first alone.
        second: by the second alone.
        neither: by none.
    """

    both: int
    first: int
    second: int
    neither: int

    @property
    def number(self) -> int:
        """N."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """By how much larger a share the first solved."""
        return (self.first - self.second) / self.number

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the difference."""
        number = self.number + 4 * _MORE
        first, second = self.first + _MORE, self.second + _MORE
        middle = (first - second) / number
        half = Z * math.sqrt(first + second - (first - second) ** 2 / number) / number
        return max(-1.0, middle - half), min(1.0, middle + half)


def compare_outcomes(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Paired:
    """The table of two networks' outcomes, bool [N] each, one puzzle or more."""
    return Paired(
        both=int((first & second).sum()),
        first=int((first & ~second).sum()),
        second=int((~first & second).sum()),
        neither=int((~first & ~second).sum()),
    )
