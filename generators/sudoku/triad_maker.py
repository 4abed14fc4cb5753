"""Making 9x9 puzzles: minimal ones at 10 thousand/s/core, and hard ones by search.

A hard puzzle is found by climbing among the minimal puzzles of one grid: take one or two clues of the best puzzle
away, then what else can go, its blanks first, and keep the outcome where it is not easier. How hard a puzzle is, is
the number of guesses (`triad_search`) over a few fixed symmetric copies, as one orientation alone would be learned by
heart.

Shapes: B puzzles, T copies.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, open_stream, shuffle
from .lanes import address
from .minimiser import CODES, Notes, is_removed, minimise, new_notes, start_sets
from .rating import draw_copies, sum_guesses
from .triad_search import fill
from .triads import new_desk

_MAX_DROPPED = 2


@kernel
def _spell(notes: Notes, codes: NDArray[np.int64], grid: NDArray[np.uint8], puzzle: NDArray[np.uint8]) -> None:
    """Write the minimiser's outcome into puzzle [81]."""
    for cell in range(81):
        puzzle[cell] = 0 if is_removed(notes, codes[cell]) else grid[cell]


@kernel
def make_puzzles(
    seed: int,
    purpose: int,
    start: int,
    puzzles: NDArray[np.uint8],
    grids: NDArray[np.uint8],
    codes: NDArray[np.int64],
    memory: NDArray[np.uint16],
    notes: Notes,
) -> None:
    """Candidates start, start + 1, ... of the stream (seed, purpose): fills puzzles and grids, uint8 [B, 81].

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        puzzles: uint8 [B, 81], receives minimal puzzles, 0 = blank.
        grids: uint8 [B, 81], receives their solutions.
        codes: `minimiser.CODES`.
        memory: from `triads.new_desk`.
        notes: from `minimiser.new_notes`.
    """
    desk = address(memory)
    for i in range(len(puzzles)):
        stream = open_stream(seed, purpose, 0, 0, start + i)
        fill(stream, desk, grids[i])
        start_sets(notes, grids[i])
        notes.order[:] = codes
        shuffle(stream, notes.order)
        minimise(desk, notes, grids[i])
        _spell(notes, codes, grids[i], puzzles[i])


@kernel
def _order_near(
    stream: NDArray[np.uint64], notes: Notes, codes: NDArray[np.int64], puzzle: NDArray[np.uint8], num_dropped: int
) -> None:
    """Order of removal for a neighbour of a puzzle: a few of its clues, its blanks, its other clues, all shuffled."""
    cells = np.arange(81)
    shuffle(stream, cells)
    place = 0
    for part in range(3):
        clues = 0
        for cell in cells:
            mine = 1
            if puzzle[cell]:
                mine = 0 if clues < num_dropped else 2
                clues += 1
            if mine == part:
                notes.order[place] = codes[cell]
                place += 1


@kernel
def climb(
    seed: int,
    purpose: int,
    start: int,
    num_steps: int,
    puzzles: NDArray[np.uint8],
    grids: NDArray[np.uint8],
    codes: NDArray[np.int64],
    lines: tuple[int, NDArray[np.uint8], NDArray[np.uint8]],
    sources: NDArray[np.uint8],
    memory: NDArray[np.uint16],
    notes: Notes,
) -> None:
    """Hard candidates start, start + 1, ...: `make_puzzles`, then `num_steps` steps uphill.

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        num_steps: 0 or more.
        puzzles: uint8 [B, 81], receives minimal puzzles, 0 = blank.
        grids: uint8 [B, 81], receives their solutions.
        codes: `minimiser.CODES`.
        lines: number of transposes, row arrangements [R, 9], column arrangements [L, 9].
        sources: uint8 [T, 81], room for the copies that rate; T of them are drawn for each candidate.
        memory: from `triads.new_desk`.
        notes: from `minimiser.new_notes`.
    """
    desk = address(memory)
    room, trial = np.empty((2, 81), np.uint8), np.empty(81, np.uint8)
    for i in range(len(puzzles)):
        stream = open_stream(seed, purpose, 0, 0, start + i)
        fill(stream, desk, grids[i])
        start_sets(notes, grids[i])
        notes.order[:] = codes
        shuffle(stream, notes.order)
        draw_copies(stream, lines, sources)
        best = -1
        for _ in range(num_steps + 1):
            minimise(desk, notes, grids[i])
            _spell(notes, codes, grids[i], trial)
            rating = sum_guesses(trial, sources, desk, best, room)
            if rating >= best:
                best = rating
                puzzles[i] = trial
            _order_near(stream, notes, codes, puzzles[i], 1 + below(stream, _MAX_DROPPED))


def make(seed: int, purpose: int, start: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Minimal puzzles and their solutions, uint8 [count, 81] each: see `make_puzzles`."""
    puzzles = np.empty((count, 81), np.uint8)
    grids = np.empty_like(puzzles)
    make_puzzles(seed, purpose, start, puzzles, grids, CODES, new_desk(), new_notes())
    return puzzles, grids
