"""How hard a puzzle is: the guesses of the solver to prove its solution the only one.

The rule by which the solver guesses is documented with it: in `nine.search` for 9x9, in `solver` for other sizes. How
often it guesses depends on how the puzzle is turned, so the rating is the mean over 8 copies of the canonical form,
moved by 8 fixed symmetries: all puzzles of a class have the same rating, a multiple of 1/8. At 9x9 it agrees with the
guesses of Tdoku: 0.6 for a 17-clue puzzle, 9 for magictour's list, over 100 for the hardest known ones. Numbers of
different sizes are not to be compared.

Shapes: B puzzles, C cells, T copies.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import RATE, below, open_stream
from .colours import Search, new_search
from .forms import canonical, find_forms
from .nine import Engine
from .symmetry import SymmetryTables, spatial_move, symmetry_tables
from .targets import RATING_PARTS
from .workbench import Plain, count_solutions, solve

_PUZZLES_AT_ONCE = 4096
"""Puzzles whose copies are held in memory together."""


class Scale(NamedTuple):
    """What rating works with.

    Attributes:
        moves: uint8 [T, C], one for each copy (see `symmetry.spatial_move`).
        search: memory of `forms`.
        form: uint8 [1, C], room for a canonical form.
        num_symmetries: int64 [1], room.
        copy: uint8 [C], room for a copy.
        solution: uint8 [C], room for its solution.
    """

    moves: NDArray[np.uint8]
    search: Search
    form: NDArray[np.uint8]
    num_symmetries: NDArray[np.int64]
    copy: NDArray[np.uint8]
    solution: NDArray[np.uint8]


def new_scale(size: int) -> Scale:
    """The moves of the copies, the same for all puzzles of size N, and memory."""
    num_cells = size * size
    moves = np.empty((RATING_PARTS, num_cells), np.uint8)
    draw_copies(open_stream(0, RATE, 0, 0, 0), symmetry_tables(size), moves)
    return Scale(
        moves=moves,
        search=new_search(size),
        form=np.empty((1, num_cells), np.uint8),
        num_symmetries=np.empty(1, np.int64),
        copy=np.empty(num_cells, np.uint8),
        solution=np.empty(num_cells, np.uint8),
    )


@kernel
def draw_copies(stream: NDArray[np.uint64], tables: SymmetryTables, moves: NDArray[np.uint8]) -> None:
    """Draw spatial symmetries.

    Args:
        stream: randomness, see `rng.open_stream`.
        tables: from `symmetry_tables`.
        moves: uint8 [T, C], receives them (see `symmetry.spatial_move`).
    """
    for k in range(len(moves)):
        spatial_move(below(stream, tables.num_spatial), tables, moves[k])


@kernel
def sum_guesses(puzzles: NDArray[np.uint8], scale: Scale, plain: Plain | None, engine: Engine | None) -> int:
    """Guesses over all copies of a puzzle's canonical form: its rating in parts.

    Args:
        puzzles: uint8 [1, C], the puzzle, 0 = blank.
        scale: from `new_scale`.
        plain: from `workbench.new_workbench`.
        engine: from `workbench.new_workbench`.
    """
    find_forms(puzzles, scale.search, scale.form, scale.num_symmetries)
    total = 0
    for k in range(len(scale.moves)):
        for cell in range(len(scale.copy)):
            scale.copy[cell] = scale.form[0, scale.moves[k, cell]]
        _, guesses = count_solutions(scale.copy, 2, scale.solution, plain, engine)
        total += guesses
    return total


def rate_forms(forms: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Rate puzzles whose canonical forms are known already, on one core.

    Args:
        forms: uint8 [B, C], from `forms.canonical`; any other copy of a puzzle has another number of guesses.
        size: N.

    Returns:
        Mean guesses, float64 [B], multiples of 1/8.
    """
    moves, ratings = new_scale(size).moves, np.empty(len(forms), np.float64)
    for start in range(0, len(forms), _PUZZLES_AT_ONCE):
        some = forms[start : start + _PUZZLES_AT_ONCE]
        _, _, guesses = solve(some[:, moves].reshape(-1, size * size), 2)
        ratings[start : start + _PUZZLES_AT_ONCE] = guesses.reshape(len(some), -1).mean(axis=1)
    return ratings


def rate(puzzles: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    """Rate puzzles on one core: `rate_forms` of their canonical forms.

    Args:
        puzzles: uint8 [B, C], 0 = blank, any kind.
        size: N.

    Returns:
        Mean guesses, float64 [B], multiples of 1/8.
    """
    return rate_forms(canonical(puzzles, size)[0], size)
