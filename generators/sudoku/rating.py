"""How hard a 9x9 puzzle is: the guesses of `triad_search` to prove its solution the only one.

The rule of the search is fixed and documented there. As its number depends on how the puzzle is turned, the rating is
the mean over 8 seeded spatial copies of the canonical form: puzzles that are the same in disguise have the same
rating. It agrees with the guesses of Tdoku: 0.6 for a 17-clue puzzle, 9 for magictour's list, over 100 for the
hardest known ones.

Shapes: B puzzles, T copies.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import RATE, below, open_stream
from .forms import canonical
from .geometry import geometry
from .lanes import address
from .symmetry import spatial_source
from .triad_search import count
from .triads import FRAMES, load, new_desk

NUM_COPIES = 8


@kernel
def draw_copies(
    stream: NDArray[np.uint64], lines: tuple[int, NDArray[np.uint8], NDArray[np.uint8]], sources: NDArray[np.uint8]
) -> None:
    """Draw spatial symmetries.

    Args:
        stream: randomness, see `rng.open_stream`.
        lines: number of transposes, row arrangements [R, 9], column arrangements [L, 9].
        sources: uint8 [T, 81], receives them (see `symmetry.spatial_source`).
    """
    num_transposes, rows, columns = lines
    for k in range(len(sources)):
        rank = below(stream, num_transposes * len(rows) * len(columns))
        spatial_source(rank, num_transposes, rows, columns, sources[k])


@kernel
def sum_guesses(
    puzzle: NDArray[np.uint8], sources: NDArray[np.uint8], desk: int, floor: int, room: NDArray[np.uint8]
) -> int:
    """Guesses over symmetric copies of a puzzle.

    Args:
        puzzle: uint8 [81], 0 = blank.
        sources: uint8 [T, 81], the copies.
        desk: address of the desk.
        floor: a sum of interest: where the mean so far is below half of its mean, the rest is not counted.
        room: uint8 [2, 81].

    Returns:
        The sum, or what there was of it.
    """
    total = 0
    for k in range(len(sources)):
        for cell in range(81):
            room[0, cell] = puzzle[sources[k, cell]]
        alive = load(room[0], desk + FRAMES, desk)
        _, guesses = count(desk, alive, 2, room[1])
        total += guesses
        if 2 * len(sources) * total < floor * (k + 1):
            return total
    return total


@kernel
def rate_all(
    puzzles: NDArray[np.uint8],
    lines: tuple[int, NDArray[np.uint8], NDArray[np.uint8]],
    sources: NDArray[np.uint8],
    memory: NDArray[np.uint16],
    ratings: NDArray[np.float64],
) -> None:
    """Mean guesses over the same copies of each puzzle [B, 81] into ratings [B]; `sources` is room for them."""
    desk = address(memory)
    room = np.empty((2, 81), np.uint8)
    draw_copies(open_stream(0, RATE, 0, 0, 0), lines, sources)
    for i in range(len(puzzles)):
        ratings[i] = sum_guesses(puzzles[i], sources, desk, 0, room) / len(sources)


def rate(puzzles: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Rate 9x9 puzzles, uint8 [B, 81], 0 = blank; mean guesses, float64 [B]."""
    tables = geometry(9)
    ratings = np.empty(len(puzzles), np.float64)
    sources = np.empty((NUM_COPIES, 81), np.uint8)
    lines = (tables.num_transposes, tables.row_arrangements, tables.column_arrangements)
    rate_all(canonical(puzzles, 9)[0], lines, sources, new_desk(), ratings)
    return ratings
