"""The eight ways to turn and mirror a square, and the form that all images of a maze share.

Shapes: G mazes, C = n * n cells.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel

NUM_MAPS = 8
"""Numbered as the published code does for ARC: 0 identity, 1 to 3 quarter turns against the clock, 4 left-right flip, 5
up-down flip, 6 transpose, 7 transpose along the other diagonal."""


@cache
def maps(size: int) -> NDArray[np.int64]:
    """int64 [8, C]: the cell that each cell of an image is taken from."""
    cells = np.arange(size * size).reshape(size, size)
    turns = [np.rot90(cells, turn) for turn in range(4)]
    images = [*turns, np.fliplr(cells), np.flipud(cells), cells.T, np.fliplr(np.rot90(cells))]
    found = np.stack([image.reshape(-1) for image in images])
    found.setflags(write=False)
    return found


@kernel
def compare(grid: NDArray[np.uint8], one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Which of two images comes first: -1, 0 where they are equal, or 1.

    Args:
        grid: uint8 [C].
        one: int64 [C], a row of `maps`.
        other: int64 [C], another.
    """
    for cell in range(len(grid)):
        a, b = grid[one[cell]], grid[other[cell]]
        if a != b:
            return -1 if a < b else 1
    return 0


@kernel
def find_forms(
    grids: NDArray[np.uint8], images: NDArray[np.int64], forms: NDArray[np.uint8], orders: NDArray[np.int64]
) -> None:
    """The smallest image of each maze, and how many of the maps leave the maze as it is.

    Args:
        grids: uint8 [G, C].
        images: int64 [8, C], from `maps`.
        forms: uint8 [G, C], receives the images.
        orders: int64 [G], receives the numbers, 1 or more.
    """
    for i in range(len(grids)):
        best, orders[i] = 0, 1
        for k in range(1, len(images)):
            if compare(grids[i], images[k], images[best]) < 0:
                best = k
            orders[i] += compare(grids[i], images[k], images[0]) == 0
        for cell in range(grids.shape[1]):
            forms[i, cell] = grids[i, images[best, cell]]
