"""The maker: unique, minimal, equal to trying the clues one by one, and a pure function of its position."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import sudoku as reference
from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators.rng import open_stream
from trmpipe.generators.sudoku import BLANK, SIZES, SudokuTask, solve
from trmpipe.generators.sudoku.maker import MOST_GUESSES
from trmpipe.generators.sudoku.workbench import draw_grid, make, make_all, new_plain, new_workbench
from trmpipe.generators.task import TEST, TRAIN

COUNTS = {4: 60, 6: 60, 9: 40, 16: 4}


@pytest.fixture(scope="module", params=SIZES)
def made(request):
    """(size, puzzles, grids), values with 0 = blank."""
    size = request.param
    groups = SudokuTask(size=size).generate(11, TRAIN, 5, COUNTS[size])
    return size, groups.inputs - BLANK, groups.labels - BLANK


def test_a_puzzle_has_its_grid_as_the_only_solution(made):
    _, puzzles, grids = made
    counts, solutions, _ = solve(puzzles, 2)
    assert np.all(counts == 1)
    np.testing.assert_array_equal(solutions, grids)
    assert np.all((puzzles == 0) | (puzzles == grids))


def test_every_clue_is_needed(made):
    _, puzzles, _ = made
    without = []
    for puzzle in puzzles:
        clues = np.flatnonzero(puzzle)
        fewer = np.repeat(puzzle[None], len(clues), axis=0)
        fewer[np.arange(len(clues)), clues] = 0
        without.append(fewer)
    counts, _, _ = solve(np.concatenate(without), 2)
    assert len(counts) > 3 * len(puzzles)
    assert np.all(counts == 2)


def test_small_puzzles_are_unique_and_minimal_by_brute_force():
    groups = SudokuTask(size=4).generate(2, TRAIN, 0, 20)
    for puzzle in groups.inputs - BLANK:
        assert len(reference.solutions(puzzle, 4, 2)) == 1
        for clue in np.flatnonzero(puzzle):
            fewer = puzzle.copy()
            fewer[clue] = 0
            assert len(reference.solutions(fewer, 4, 2)) == 2


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    size=st.sampled_from([4, 6]),
    seed=st.integers(0, 2**63 - 1),
    purpose=st.sampled_from([TRAIN, TEST]),
    candidate=st.integers(0, 2**62),
)
def test_puzzles_equal_those_made_clue_by_clue(size, seed, purpose, candidate):
    assert_equals_reference(size, seed, purpose, candidate, lambda puzzle: len(reference.solutions(puzzle, size, 2)))


@pytest.mark.parametrize("candidate", [0, 1, 10**9])
def test_puzzles_equal_those_made_clue_by_clue_at_9x9(candidate):
    # Brute force would take minutes here; the solver is compared with it elsewhere.
    assert_equals_reference(9, 4, TRAIN, candidate, lambda puzzle: solve(np.array([puzzle], np.uint8), 2)[0][0])


def assert_equals_reference(size, seed, purpose, candidate, count):
    puzzles, grids = np.empty((2, 1, size * size), np.uint8)
    make_all(seed, purpose, candidate, puzzles, grids, MOST_GUESSES, new_plain(size), None)
    puzzle, grid = reference.make_puzzle(size, seed, purpose, candidate, count)
    assert tuple(grids[0].tolist()) == grid
    assert tuple(puzzles[0].tolist()) == puzzle


@pytest.mark.parametrize("size", SIZES)
def test_full_grids_vary(size):
    # Relabelling a grid gives a grid that is drawn as often, so every value is as likely in every cell.
    bench, grids = new_workbench(size), np.empty((400, size * size), np.uint8)
    for candidate, grid in enumerate(grids):
        draw_grid(open_stream(0, TEST, 0, 0, candidate), grid, *bench)
    for cell in (0, size + 1, size * size - 1):
        seen = np.bincount(grids[:, cell] - 1, minlength=size)
        assert chi_square(seen) < chi_square_bound(size - 1)


def minimised(grid, order):
    """The grid less each cell, in `order`, without which its solution stays the only one."""
    puzzle = grid.copy()
    for cell in order:
        puzzle[cell] = 0
        if solve(puzzle[None], 2)[0][0] != 1:
            puzzle[cell] = grid[cell]
    return puzzle.tolist()


def orders_of(size, candidate, count):
    """The first orders that a candidate's stream gives, for the grid that it gives before."""
    stream = reference.Stream(7, TRAIN, 0, 0, candidate)
    reference.Solver(size).fill(stream)
    order, orders = list(range(size * size)), []
    for _ in range(count):
        stream.shuffle(order)
        orders.append(order.copy())
    return orders


def test_an_order_that_takes_too_many_guesses_is_followed_by_another():
    tries = []
    for candidate in range(12):
        puzzles, grids = make(7, TRAIN, candidate, 1, 6, most_guesses=20)
        orders = orders_of(6, candidate, 60)
        tries.append(next(i for i, order in enumerate(orders) if minimised(grids[0], order) == puzzles[0].tolist()))
    assert min(tries) == 0
    assert max(tries) > 0


def test_puzzles_equal_those_made_clue_by_clue_at_16x16():
    puzzles, grids = make(7, TRAIN, 5, 1, 16)
    (order,) = orders_of(16, 5, 1)
    assert minimised(grids[0], order) == puzzles[0].tolist()
