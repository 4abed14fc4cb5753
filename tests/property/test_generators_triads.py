"""The 9x9 engine: equal to the plain solver and minimiser on whatever it is given."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trmpipe.generators.sudoku import parse_puzzle, solve
from trmpipe.generators.sudoku.geometry import geometry
from trmpipe.generators.sudoku.maker import minimise as minimise_plainly
from trmpipe.generators.sudoku.nine import minimise, new_engine
from trmpipe.generators.sudoku.nine.desk import FRAMES, SOLVED
from trmpipe.generators.sudoku.nine.minimiser import start_sets
from trmpipe.generators.sudoku.nine.triads import copy_frame, load_puzzle
from trmpipe.generators.sudoku.rating import rate
from trmpipe.generators.sudoku.symmetry import spatial_move, symmetry_tables
from trmpipe.generators.sudoku.workbench import make, new_plain, solve_with

TABLES = geometry(9)
SYMMETRIES = symmetry_tables(9)
PUZZLES, GRIDS = make(0, 0, 0, 60, 9)
HARD = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."


def solve_plainly(puzzles, limit):
    """By the plain solver, which the engine is compared with."""
    return solve_with(puzzles, limit, new_plain(9), None)


def scatter(clues):
    puzzle = np.zeros(81, np.uint8)
    for cell, value in clues:
        puzzle[cell] = value
    return puzzle


@st.composite
def near_puzzles(draw):
    """A minimal puzzle less some clues, or a full grid less many cells, with perhaps a clue made wrong."""
    i = draw(st.integers(0, len(PUZZLES) - 1))
    puzzle = (PUZZLES if draw(st.booleans()) else GRIDS)[i].copy()
    puzzle[sorted(draw(st.sets(st.integers(0, 80), max_size=50)))] = 0
    if draw(st.booleans()):
        puzzle[draw(st.integers(0, 80))] = draw(st.integers(1, 9))
    return puzzle


any_clues = st.lists(st.tuples(st.integers(0, 80), st.integers(1, 9)), max_size=30).map(scatter)


@given(st.one_of(near_puzzles(), any_clues), st.sampled_from([1, 2, 3, 60]))
@settings(deadline=None, max_examples=300)
def test_counts_are_those_of_the_plain_solver(puzzle, limit):
    counts, solutions, _ = solve(puzzle[None], limit)
    expected, _, _ = solve_plainly(puzzle[None], limit)
    assert counts[0] == expected[0]
    if counts[0]:
        assert ((puzzle == 0) | (puzzle == solutions[0])).all()
        assert (np.sort(solutions[0][TABLES.units], axis=1) == np.arange(1, 10)).all()
    else:
        assert not solutions[0].any()


def minimised(grid, order):
    engine, puzzle = new_engine(), np.empty(81, np.uint8)
    desk = engine.memory.ctypes.data
    assert load_puzzle(grid, desk + FRAMES, desk)
    copy_frame(desk + FRAMES, desk + SOLVED)
    start_sets(engine.notes, grid)
    minimise(order, grid, puzzle, engine)
    return puzzle


@given(st.integers(0, len(GRIDS) - 1), st.permutations(range(81)))
@settings(deadline=None, max_examples=100)
def test_minimising_is_trying_one_clue_after_the_other(i, order):
    expected = np.empty(81, np.uint8)
    stack, queue = np.empty((82, 81), np.int32), np.empty(81, np.int16)
    minimise_plainly(np.array(order), GRIDS[i], expected, stack, queue, TABLES.units, TABLES.peers, -1)
    np.testing.assert_array_equal(minimised(GRIDS[i], np.array(order)), expected)


def test_a_candidate_does_not_depend_on_its_neighbours():
    for start, count in ((0, 7), (7, 1), (33, 27)):
        puzzles, grids = make(0, 0, start, count, 9)
        np.testing.assert_array_equal(puzzles, PUZZLES[start : start + count])
        np.testing.assert_array_equal(grids, GRIDS[start : start + count])


def test_puzzles_are_minimal():
    counts, solutions, _ = solve_plainly(PUZZLES, 2)
    assert (counts == 1).all()
    np.testing.assert_array_equal(solutions, GRIDS)
    fewer = []
    for puzzle in PUZZLES:
        for cell in np.flatnonzero(puzzle):
            fewer.append(puzzle.copy())
            fewer[-1][cell] = 0
    assert (solve_plainly(np.array(fewer), 2)[0] == 2).all()


def test_rating_is_that_of_the_class():
    puzzles = np.concatenate([PUZZLES[:20], parse_puzzle(HARD, 9)[None]])
    ratings = rate(puzzles, 9)
    assert ratings[-1] > 20
    values = np.array([0, 4, 9, 2, 1, 3, 8, 5, 7, 6], np.uint8)
    for rank in (7, 123_456, 3_000_001):
        move = np.empty(81, np.uint8)
        spatial_move(rank, SYMMETRIES, move)
        np.testing.assert_array_equal(rate(values[puzzles[:, move]], 9), ratings)


@pytest.mark.parametrize("limit", [2, 100_000])
def test_an_empty_grid_is_counted_up_to_the_limit(limit):
    assert solve(np.zeros((1, 81), np.uint8), limit)[0] == limit
