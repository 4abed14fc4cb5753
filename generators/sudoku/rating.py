"""How hard a puzzle is: the guesses of the solver to prove its solution the only one.

The rule of the search is fixed and documented with it: `triad_search` at 9x9, `solver` at other sizes. As its number
depends on how the puzzle is turned, the rating is the mean over 8 seeded spatial copies of the canonical form: puzzles
that are the same in disguise have the same rating, a multiple of 1/8. At 9x9 it agrees with the guesses of Tdoku: 0.6
for a 17-clue puzzle, 9 for magictour's list, over 100 for the hardest known ones. Numbers of different sizes are
not to be compared.

Shapes: B puzzles, C cells, T copies.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import RATE, below, open_stream
from . import solver
from .colours import Search, new_search
from .forms import canonical, find_forms
from .symmetry import SymmetryTables, spatial_source, symmetry_tables
from .targets import RATING_PARTS
from .workbench import Plain, Triads, solve

_PUZZLES_AT_ONCE = 4096
"""Puzzles whose copies are held in memory together."""


class Scale(NamedTuple):
    """What rating works with.

    Attributes:
        sources: uint8 [T, C], the copies (see `symmetry.spatial_source`).
        search: memory of `forms`.
        form: uint8 [1, C], room for a canonical form.
        num_symmetries: int64 [1], room.
        copy: uint8 [C], room for a copy.
    """

    sources: NDArray[np.uint8]
    search: Search
    form: NDArray[np.uint8]
    num_symmetries: NDArray[np.int64]
    copy: NDArray[np.uint8]


def new_scale(size: int) -> Scale:
    """The fixed copies of a size N, and memory."""
    num_cells = size * size
    sources = np.empty((RATING_PARTS, num_cells), np.uint8)
    draw_copies(open_stream(0, RATE, 0, 0, 0), symmetry_tables(size), sources)
    return Scale(
        sources=sources,
        search=new_search(size),
        form=np.empty((1, num_cells), np.uint8),
        num_symmetries=np.empty(1, np.int64),
        copy=np.empty(num_cells, np.uint8),
    )


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
def sum_guesses(puzzles: NDArray[np.uint8], scale: Scale, plain: Plain, triads: Triads | None) -> int:
    """Guesses over all copies of a puzzle's canonical form: its rating in parts.

    Args:
        puzzles: uint8 [1, C], the puzzle, 0 = blank.
        scale: from `new_scale`.
        plain: from `new_plain`.
        triads: from `new_triads`.
    """
    find_forms(puzzles, scale.search, scale.form, scale.num_symmetries)
    total = 0
    for k in range(len(scale.sources)):
        for cell in range(len(scale.copy)):
            scale.copy[cell] = scale.form[0, scale.sources[k, cell]]
        _, guesses = solve(scale.copy, plain, triads)
        total += guesses
    return total


def rate_forms(forms: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Rate puzzles by their canonical forms, on one core.

    Args:
        forms: uint8 [B, C], from `forms.canonical`.
        size: N.

    Returns:
        Mean guesses, float64 [B], multiples of 1/8.
    """
    sources, ratings = new_scale(size).sources, np.empty(len(forms), np.float64)
    for start in range(0, len(forms), _PUZZLES_AT_ONCE):
        part = forms[start : start + _PUZZLES_AT_ONCE]
        _, _, guesses = solver.solve(part[:, sources].reshape(-1, size * size), 2)
        ratings[start : start + _PUZZLES_AT_ONCE] = guesses.reshape(len(part), -1).mean(axis=1)
    return ratings


def rate(puzzles: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Rate puzzles, uint8 [B, C] (0 = blank) of any kind, by their canonical forms: see `rate_forms`."""
    return rate_forms(canonical(puzzles, size)[0], size)
