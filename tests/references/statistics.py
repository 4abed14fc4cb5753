"""How far a fair draw may stray."""

from math import sqrt

ODDS = 14
"""A fair draw passes a bound with odds of exp(-14), less than one in a million; and the draws are seeded."""


def chi_square_bound(freedom):
    """What chi-square of so many degrees of freedom exceeds with odds of exp(-ODDS) at most.

    Source: Laurent and Massart, "Adaptive estimation of a quadratic functional" (2000), lemma 1.
    """
    return freedom + 2 * sqrt(freedom * ODDS) + 2 * ODDS


def chi_square(seen):
    """Chi-square of counts [N] against the even distribution."""
    expected = seen.sum() / seen.size
    return ((seen - expected) ** 2 / expected).sum()
