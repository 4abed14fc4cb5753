"""Walls at random, and walls of a perfect maze that are taken away again.

Shapes: P cells of a board, C = n * n of them in its square, R rooms.
Source: mazes of random walls are those of Lehnert et al. 2024 (searchformer), as Maze-Hard has them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, mulhi, next_many
from .boards import board_cells
from .grids import DOWN, NUM_WAYS, OPEN, RIGHT, WALL

LEAST_WALLS, MOST_WALLS = 30, 50
"""Per cent of the cells that are walls, each whole number of cells between as likely."""
_HUNDRED = 100


class Shuffle(NamedTuple):
    """Memory to draw cells without putting back, for one thread.

    Attributes:
        cells: int32 [P], those that can be drawn; the drawn ones come first.
        words: uint64 [P], random numbers.
    """

    cells: NDArray[np.int32]
    words: NDArray[np.uint64]


def new_shuffle(size: int) -> Shuffle:
    """Memory for squares of `size` cells to a side."""
    return Shuffle(np.empty(board_cells(size), np.int32), np.empty(board_cells(size), np.uint64))


@kernel
def strew(stream: NDArray[np.uint64], board: NDArray[np.uint8], offsets: NDArray[np.int64], shuffle: Shuffle) -> None:
    """Fill a board with walls in 30 to 50 per cent of its square's cells, every set of so many as likely.

    Args:
        stream: of random numbers.
        board: uint8 [P], receives `WALL` and `OPEN`.
        offsets: int64 [4].
        shuffle: from `new_shuffle`.
    """
    width, num_cells = int(offsets[NUM_WAYS - 1]), 0
    board[:] = WALL
    for row in range(1, width - 1):
        for column in range(1, width - 1):
            cell = row * width + column
            shuffle.cells[num_cells], board[cell] = cell, OPEN
            num_cells += 1
    least, most = -(-LEAST_WALLS * num_cells // _HUNDRED), MOST_WALLS * num_cells // _HUNDRED
    _draw_first(stream, shuffle, num_cells, least + below(stream, most - least + 1), board, WALL)


@kernel
def take_away(
    stream: NDArray[np.uint64],
    board: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    rooms: NDArray[np.int32],
    per_cent: int,
    shuffle: Shuffle,
) -> None:
    """Open some of the walls between two rooms of a perfect maze, every set of so many as likely.

    Args:
        stream: of random numbers.
        board: uint8 [P], a perfect maze.
        offsets: int64 [4].
        rooms: int32 [R], the cells of the rooms.
        per_cent: how many of these walls, 0 to 100, rounded to the nearest number.
        shuffle: from `new_shuffle`.
    """
    count = 0
    for room in rooms:
        for way in (RIGHT, DOWN):
            between = int(room) + int(offsets[way])
            if board[between] == WALL and board[between + offsets[way]] == OPEN:
                shuffle.cells[count] = between
                count += 1
    _draw_first(stream, shuffle, count, (per_cent * count + _HUNDRED // 2) // _HUNDRED, board, OPEN)


@kernel
def _draw_first(
    stream: NDArray[np.uint64], shuffle: Shuffle, count: int, wanted: int, board: NDArray[np.uint8], token: int
) -> None:
    """Write a token into so many of the first `count` cells, drawn without putting back."""
    cells, words = shuffle.cells, shuffle.words[:wanted]
    next_many(stream, words)
    for i in range(wanted):
        j = i + np.int64(mulhi(words[i], np.uint64(count - i)))
        cells[i], cells[j] = cells[j], cells[i]
        board[cells[i]] = token
