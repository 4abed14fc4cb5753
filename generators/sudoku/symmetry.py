"""The symmetries of Sudoku by rank, and the moves and relabellings that they are made of.

A symmetry relabels the values, reorders rows and columns within their bands and stacks, bands and stacks themselves,
and transposes where boxes are square: 9! 6^8 2 = 1.22e12 of them at 9x9, 2.65e27 at 16x16. It has two ranks,

    transpose + T * (row arrangement + R * column arrangement)    and    the relabelling's, below N!,

each 0 for the identity. A move says what a symmetry does to cells: uint8 [C], cell i of the image is cell ``move[i]``
of the puzzle.

An arrangement is spelled from its rank's digits: the order of the bands, then of the lines in each. Orders are uint64
with four bits a line, so that a digit costs an addition; a table of all arrangements would have 8 million rows at
16x16.

Shapes: C cells, N size, R row arrangements, T transposes, M orders.
"""

from collections.abc import Iterable
from functools import cache
from itertools import permutations
from math import factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import mulhi
from .geometry import BOXES

MOST_VARIANTS = 1 << 62
"""Variants of a puzzle that have a number."""

_LINE_BITS = np.uint64(4)
_LINE = np.uint64(15)


class Lines(NamedTuple):
    """Arrangements of rows, or of columns, that keep bands together.

    Attributes:
        num_bands: bands of rows, or stacks of columns.
        height: lines of a band.
        num_orders: orders of the lines of a band.
        reciprocal: uint64, 2**64 / `num_orders` rounded up: the high word of its product with a rank is the quotient.
        num_arrangements: orders of the bands times orders of the lines in each.
        orders: uint64 [2, M], four bits a line: the band's first line for each line, by order of the bands; the lines
            of a band, by their order.
    """

    num_bands: int
    height: int
    num_orders: int
    reciprocal: np.uint64
    num_arrangements: int
    orders: NDArray[np.uint64]


class SymmetryTables(NamedTuple):
    """What it takes to spell the symmetries of one size; `symmetry_tables` makes it.

    Attributes:
        size: N.
        num_transposes: 2 where boxes are square, and transposing is a symmetry, else 1.
        rows: arrangements of the rows.
        columns: arrangements of the columns.
        num_spatial: symmetries that move cells, T * R * L.
        num_relabellings: N!.
        num_variants: the product of both, at most 2**62.
    """

    size: int
    num_transposes: int
    rows: Lines
    columns: Lines
    num_spatial: int
    num_relabellings: int
    num_variants: int


@cache
def symmetry_tables(size: int) -> SymmetryTables:
    """The tables of `size`, one of `SIZES`."""
    height, width = BOXES[size]
    rows, columns = _lines(size // height, height), _lines(size // width, width)
    num_transposes = 2 if height == width else 1
    num_spatial = num_transposes * rows.num_arrangements * columns.num_arrangements
    return SymmetryTables(
        size=size,
        num_transposes=num_transposes,
        rows=rows,
        columns=columns,
        num_spatial=num_spatial,
        num_relabellings=factorial(size),
        num_variants=min(num_spatial * factorial(size), MOST_VARIANTS),
    )


def _lines(num_bands: int, height: int) -> Lines:
    bands = [[band * height for band in order for _ in range(height)] for order in permutations(range(num_bands))]
    orders = np.zeros((2, max(len(bands), factorial(height))), np.uint64)
    orders[0, : len(bands)] = [_pack(lines) for lines in bands]
    orders[1, : factorial(height)] = [_pack(lines) for lines in permutations(range(height))]
    num_orders = factorial(height)
    reciprocal = np.uint64(-(-(1 << 64) // num_orders))
    return Lines(num_bands, height, num_orders, reciprocal, len(bands) * num_orders**num_bands, orders)


def _pack(lines: Iterable[int]) -> int:
    return sum(line << 4 * place for place, line in enumerate(lines))


@kernel
def _divide(value: np.uint64, by: int) -> tuple[np.uint64, np.uint64]:
    """Quotient and remainder, without the care that Python's division takes of signs."""
    quotient = value // np.uint64(by)
    return quotient, value - quotient * np.uint64(by)


@kernel
def _arrangement(rank: np.uint64, lines: Lines) -> Any:
    """For each line of the image the line of the puzzle that comes there, four bits each."""
    packed = np.uint64(0)
    for _ in range(lines.num_bands):
        following = mulhi(rank, lines.reciprocal)
        digit = rank - following * np.uint64(lines.num_orders)
        packed = packed << (_LINE_BITS * np.uint64(lines.height)) | lines.orders[1, digit]
        rank = following
    return packed + lines.orders[0, rank]


@kernel
def spell(rank: int, tables: SymmetryTables, lines: NDArray[np.uint8], move: NDArray[np.uint8]) -> None:
    """`spatial_move` without a memory allocation.

    Args:
        rank: 0 <= rank < ``tables.num_spatial``; 0 is the identity.
        tables: from `symmetry_tables`.
        lines: uint8 [2, N], room.
        move: uint8 [C], receives the move.
    """
    size = tables.size
    arrangements, transposed = _divide(np.uint64(rank), tables.num_transposes)
    column_rank, row_rank = _divide(arrangements, tables.rows.num_arrangements)
    rows, columns = _arrangement(row_rank, tables.rows), _arrangement(column_rank, tables.columns)
    for line in range(size):
        lines[0, line] = rows & _LINE
        lines[1, line] = columns & _LINE
        rows >>= _LINE_BITS
        columns >>= _LINE_BITS
    for row in range(size):
        for column in range(size):
            if transposed:
                move[row * size + column] = lines[1, column] * size + lines[0, row]
            else:
                move[row * size + column] = lines[0, row] * size + lines[1, column]


@kernel
def spatial_move(rank: int, tables: SymmetryTables, move: NDArray[np.uint8]) -> None:
    """Spell the spatial symmetry of `rank` as a move: cell i of the image is cell ``move[i]`` of the puzzle.

    Args:
        rank: 0 <= rank < ``tables.num_spatial``; 0 is the identity.
        tables: from `symmetry_tables`.
        move: uint8 [C], receives the move.
    """
    spell(rank, tables, np.empty((2, tables.size), np.uint8), move)


@kernel
def relabelling(rank: int, tokens: NDArray[np.uint8]) -> None:
    """Spell the relabelling of `rank` < N! as a map of tokens, uint8 [N + 2]; pad and blank stay, 0 is the identity."""
    for token in range(len(tokens)):
        tokens[token] = token
    rest = np.uint64(rank)
    for i in range(2, len(tokens) - 1):
        rest, digit = _divide(rest, len(tokens) - i)
        j = i + np.int64(digit)
        tokens[i], tokens[j] = tokens[j], tokens[i]
