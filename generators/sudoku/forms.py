"""Canonical forms: one representative for all puzzles of a class, at any size, by refinement and search.

Every row, column, box and value gets a colour, a number that does not depend on how the puzzle is turned (`colours`).
Almost always this tells all lines with clues apart; then the puzzle with its lines in the order of their colours is the
form. Where lines stay tied, each of them in turn is given a colour of its own, and the smallest grid that comes out is
the form. If two lines of a tie lead to the same grid, a symmetry of the puzzle carries one to the other; such
symmetries are noted, and lines that they carry to lines already tried are left out. Lines without clues are never tied.

Two different things may get the same colour by accident. That costs time only: they are tied, all of them are tried,
and what tells two puzzles apart in the end is the grid.

9x9 puzzles come at 120 thousand/s/core, full grids at 24 thousand, the most symmetric grid (648 automorphisms) in 4 ms.
The method is that of McKay and Piperno ("Practical graph isomorphism, II", 2014), section 2.

Shapes: B puzzles, C cells, N size.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .colours import (
    ROOT_ROUNDS,
    ROUNDS,
    WEIGHT_BOX,
    Search,
    compare_lines,
    find_ties,
    mix,
    new_search,
    refine,
    set_puzzle,
)


@kernel
def _arrange(search: Search, depth: int, side: int) -> None:
    """Order the lines of one side by the smallest colour with clues in their band, then their own; empty ones last."""
    size, height = search.shape[0], search.shape[1 + side]
    colours, bands, lines = search.colours[depth], search.bands, search.lines
    start = side * size
    for band in range(size // height):
        bands[band] = ~np.uint64(0)
        for line in range(start + band * height, start + band * height + height):
            if search.used[line] and colours[line] < bands[band]:
                bands[band] = colours[line]
    for i in range(size):
        line = start + i
        k = line
        while k > start and _goes_before(search.used, colours, bands, height, start, line, lines[k - 1]):
            lines[k] = lines[k - 1]
            k -= 1
        lines[k] = line


@kernel
def _goes_before(
    used: NDArray[np.bool_],
    colours: NDArray[np.uint64],
    bands: NDArray[np.uint64],
    height: int,
    start: int,
    line: int,
    other: int,
) -> bool:
    """Whether `line` comes before `other` in the form, see `_arrange`; bands without clues keep their order."""
    band, other_band = (line - start) // height, (other - start) // height
    if band != other_band:
        return bool(bands[band] < bands[other_band])
    if used[line] != used[other]:
        return bool(used[line])
    return bool(colours[line] < colours[other])


@kernel
def _compare_leaf(search: Search, grid: NDArray[np.int64], replace: bool) -> int:
    """Compare the grid of the lines at hand, values relabelled as they appear, with another.

    Args:
        search: with `lines` set.
        grid: int64 [C], the other grid.
        replace: whether to put the grid at hand in its place where that is smaller; where it starts with -1, always.

    Returns:
        -1, 0, 1 where it is smaller, the same, larger.
    """
    size, labels = search.shape[0], search.labels
    labels[:] = 0
    num_labels, outcome = 0, 0
    for row in range(size):
        base = search.lines[row] * size
        for column in range(size):
            value = search.cells[base + search.lines[size + column] - size]
            if value:
                if labels[value] == 0:
                    num_labels += 1
                    labels[value] = num_labels
                value = labels[value]
            k = row * size + column
            if outcome == 0 and value != grid[k]:
                if value > grid[k] >= 0 or not replace:
                    return 1 if value > grid[k] else -1
                outcome = -1
            if outcome < 0:
                grid[k] = value
    return outcome


@kernel
def _root(forest: NDArray[np.int64], line: int) -> int:
    """The line that stands for the orbit of a line."""
    while forest[line] != line:
        line = forest[line]
    return line


@kernel
def _join_orbits(search: Search, split: int) -> bool:
    """Note the symmetry that carries the first leaf's lines to those at hand, if it carries one path to the other.

    Returns:
        Whether it does. Then all that lies below the line picked at depth `split` is an image of what has been visited.
    """
    size = search.shape[0]
    for depth in range(split + 1):
        picked = search.tied[depth, search.tied[depth, size + 1] - 1]
        for k in range(2 * size):
            if search.first_lines[k] == search.path[depth] and search.lines[k] != picked:
                return False
    for depth in range(split + 1):
        forest = search.orbits[depth]
        for k in range(2 * size):
            one, other = _root(forest, search.first_lines[k]), _root(forest, search.lines[k])
            forest[max(one, other)] = min(one, other)
    return True


@kernel
def _note_generator(search: Search) -> None:
    """Note the move of the symmetry that carries the first leaf's lines to those at hand."""
    size = search.shape[0]
    move = search.generators[search.num_generators[0]]
    search.num_generators[0] += 1
    for i in range(size):
        for j in range(size):
            image = _cell(search.first_lines[i], search.first_lines[size + j], size, search.turns[1])
            move[image] = _cell(search.lines[i], search.lines[size + j], size, search.turns[0])


@kernel
def _cell(row: int, column: int, size: int, turned: int) -> int:
    """Cell of the puzzle where two lines of the search cross; columns are numbered from N."""
    return (column - size) * size + row if turned else row * size + column - size


@kernel
def _is_spared(search: Search, depth: int) -> bool:
    """Whether a symmetry carries a line tried before at this depth to the one picked now."""
    size, forest = search.shape[0], search.orbits[depth]
    now = search.tied[depth, size + 1] - 1
    for k in range(now):
        if _root(forest, search.tied[depth, k]) == _root(forest, search.tied[depth, now]):
            return True
    return False


@kernel
def _orbit_size(search: Search, depth: int) -> int:
    """How many lines symmetries carry the first path's line at this depth to."""
    size, forest = search.shape[0], search.orbits[depth]
    found = 0
    for k in range(search.tied[depth, size]):
        found += _root(forest, search.tied[depth, k]) == _root(forest, search.path[depth])
    return found


@kernel
def _start(search: Search, puzzle: NDArray[np.uint8], turned: int) -> bool:
    """Colour a puzzle; False where the other way of transposing it has the smaller colours and is enough."""
    size = search.shape[0]
    set_puzzle(search, puzzle, turned)
    refine(search, 0, ROOT_ROUNDS)
    if find_ties(search, 0):
        compare_lines(search)
        refine(search, 0, ROUNDS)
        find_ties(search, 0)
    rows, columns = np.uint64(0), np.uint64(0)
    for line in range(size):
        rows += mix(search.colours[0, line])
        columns += mix(search.colours[0, size + line])
    return bool(rows <= columns or search.shape[1] != search.shape[2])


@kernel
def _pick(search: Search, depth: int) -> None:
    """Give the line picked at a depth a colour of its own, in the next depth."""
    size = search.shape[0]
    line = search.tied[depth, search.tied[depth, size + 1] - 1]
    search.colours[depth + 1] = search.colours[depth]
    search.colours[depth + 1, line] = mix(search.colours[depth, line] + WEIGHT_BOX)
    refine(search, depth + 1, ROUNDS)
    find_ties(search, depth + 1)


@kernel
def _visit_leaf(search: Search, depth: int) -> bool:
    """Order the lines of a leaf and keep its grid where it is the smallest; whether it is the first leaf's grid."""
    _arrange(search, depth, 0)
    _arrange(search, depth, 1)
    outcome = _compare_leaf(search, search.best, True)
    return outcome >= 0 and _compare_leaf(search, search.first, False) == 0


@kernel
def _go_first(search: Search) -> int:
    """Walk to the first leaf, trying the first of all ties; returns its depth."""
    size = search.shape[0]
    depth = 0
    while True:
        for line in range(2 * size):
            search.orbits[depth, line] = line
        if search.tied[depth, size] == 0:
            _visit_leaf(search, depth)
            search.first[:] = search.best
            search.first_lines[:] = search.lines
            search.turns[1] = search.turns[0]
            return depth
        search.path[depth] = search.tied[depth, 0]
        search.tied[depth, size + 1] = 1
        _pick(search, depth)
        depth += 1


@kernel
def _search_first_tree(search: Search) -> int:
    """Visit all leaves but those that symmetries spare; returns the number of symmetries."""
    size = search.shape[0]
    num_symmetries = 1
    split = _go_first(search) - 1
    depth = split
    while depth >= 0:
        tied = search.tied[depth]
        if tied[size] == 0:
            if _visit_leaf(search, depth) and _join_orbits(search, split):
                _note_generator(search)
                depth = split
            else:
                depth -= 1
        elif tied[size + 1] == tied[size]:
            if depth == split:
                num_symmetries *= _orbit_size(search, depth)
                split -= 1
            depth -= 1
        else:
            tied[size + 1] += 1
            if depth > split or not _is_spared(search, depth):
                _pick(search, depth)
                depth += 1
    return num_symmetries


@kernel
def _search_other_tree(search: Search) -> bool:
    """Visit the leaves of the transposed puzzle; True, and no more of them, once one is the first leaf's grid."""
    size = search.shape[0]
    depth = 0
    while depth >= 0:
        tied = search.tied[depth]
        if tied[size] == 0:
            if _visit_leaf(search, depth):
                _note_generator(search)
                return True
            depth -= 1
        elif tied[size + 1] == tied[size]:
            depth -= 1
        else:
            tied[size + 1] += 1
            _pick(search, depth)
            depth += 1
    return False


@kernel
def find_forms(
    puzzles: NDArray[np.uint8], search: Search, forms: NDArray[np.uint8], num_symmetries: NDArray[np.int64]
) -> None:
    """Canonical forms of puzzles.

    Args:
        puzzles: uint8 [B, C], 0 = blank, of any kind, full, empty or contradictory.
        search: from `new_search`.
        forms: uint8 [B, C], receives the forms.
        num_symmetries: int64 [B], receives the number of spatial symmetries that give the puzzle itself up to
            values, not counting those that only move empty lines.
    """
    for i in range(len(puzzles)):
        search.best[:] = -1
        search.num_generators[0] = 0
        visited = False
        if _start(search, puzzles[i], 0):
            num_symmetries[i] = _search_first_tree(search)
            visited = True
        if search.shape[1] == search.shape[2] and _start(search, puzzles[i], 1):
            if not visited:
                num_symmetries[i] = _search_first_tree(search)
            elif _search_other_tree(search):
                num_symmetries[i] *= 2
        for cell in range(len(search.best)):
            forms[i, cell] = search.best[cell]


def canonical(puzzles: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The representative of each puzzle's class, and how symmetric the puzzle is.

    Args:
        puzzles: uint8 [B, C], 0 = blank.
        size: N.

    Returns:
        Forms uint8 [B, C], and the numbers of automorphisms int64 [B], see `find_forms`.
    """
    forms = np.empty_like(puzzles)
    num_symmetries = np.ones(len(puzzles), np.int64)
    find_forms(np.ascontiguousarray(puzzles), new_search(size), forms, num_symmetries)
    return forms, num_symmetries


def generators(puzzle: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Symmetries that generate all spatial automorphisms of a proper puzzle.

    Args:
        puzzle: uint8 [C], 0 = blank.
        size: N.

    Returns:
        Their moves, uint8 [G, C].
    """
    search = new_search(size)
    find_forms(puzzle[None].copy(), search, np.empty((1, size * size), np.uint8), np.empty(1, np.int64))
    return search.generators[: search.num_generators[0]].copy()
