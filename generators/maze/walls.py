"""Walls at random, and walls of a perfect maze that are taken away again.

Shapes: P cells of a board, C = n * n of them in its square, R rooms.
Source: mazes of random walls are those of Lehnert et al. 2024 (searchformer), as Maze-Hard has them.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below
from .grids import DOWN, NUM_WAYS, OPEN, RIGHT, WALL

LEAST_WALLS, MOST_WALLS = 30, 50
"""Per cent of the cells that are walls, each whole number of cells between as likely."""
_HUNDRED = 100


@kernel
def strew(
    stream: NDArray[np.uint64], board: NDArray[np.uint8], offsets: NDArray[np.int64], order: NDArray[np.int32]
) -> None:
    """Fill a board with walls in 30 to 50 per cent of its square's cells, every set of so many as likely.

    Args:
        stream: of random numbers.
        board: uint8 [P], receives `WALL` and `OPEN`.
        offsets: int64 [4].
        order: int32 [P], room for a shuffle.
    """
    width, num_cells = int(offsets[NUM_WAYS - 1]), 0
    board[:] = WALL
    for row in range(1, width - 1):
        for column in range(1, width - 1):
            order[num_cells] = row * width + column
            board[order[num_cells]] = OPEN
            num_cells += 1
    least, most = -(-LEAST_WALLS * num_cells // _HUNDRED), MOST_WALLS * num_cells // _HUNDRED
    _draw_first(stream, order, num_cells, least + below(stream, most - least + 1), board, WALL)


@kernel
def take_away(
    stream: NDArray[np.uint64],
    board: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    rooms: NDArray[np.int32],
    per_cent: int,
    order: NDArray[np.int32],
) -> None:
    """Open some of the walls between two rooms of a perfect maze, every set of so many as likely.

    Args:
        stream: of random numbers.
        board: uint8 [P], a perfect maze.
        offsets: int64 [4].
        rooms: int32 [R], the cells of the rooms.
        per_cent: how many of these walls, 0 to 100, rounded to the nearest number.
        order: int32 [P], room for the walls.
    """
    count = 0
    for room in rooms:
        for way in (RIGHT, DOWN):
            between = int(room) + int(offsets[way])
            if board[between] == WALL and board[between + offsets[way]] == OPEN:
                order[count] = between
                count += 1
    _draw_first(stream, order, count, (per_cent * count + _HUNDRED // 2) // _HUNDRED, board, OPEN)


@kernel
def _draw_first(
    stream: NDArray[np.uint64],
    order: NDArray[np.int32],
    count: int,
    wanted: int,
    board: NDArray[np.uint8],
    token: int,
) -> None:
    """Write a token into so many cells of the first `count` of `order`, drawn without putting back."""
    for i in range(wanted):
        j = i + below(stream, count - i)
        order[i], order[j] = order[j], order[i]
        board[order[i]] = token
