"""Shares of puzzles with the 95 % interval that so many puzzles allow.

The interval is Wilson's, which stays inside 0 to 1 and is right for shares near either end, where the usual one by the
normal distribution is empty at 0 of n.

Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
"""

import math
from dataclasses import dataclass
from typing import Any

Z = 1.959963984540054
"""z in the paper: the normal distribution holds 95 % within so many deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many puzzles.

    Attributes:
        right: how many count, 0 or more.
        number: of how many, 1 or more.
    """

    right: int
    number: int

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.right / self.number

    @property
    def interval(self) -> tuple[float, float]:
        """The least and the largest share that it may stand for."""
        return wilson(self.right, self.number)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        low, high = self.interval
        return {"right": self.right, "number": self.number, "share": self.value, "low": low, "high": high}

    def words(self) -> str:
        """Such as ``98.10% (97.05 to 98.78)``."""
        low, high = self.interval
        return f"{self.value:.2%} ({100 * low:.2f} to {100 * high:.2f})"


def wilson(right: int, number: int) -> tuple[float, float]:
    """The ends of the 95 % interval of a share.

    Args:
        right: how many count, 0 to `number`.
        number: of how many, 1 or more.
    """
    share, more = right / number, Z * Z / number
    centre = (share + more / 2) / (1 + more)
    half = Z / (1 + more) * math.sqrt(share * (1 - share) / number + more / (4 * number))
    return max(0.0, centre - half) if right else 0.0, min(1.0, centre + half) if right < number else 1.0
