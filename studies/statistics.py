"""What the seeds of a setup come to: mean, deviation, Student's interval, and what so many puzzles leave open."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import mean, stdev

from trmpipe.trainer.scores.intervals import Share

_LEVEL = 0.95
_HALVINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A share of puzzles over several seeds.

    Attributes:
        mean: over the seeds.
        deviation: with n - 1 below the root; None for a single seed.
        interval: where the mean of many seeds lies, 95 %, by Student's t, cut to 0 to 1; None for a single seed.
        sampled: the mean as if one network had solved that share of the puzzles: what their number alone leaves open.
            All seeds answer the same puzzles, so that more seeds do not make it smaller.
        seeds: how many there are.
    """

    mean: float
    deviation: float | None
    interval: tuple[float, float] | None
    sampled: Share
    seeds: int


def estimate_of(shares: Sequence[float], puzzles: Sequence[int]) -> Estimate:
    """The estimate from each seed's share, one seed or more, of so many puzzles."""
    centre, interval, deviation = mean(shares), None, None
    if len(shares) > 1:
        deviation = stdev(shares)
        half = student_t(len(shares) - 1) * deviation / math.sqrt(len(shares))
        interval = max(0.0, centre - half), min(1.0, centre + half)
    number = max(1, min(puzzles))
    sampled = Share(right=round(centre * number), number=number)
    return Estimate(mean=centre, deviation=deviation, interval=interval, sampled=sampled, seeds=len(shares))


@lru_cache
def student_t(freedom: int) -> float:
    """The t that Student's distribution of so many degrees of freedom stays within, on both sides, 95 times of 100."""
    low, high = 0.0, 100.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < _LEVEL else (low, middle)
    return (low + high) / 2


def within(t: float, freedom: int) -> float:
    """The probability that Student's t of so many degrees of freedom, one or more, lies between -t and t.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4; nu and theta there.
    """
    nu, theta = freedom, math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(theta), math.sin(theta)
    if nu == 1:
        return 2 * theta / math.pi
    # cos^k with the ratio of products of even and odd numbers: each term follows from the one before.
    term = total = cosine if nu % 2 else 1.0
    for k in range(3 if nu % 2 else 2, nu - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    return 2 / math.pi * (theta + sine * total) if nu % 2 else sine * total
