"""What seeds come to, against tables and plain references; fronts, against the definition."""

import math
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trmpipe.studies.statistics import estimate_of, student_t, within
from trmpipe.studies.summary import front

TABLE = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 9: 2.262, 10: 2.228, 20: 2.086, 29: 2.045}
"""Student's t, two-sided, 95 %: any table of it."""


@pytest.mark.parametrize("freedom", TABLE)
def test_t_is_that_of_the_tables(freedom):
    assert student_t(freedom) == pytest.approx(TABLE[freedom], abs=6e-4)


@given(st.integers(1, 40), st.floats(0.01, 20))
def test_the_probability_is_the_integral_of_the_density(nu, t):
    scale = math.exp(math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2)) / math.sqrt(nu * math.pi)
    pieces = 4000
    heights = [scale * (1 + (t * i / pieces) ** 2 / nu) ** (-(nu + 1) / 2) for i in range(pieces + 1)]
    integral = 2 * t / pieces * (sum(heights) - (heights[0] + heights[-1]) / 2)
    assert within(t, nu) == pytest.approx(integral, abs=2e-5)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8))
def test_mean_deviation_and_interval(rights):
    shares = [right / 50 for right in rights]
    found = estimate_of(shares, [50] * len(shares))
    half = student_t(len(shares) - 1) * stdev(shares) / math.sqrt(len(shares))
    assert found.mean == mean(shares)
    assert found.deviation == stdev(shares)
    assert found.interval == (max(0.0, mean(shares) - half), min(1.0, mean(shares) + half))
    # All seeds answer the same puzzles: more seeds do not make more puzzles.
    assert (found.sampled.right, found.sampled.number) == (round(50 * mean(shares)), 50)


def test_one_seed_has_no_deviation():
    found = estimate_of([0.5], [10])
    assert (found.mean, found.deviation, found.interval, found.seeds) == (0.5, None, None, 1)


def beats(one, other):
    """One costs as little and is worth as much, and one of them more so."""
    return one[0] <= other[0] and one[1] >= other[1] and one != other


points = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), max_size=12)


@given(points)
def test_a_front_holds_what_nothing_beats(found):
    best = front([(float(cost), worth / 6) for cost, worth in found])
    unbeaten = {found[i] for i in range(len(found)) if not any(beats(other, found[i]) for other in found)}
    assert {found[i] for i in best} == unbeaten
    # Of equal ones, one stands for all.
    assert len(best) == len(unbeaten)


def test_costs_that_are_equal_but_for_whole_steps_are_equal_to_a_front():
    assert front([(1.000e12, 0.3), (1.001e12, 0.5), (1.004e12, 0.95), (0.5e12, 0.2), (1.004e12, 0.4)]) == {2, 3}
