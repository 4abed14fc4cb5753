"""Colours of a puzzle's lines, boxes and values that do not depend on how the puzzle is turned.

A colour is a number. At first all are the same; then, in each round, a line, box or value gets a new one, mixed from
the colours that its clues have and, for a line, from those of its band. Lines whose colours stay the same (tied lines)
are compared once more by the cycles in which their values follow each other. This tells the lines of full grids apart,
where every line meets every value.

Shapes: C cells, N size, K clues, D depth of the search, R rows of a band, L columns of a stack, G generators.
Lines are numbered rows first: 0..N-1, then columns N..2N-1; boxes follow from 2N, values from 3N.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .geometry import BOXES
from .symmetry import symmetry_tables

WEIGHT_BOX = np.uint64(0x9E3779B97F4A7C15)
_WEIGHT_VALUE = np.uint64(0xC2B2AE3D27D4EB4F)
_WEIGHT_OLD = np.uint64(0x165667B19E3779F9)
_MULTIPLIER = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)
ROOT_ROUNDS = 4
ROUNDS = 3


class Search(NamedTuple):
    """Memory of the search for forms of one size.

    Attributes:
        shape: int64 [3]: N, R, L.
        cells: int64 [C], the puzzle, transposed on the second turn.
        clues: int64 [C + 1, 4]: line of the row, of the column, box, value of each clue; K in the last row.
        used: bool [2N], lines with clues.
        pairs: uint64 [2N + 1, N], how two lines of one side follow each other; the last row is 1 where this is in use.
        chain: int64 [2, N + 1], room for following values from line to line.
        sums: uint64 [4N], room for a round.
        bands: uint64 [N], room for ordering bands.
        colours: uint64 [D, 4N], by depth.
        tied: int64 [D, N + 2], the tied lines of each depth, their number, and how many have been tried.
        lines: int64 [2N], the lines in the order of the leaf at hand.
        labels: int64 [N + 1], room for relabelling.
        best: int64 [C], the smallest grid so far.
        first: int64 [C], the grid of the first leaf.
        first_lines: int64 [2N], its lines.
        path: int64 [D], the lines picked on the way to it.
        orbits: int64 [D, 2N], lines that symmetries fixing the way so far carry into each other, as a forest.
        turns: int64 [2], whether the puzzle is transposed: at hand, and at the first leaf.
        generators: uint8 [G, C], moves of the symmetries met; G of them at most, as each doubles their group.
        num_generators: int64 [1], how many.
    """

    shape: NDArray[np.int64]
    cells: NDArray[np.int64]
    clues: NDArray[np.int64]
    used: NDArray[np.bool_]
    pairs: NDArray[np.uint64]
    chain: NDArray[np.int64]
    sums: NDArray[np.uint64]
    bands: NDArray[np.uint64]
    colours: NDArray[np.uint64]
    tied: NDArray[np.int64]
    lines: NDArray[np.int64]
    labels: NDArray[np.int64]
    best: NDArray[np.int64]
    first: NDArray[np.int64]
    first_lines: NDArray[np.int64]
    path: NDArray[np.int64]
    orbits: NDArray[np.int64]
    turns: NDArray[np.int64]
    generators: NDArray[np.uint8]
    num_generators: NDArray[np.int64]


def new_search(size: int) -> Search:
    """Memory for puzzles of `size`."""
    num_cells, depth = size * size, 2 * size + 1
    return Search(
        shape=np.array([size, *BOXES[size]]),
        cells=np.zeros(num_cells, np.int64),
        clues=np.zeros((num_cells + 1, 4), np.int64),
        used=np.zeros(2 * size, np.bool_),
        pairs=np.zeros((2 * size + 1, size), np.uint64),
        chain=np.zeros((2, size + 1), np.int64),
        sums=np.zeros(4 * size, np.uint64),
        bands=np.zeros(size, np.uint64),
        colours=np.zeros((depth, 4 * size), np.uint64),
        tied=np.zeros((depth, size + 2), np.int64),
        lines=np.zeros(2 * size, np.int64),
        labels=np.zeros(size + 1, np.int64),
        best=np.zeros(num_cells, np.int64),
        first=np.zeros(num_cells, np.int64),
        first_lines=np.zeros(2 * size, np.int64),
        path=np.zeros(depth, np.int64),
        orbits=np.zeros((depth, 2 * size), np.int64),
        turns=np.zeros(2, np.int64),
        generators=np.zeros((symmetry_tables(size).num_spatial.bit_length(), num_cells), np.uint8),
        num_generators=np.zeros(1, np.int64),
    )


@kernel
def mix(value: np.uint64) -> np.uint64:
    """Scramble a colour, so that sums of them tell what went into them."""
    value = (value ^ (value >> _HALF)) * _MULTIPLIER
    return value ^ (value >> _HALF)


@kernel
def set_puzzle(search: Search, puzzle: NDArray[np.uint8], turned: int) -> None:
    """Take up a puzzle [C], transposed where `turned`, with all colours alike."""
    size, height, width = search.shape
    num_clues = 0
    search.used[:] = False
    for row in range(size):
        for column in range(size):
            value = puzzle[column * size + row] if turned else puzzle[row * size + column]
            search.cells[row * size + column] = value
            if value:
                clue = search.clues[num_clues]
                clue[0], clue[1] = row, size + column
                clue[2] = 2 * size + row // height * height + column // width
                clue[3] = 3 * size + value - 1
                search.used[row] = search.used[size + column] = True
                num_clues += 1
    search.clues[size * size, 0] = num_clues
    search.turns[0] = turned
    search.colours[0] = np.uint64(1)
    search.pairs[2 * size, 0] = np.uint64(0)


@kernel
def refine(search: Search, depth: int, num_rounds: int) -> None:
    """Mix the colours of `depth` for some rounds."""
    size = search.shape[0]
    colours, sums, clues, pairs = search.colours[depth], search.sums, search.clues, search.pairs
    for _ in range(num_rounds):
        sums[:] = np.uint64(0)
        for k in range(clues[size * size, 0]):
            r, c, b, v = clues[k, 0], clues[k, 1], clues[k, 2], clues[k, 3]
            mixed = mix(colours[r] + colours[c] + WEIGHT_BOX * colours[b] + _WEIGHT_VALUE * colours[v])
            sums[r] += mixed
            sums[c] += mixed
            sums[b] += mixed
            sums[v] += mixed
        if pairs[2 * size, 0]:
            for line in range(2 * size):
                side = line - line % size
                for k in range(size):
                    sums[line] += mix(pairs[line, k] + colours[side + k])
        for side in range(2):
            _mix_bands(colours, sums, size * side, size, search.shape[1 + side])
        for k in range(2 * size, 4 * size):
            colours[k] = mix(colours[k] * _WEIGHT_OLD + sums[k])


@kernel
def _mix_bands(colours: NDArray[np.uint64], sums: NDArray[np.uint64], start: int, size: int, height: int) -> None:
    """New colours for the lines of one side, from their sums and those of their bands."""
    for first in range(start, start + size, height):
        total = np.uint64(0)
        for line in range(first, first + height):
            total += mix(sums[line] + colours[line])
        for line in range(first, first + height):
            colours[line] = mix(colours[line] * _WEIGHT_OLD + sums[line] + WEIGHT_BOX * total)


@kernel
def compare_lines(search: Search) -> None:
    """Set `pairs`: for two lines of a side, the lengths of cycles and chains in which values follow each other."""
    size = search.shape[0]
    for side in range(2):
        down, along = (1, size) if side else (size, 1)
        for p in range(size):
            for q in range(p):
                together = p // search.shape[1 + side] == q // search.shape[1 + side]
                total = _chain_lengths(search.cells[p * down :], search.cells[q * down :], along, search.chain)
                total += _WEIGHT_OLD if together else _WEIGHT_VALUE
                search.pairs[side * size + p, q] = search.pairs[side * size + q, p] = total
    search.pairs[2 * size, 0] = np.uint64(1)


@kernel
def _chain_lengths(
    upper: NDArray[np.int64], lower: NDArray[np.int64], along: int, chain: NDArray[np.int64]
) -> np.uint64:
    """A number for the lengths of cycles and open chains between two lines, the same for either order of the two."""
    following, before = chain[0], chain[1]
    size = len(following) - 1
    chain[:] = 0
    for k in range(size):
        a, b = upper[k * along], lower[k * along]
        if a and b:
            if following[a] or before[b]:
                return np.uint64(0)
            following[a], before[b] = b, a
    total = np.uint64(0)
    for start in range(1, size + 1):
        if not before[start]:
            total += mix(np.uint64(_length(following, start)))
    for start in range(1, size + 1):
        total += mix(np.uint64(size + 1 + _length(following, start)))
    return total


@kernel
def _length(following: NDArray[np.int64], value: int) -> int:
    """Length of a chain from a value on; takes the chain apart."""
    length = 0
    while following[value]:
        following[value], value = 0, following[value]
        length += 1
    return length


@kernel
def find_ties(search: Search, depth: int) -> int:
    """Note the lines with clues that share the smallest shared colour, rows before columns; returns how many."""
    size = search.shape[0]
    colours, tied = search.colours[depth], search.tied[depth]
    tied[size] = tied[size + 1] = 0
    for side in range(0, 2 * size, size):
        best = -1
        for i in range(side, side + size):
            for j in range(i + 1, side + size):
                if search.used[i] and search.used[j] and colours[i] == colours[j]:
                    if best < 0 or colours[i] < colours[best]:
                        best = i
                    break
        if best >= 0:
            for i in range(side, side + size):
                if search.used[i] and colours[i] == colours[best]:
                    tied[tied[size]] = i
                    tied[size] += 1
            break
    return int(tied[size])
