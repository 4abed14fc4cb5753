"""Making minimal 9x9 puzzles, 10 thousand/s/core.

Shapes: B puzzles.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import open_stream, shuffle
from .lanes import address
from .minimiser import CODES, Notes, is_removed, minimise, new_notes, start_sets
from .triad_search import fill
from .triads import new_desk


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


def make(seed: int, purpose: int, start: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Minimal puzzles and their solutions, uint8 [count, 81] each: see `make_puzzles`."""
    puzzles = np.empty((count, 81), np.uint8)
    grids = np.empty_like(puzzles)
    make_puzzles(seed, purpose, start, puzzles, grids, CODES, new_desk(), new_notes())
    return puzzles, grids
