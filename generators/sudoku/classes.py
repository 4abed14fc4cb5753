"""Classes: the representative of a puzzle's class, and the automorphisms of a puzzle.

Both come from the search by colours (`forms`), which meets symmetries that generate all automorphisms. For the few
puzzles that have any, all products of these are formed here.

Shapes: B puzzles, C cells, N size, D generators, H automorphisms.
"""

import numpy as np
from numpy.typing import NDArray

from .batches import check_puzzles, in_slices
from .forms import canonical as canonical_forms
from .forms import generators


def canonical(puzzles: NDArray[np.uint8], threads: int = 1) -> NDArray[np.uint8]:
    """The representative of each puzzle's class under all symmetries.

    Relabelling, reordering rows and columns within bands and stacks, reordering these, and transposing where boxes
    are square: two puzzles have the same representative exactly where such a symmetry carries one to the other.

    Args:
        puzzles: uint8 [B, C], values 1..N and 0 = blank, of any kind; C is 16, 36, 81 or 256.
        threads: cores to use.

    Returns:
        Uint8 [B, C], puzzles of the same classes.

    Raises:
        InputError: the shape or a value is not one of a Sudoku, or `threads` is below 1.
    """
    size = check_puzzles(puzzles)
    return in_slices(lambda part: canonical_forms(part, size), puzzles, threads)[0]


def automorphisms(
    puzzles: NDArray[np.uint8], size: int, orders: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Spatial automorphisms of each puzzle, the identity left out.

    A proper puzzle has at most one empty line in a band, as two could change places in its solution. So what a symmetry
    does to the lines with clues tells all that it does, and the symmetries that the search meets generate all.

    Args:
        puzzles: uint8 [B, C], proper puzzles (one solution), 0 = blank.
        size: N.
        orders: int64 [B], how many automorphisms each puzzle has, the identity counted, where `forms.canonical` has
            told so already; then only puzzles with more than one take a search.

    Returns:
        All of them, uint8 [H, C] (cell i of the image is cell ``[i]`` of the puzzle), each puzzle's in rising order as
        lists of cells, and the offsets of each puzzle's, int64 [B + 1].
    """
    if orders is None:
        _, orders = canonical_forms(puzzles, size)
    groups = [np.empty((0, size * size), np.uint8)]
    for i in np.flatnonzero(orders > 1):
        group = _close(generators(puzzles[i], size))
        assert len(group) == orders[i], "an automorphism moves empty lines alone: the puzzle is not proper"
        # The identity is the first in rising order.
        groups.append(group[1:])
    return np.concatenate(groups), np.concatenate([[0], np.cumsum(orders - 1)])


def _close(moves: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All products of moves [D, C], each once, in rising order."""
    group = np.arange(moves.shape[1], dtype=np.uint8)[None]
    while True:
        products = group[:, moves].reshape(-1, moves.shape[1])
        larger = np.unique(np.concatenate([group, products]), axis=0)
        if len(larger) == len(group):
            return larger
        group = larger
