"""When two puzzles are one in disguise: canonical forms, and the automorphisms of a puzzle.

At 4x4 and 6x6 the canonical form is the smallest image under all symmetries, as a list of values with 0 for a blank,
where values are relabelled in the order in which they appear. It is found by trying every spatial symmetry, which is
cheap there (128 and 3,456: 27 thousand puzzles/s/core) and out of reach at 9x9 (3.4 million), where colours sieve
them first (see `forms`).

Shapes: B puzzles, C cells, N size, R row arrangements, L column arrangements, T transposes.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .forms import canonical as canonical_by_colours
from .geometry import geometry
from .symmetry import SymmetryTables, spatial_source, symmetry_tables

_MAX_AUTOMORPHISMS = 1024

EXHAUSTIVE_SIZES = (4, 6)
"""Sizes at which every symmetry is tried."""


@kernel
def canonical_form(
    puzzle: NDArray[np.uint8], sources: NDArray[np.uint8], best: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> None:
    """The smallest image of `puzzle`.

    Args:
        puzzle: uint8 [C], 0 = blank.
        sources: uint8 [T * R * L, C], all spatial symmetries, the identity first.
        best: uint8 [C], receives the form.
        labels: uint8 [N + 1], room for a relabelling.
    """
    for i in range(len(sources)):
        labels[:] = 0
        used = 0
        smaller = i == 0
        for cell in range(len(puzzle)):
            value = puzzle[sources[i, cell]]
            if value:
                if labels[value] == 0:
                    used += 1
                    labels[value] = used
                value = labels[value]
            if smaller or value < best[cell]:
                smaller = True
                best[cell] = value
            elif value > best[cell]:
                break


@kernel
def canonical_forms(
    puzzles: NDArray[np.uint8], sources: NDArray[np.uint8], size: int, forms: NDArray[np.uint8]
) -> None:
    """`canonical_form` of every puzzle [B, C] into forms [B, C]."""
    labels = np.empty(size + 1, np.uint8)
    for i in range(len(puzzles)):
        canonical_form(puzzles[i], sources, forms[i], labels)


@kernel
def spell_all(tables: SymmetryTables, sources: NDArray[np.uint8]) -> None:
    """All spatial symmetries by rank into sources [T * R * L, C]."""
    for rank in range(len(sources)):
        spatial_source(rank, tables, sources[rank])


@kernel
def find_automorphisms(
    puzzle: NDArray[np.uint8],
    num_transposes: int,
    row_arrangements: NDArray[np.uint8],
    column_arrangements: NDArray[np.uint8],
    ranks: NDArray[np.int64],
) -> int:
    """Spatial symmetries, the identity left out, that give `puzzle` itself after some relabelling.

    Clue counts of rows sieve the row arrangements, then the clue patterns of columns, first all together as a sum and
    then one by one; only what is left is compared value by value (30 us a puzzle at 9x9).

    Args:
        puzzle: uint8 [C], 0 = blank.
        num_transposes: T.
        row_arrangements: uint8 [R, N].
        column_arrangements: uint8 [L, N].
        ranks: int64 [M], receives their ranks (see `spatial_source`), rising within a row arrangement.

    Returns:
        How many there are, M at most.
    """
    size = row_arrangements.shape[1]
    found = 0
    pattern = np.empty(size, np.int64)
    image = np.empty(size, np.int64)
    labels = np.empty(size + 1, np.uint8)
    counts = _line_counts(puzzle, size)
    wanted = _column_patterns(puzzle, row_arrangements[0], size, 1, pattern)
    for transposed in range(num_transposes):
        down = 1 if transposed else size
        across = size + 1 - down
        for r in range(len(row_arrangements)):
            rows = row_arrangements[r]
            if not _same_counts(counts[0], counts[transposed], rows):
                continue
            if _column_patterns(puzzle, rows, down, across, image) != wanted:
                continue
            for c in range(len(column_arrangements)):
                columns = column_arrangements[c]
                rank = transposed + num_transposes * (r + len(row_arrangements) * c)
                if rank == 0 or not _same_patterns(image, columns, pattern):
                    continue
                if _same_values(puzzle, rows, columns, down, across, labels):
                    ranks[found] = rank
                    found += 1
                    if found == len(ranks):
                        return found
    return found


@kernel
def _line_counts(puzzle: NDArray[np.uint8], size: int) -> NDArray[np.int64]:
    """int64 [2, N]: clues of every row and of every column."""
    counts = np.zeros((2, size), np.int64)
    for row in range(size):
        for column in range(size):
            if puzzle[row * size + column]:
                counts[0, row] += 1
                counts[1, column] += 1
    return counts


@kernel
def _same_counts(counts: NDArray[np.int64], lines: NDArray[np.int64], arrangement: NDArray[np.uint8]) -> bool:
    """Whether every row [N] has as many clues as the line that would take its place."""
    for row in range(len(arrangement)):
        if lines[arrangement[row]] != counts[row]:
            return False
    return True


@kernel
def _column_patterns(
    puzzle: NDArray[np.uint8], rows: NDArray[np.uint8], down: int, across: int, pattern: NDArray[np.int64]
) -> int:
    """Clue patterns of the columns, bit r for row r, and a sum over them that does not depend on their order."""
    total = 0
    for column in range(len(rows)):
        bits = 0
        for row in range(len(rows)):
            bits |= (puzzle[rows[row] * down + column * across] > 0) << row
        pattern[column] = bits
        total += bits * bits * bits
    return total


@kernel
def _same_patterns(image: NDArray[np.int64], columns: NDArray[np.uint8], pattern: NDArray[np.int64]) -> bool:
    """Whether the columns of `image`, rearranged, have the clue patterns `pattern`."""
    for column in range(len(columns)):
        if image[columns[column]] != pattern[column]:
            return False
    return True


@kernel
def _same_values(
    puzzle: NDArray[np.uint8],
    rows: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    down: int,
    across: int,
    labels: NDArray[np.uint8],
) -> bool:
    """Whether puzzle and image, whose clues fall on the same cells, differ by a relabelling only."""
    size = len(rows)
    labels[:] = 0
    taken = 0
    for row in range(size):
        for column in range(size):
            value = puzzle[row * size + column]
            image = puzzle[rows[row] * down + columns[column] * across]
            if value and labels[value] == 0:
                if taken & (1 << image):
                    return False
                taken |= 1 << image
                labels[value] = image
            if value and labels[value] != image:
                return False
    return True


def canonical(puzzles: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The representative of each puzzle's class.

    Args:
        puzzles: uint8 [B, C], 0 = blank.
        size: N.

    Returns:
        Uint8 [B, C].
    """
    if size not in EXHAUSTIVE_SIZES:
        return canonical_by_colours(puzzles, size)[0]
    tables = geometry(size)
    sources = np.empty((tables.num_spatial, tables.num_cells), np.uint8)
    spell_all(symmetry_tables(size), sources)
    forms = np.empty_like(puzzles)
    canonical_forms(puzzles, sources, size, forms)
    return forms


def automorphisms(puzzles: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Spatial automorphisms of each puzzle, the identity left out.

    Args:
        puzzles: uint8 [B, C], proper puzzles (one solution), 0 = blank.
        size: N.

    Returns:
        All of them, uint8 [H, C] (cell i of the image is cell ``[i]`` of the puzzle), and the offsets of each puzzle's,
        int64 [B + 1].
    """
    tables = geometry(size)
    lines = (tables.num_transposes, tables.row_arrangements, tables.column_arrangements)
    # A proper puzzle has fewer automorphisms than its solution, and that has at most 648 at 9x9.
    ranks = np.empty(min(tables.num_spatial, _MAX_AUTOMORPHISMS), np.int64)
    counts = np.zeros(len(puzzles), np.int64)
    sources = []
    for i in _symmetric(puzzles, size):
        counts[i] = find_automorphisms(puzzles[i], *lines, ranks)
        for rank in np.sort(ranks[: counts[i]]):
            sources.append(np.empty(tables.num_cells, np.uint8))
            spatial_source(rank, symmetry_tables(size), sources[-1])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return np.array(sources, np.uint8).reshape(-1, tables.num_cells), offsets


def _symmetric(puzzles: NDArray[np.uint8], size: int) -> NDArray[np.int64]:
    """Places of the proper puzzles [B, C] that have automorphisms at all: few, and told faster than found."""
    return np.flatnonzero(canonical_by_colours(puzzles, size)[1] > 1)
