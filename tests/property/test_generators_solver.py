"""The solver: equal to brute force on whatever it is given, and to its own rule written with sets."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import sudoku as reference
from trmpipe.generators.errors import InputError
from trmpipe.generators.sudoku import SIZES, parse_puzzle, solve
from trmpipe.generators.sudoku.workbench import new_plain, solve_with

SOLVERS = {size: reference.Solver(size) for size in (4, 6, 9)}
MANY_SOLUTIONS = "." * 81
HARD = (
    "4.....8.5.3..........7......2.....6.....8.4......1.......6.3.7.5..2.....1.4......",
    "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9",
    "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
)
"""Published hard puzzles with one solution: Norvig's example, one made against brute force, Inkala's of 2010."""
IMPOSSIBLE = (
    # Four without a clash among the clues, then three with one.
    "9..1....4.14.3.8....3....9....7.8..18....3..........3..21....7...9.4.5..5...16..3",
    "..9.287..8.6..4..5..3.....46.........2.71345.........23.....5..9..4..8.7..125.3..",
    "....41....6.....2...2......32.6.........5..417.......2......23..48......5.1..2...",
    "1" * 81,
    "11" + "." * 79,
    "123456789" * 9,
)


def parse(text):
    return parse_puzzle(text, 9)[None]


def clue_sets(size, most):
    """Any clues anywhere, most of them contradictory."""
    clue = st.tuples(st.integers(0, size * size - 1), st.integers(1, size))
    return st.lists(clue, max_size=most).map(lambda clues: scatter(clues, size))


def scatter(clues, size):
    puzzle = np.zeros(size * size, np.uint8)
    for cell, value in clues:
        puzzle[cell] = value
    return puzzle


@st.composite
def holes(draw, size):
    """A full grid with holes, then perhaps one clue made wrong: few solutions, or a hidden contradiction."""
    stream = reference.Stream(draw(st.integers(0, 50)), 0, 0, 0, 0)
    grid = np.array(SOLVERS[size].fill(stream), np.uint8)
    cells = size * size
    shown = draw(st.sets(st.integers(0, cells - 1), min_size=cells // 5, max_size=cells // 2))
    puzzle = np.zeros(cells, np.uint8)
    puzzle[sorted(shown)] = grid[sorted(shown)]
    if draw(st.booleans()):
        puzzle[draw(st.integers(0, cells - 1))] = draw(st.integers(1, size))
    return puzzle


def assert_equals_brute_force(puzzle, size, limit):
    counts, solutions, _ = solve(puzzle[None], limit)
    expected = reference.solutions(puzzle, size, limit)
    assert counts[0] == len(expected)
    if expected:
        assert reference.solutions(solutions[0], size, 2) == [tuple(solutions[0].tolist())]
        assert np.all((puzzle == 0) | (puzzle == solutions[0]))
    else:
        assert not solutions.any()


@settings(deadline=None, derandomize=True, max_examples=200)
@given(puzzle=st.one_of(clue_sets(4, 8), holes(4)), limit=st.integers(1, 300))
def test_counts_at_4x4_equal_brute_force(puzzle, limit):
    assert_equals_brute_force(puzzle, 4, limit)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(puzzle=st.one_of(clue_sets(6, 14), holes(6)), limit=st.integers(1, 12))
def test_counts_at_6x6_equal_brute_force(puzzle, limit):
    assert_equals_brute_force(puzzle, 6, limit)


@settings(deadline=None, derandomize=True, max_examples=10)
@given(puzzle=holes(9))
def test_counts_at_9x9_equal_brute_force(puzzle):
    assert_equals_brute_force(puzzle, 9, 2)


def assert_equals_rule(puzzle, size, limit):
    counts, solutions, guesses = solve_with(puzzle[None], limit, new_plain(size), None)
    found, expected_guesses = SOLVERS[size].search(puzzle, limit)
    assert (counts[0], guesses[0]) == (len(found), expected_guesses)
    assert solutions[0].tolist() == list(found[0] if found else [0] * size * size)


@pytest.mark.parametrize("size", [4, 6])
@settings(deadline=None, derandomize=True, max_examples=60)
@given(data=st.data(), limit=st.integers(1, 5))
def test_guesses_and_first_solution_follow_the_rule(size, data, limit):
    assert_equals_rule(data.draw(st.one_of(clue_sets(size, 2 * size), holes(size))), size, limit)


def test_guesses_and_first_solution_follow_the_rule_at_9x9():
    for line in (HARD[1], HARD[2], MANY_SOLUTIONS):
        assert_equals_rule(parse(line)[0], 9, 2)


def test_an_empty_grid_has_all_solutions():
    # Every grid of 4x4 (OEIS A107739). To find them all, cells are left by all of their three or four values.
    counts, _, _ = solve(np.zeros((1, 16), np.uint8), 1000)
    assert counts[0] == 288
    assert_equals_rule(np.zeros(16, np.uint8), 4, 1000)


def test_puzzles_of_a_batch_do_not_touch_each_other():
    lines = [*HARD, *IMPOSSIBLE, MANY_SOLUTIONS, HARD[0]]
    batch = np.concatenate([parse(line) for line in lines])
    together = solve(batch, 2)
    alone = [solve(puzzle[None], 2) for puzzle in batch]
    for i, whole in enumerate(together):
        np.testing.assert_array_equal(whole, np.concatenate([part[i] for part in alone]))


@pytest.mark.parametrize("line", [*HARD, *IMPOSSIBLE, MANY_SOLUTIONS])
def test_hostile_puzzles_end_quickly(line):
    solve(np.zeros((1, 81), np.uint8), 2)
    begin = time.perf_counter()
    counts, _, guesses = solve(parse(line), 2)
    elapsed = time.perf_counter() - begin
    assert counts[0] == (1 if line in HARD else 2 if line == MANY_SOLUTIONS else 0)
    # The guesses are the same on any machine; the clock leaves a hundredfold for a busy one.
    assert guesses[0] < 20_000
    assert elapsed < 5.0


@pytest.mark.parametrize(
    ("puzzles", "words"),
    [
        (np.zeros((1, 80), np.uint8), "cells one of"),
        (np.zeros(81, np.uint8), "cells one of"),
        (np.zeros((1, 81), np.int64), "dtype int64"),
        (np.full((1, 36), 7, np.uint8), "the value 7; expected 0 .blank. to 6"),
    ],
)
def test_what_is_no_sudoku_is_refused(puzzles, words):
    with pytest.raises(InputError, match=words):
        solve(puzzles)


@pytest.mark.parametrize("size", [6, 9, 16])
def test_an_empty_grid_is_counted_up_to_a_large_limit(size):
    counts, solutions, guesses = solve(np.zeros((1, size * size), np.uint8), 1000)
    assert counts[0] == 1000
    assert guesses[0] < 20_000
    assert solve(solutions, 2)[0][0] == 1


def test_clues_that_contradict_each_other_at_16x16_end_at_once():
    row, cell = np.zeros((2, 16, 16), np.uint8)
    row[0, [0, 5]] = 3
    cell[0, 1:], cell[1, 0] = np.arange(1, 16), 16
    counts, _, guesses = solve(np.stack([row, cell]).reshape(2, 256), 2)
    assert (counts.tolist(), guesses.tolist()) == ([0, 0], [0, 0])


@pytest.mark.parametrize("size", SIZES)
def test_a_limit_or_threads_below_one_are_refused(size):
    puzzles = np.zeros((1, size * size), np.uint8)
    with pytest.raises(InputError, match="limit is 0; expected 1 or more"):
        solve(puzzles, 0)
    with pytest.raises(InputError, match="threads is -1; expected 1 or more"):
        solve(puzzles, threads=-1)


def test_no_puzzles_are_solved_at_once():
    counts, solutions, guesses = solve(np.zeros((0, 36), np.uint8))
    assert (len(counts), solutions.shape, len(guesses)) == (0, (0, 36), 0)
