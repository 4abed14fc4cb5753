"""The census of right answers."""

import numpy as np
import pytest

from trmpipe.shards.census import count_answers


def test_a_census_counts_by_ranges_and_says_what_a_solver_gets():
    found = count_answers(np.array([1, 1, 2, 3, 10, 11, 100, 101, 2.0**53]))
    assert found.puzzles == {"1": 2, "2": 1, "3 to 10": 2, "11 to 100": 2, "more": 2}
    parts = [1, 1, 1 / 2, 1 / 3, 1 / 10, 1 / 11, 1 / 100, 1 / 101, 2.0**-53]
    assert found.ceiling == pytest.approx(sum(parts) / 9)


def test_a_puzzle_of_a_stranger_without_answers_counts_as_one_with_one():
    assert count_answers(np.zeros(3)).ceiling == 1
