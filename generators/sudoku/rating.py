"""How hard a puzzle is: the guesses of the solver to prove its solution the only one.

The rule of the search is fixed and documented with it: `triad_search` at 9x9, `solver` at other sizes. As its number
depends on how the puzzle is turned, the rating is the mean over 8 seeded spatial copies of the canonical form: puzzles
that are the same in disguise have the same rating, a multiple of 1/8. At 9x9 it agrees with the guesses of Tdoku: 0.6
for a 17-clue puzzle, 9 for magictour's list, over 100 for the hardest known ones. Numbers of different sizes are
not to be compared.

Shapes: B puzzles, C cells, T copies.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import RATE, below, open_stream
from .classes import canonical
from .symmetry import SymmetryTables, spatial_source, symmetry_tables
from .workbench import Plain, Triads, new_plain, new_triads, solve

NUM_COPIES = 8


@kernel
def draw_copies(stream: NDArray[np.uint64], tables: SymmetryTables, sources: NDArray[np.uint8]) -> None:
    """Draw spatial symmetries.

    Args:
        stream: randomness, see `rng.open_stream`.
        tables: from `symmetry_tables`.
        sources: uint8 [T, C], receives them (see `symmetry.spatial_source`).
    """
    for k in range(len(sources)):
        spatial_source(below(stream, tables.num_spatial), tables, sources[k])


@kernel
def sum_guesses(
    puzzle: NDArray[np.uint8], sources: NDArray[np.uint8], room: NDArray[np.uint8], plain: Plain, triads: Triads | None
) -> int:
    """Guesses over symmetric copies of a puzzle.

    Args:
        puzzle: uint8 [C], 0 = blank.
        sources: uint8 [T, C], the copies.
        room: uint8 [C], room for a copy.
        plain: from `new_plain`.
        triads: from `new_triads`.
    """
    total = 0
    for k in range(len(sources)):
        for cell in range(len(puzzle)):
            room[cell] = puzzle[sources[k, cell]]
        _, guesses = solve(room, plain, triads)
        total += guesses
    return total


@kernel
def rate_all(
    forms: NDArray[np.uint8],
    tables: SymmetryTables,
    sources: NDArray[np.uint8],
    plain: Plain,
    triads: Triads | None,
    ratings: NDArray[np.float64],
) -> None:
    """Mean guesses over the same copies of each form [B, C] into ratings [B]; sources [T, C] is room for the copies."""
    room = np.empty(forms.shape[1], np.uint8)
    draw_copies(open_stream(0, RATE, 0, 0, 0), tables, sources)
    for i in range(len(forms)):
        ratings[i] = sum_guesses(forms[i], sources, room, plain, triads) / len(sources)


def rate(puzzles: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Rate puzzles on one core.

    Args:
        puzzles: uint8 [B, C], 0 = blank, any kind.
        size: N.

    Returns:
        Mean guesses, float64 [B], multiples of 1/8.
    """
    ratings = np.empty(len(puzzles), np.float64)
    sources = np.empty((NUM_COPIES, size * size), np.uint8)
    forms = canonical(np.ascontiguousarray(puzzles), size)
    rate_all(forms, symmetry_tables(size), sources, new_plain(size), new_triads(size), ratings)
    return ratings
