"""Boards: a square with a wall around it, on which kernels walk without looking for the edge.

A way's offset is what takes a cell to the next one on that way. Ways are numbered as in `grids`.

Shapes: C = n * n cells of a square, P = (n + 2) ** 2 cells of a board.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .grids import NUM_WAYS, WALL


def offsets_of(size: int) -> NDArray[np.int64]:
    """int64 [4]: the offset of each way on a board around a square of `size` cells to a side."""
    width = size + 2
    return np.array([-width, -1, 1, width], np.int64)


def board_cells(size: int) -> int:
    """P."""
    return (size + 2) ** 2


@kernel
def lay(grid: NDArray[np.uint8], offsets: NDArray[np.int64], board: NDArray[np.uint8]) -> None:
    """Put a square uint8 [C] on its board uint8 [P], with a wall around it."""
    width = int(offsets[NUM_WAYS - 1])
    size = width - 2
    board[:] = WALL
    for row in range(size):
        first = (row + 1) * width + 1
        board[first : first + size] = grid[row * size : (row + 1) * size]


@kernel
def take(board: NDArray[np.uint8], offsets: NDArray[np.int64], grid: NDArray[np.uint8]) -> None:
    """The inverse of `lay`."""
    width = int(offsets[NUM_WAYS - 1])
    size = width - 2
    for row in range(size):
        first = (row + 1) * width + 1
        grid[row * size : (row + 1) * size] = board[first : first + size]
