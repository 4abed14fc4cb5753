"""Whether two cells of a maze can be as far apart as is asked for, seen a row of it at a time.

Most mazes of random walls hold no long path, and this shows it of seven in eight at a tenth of what measuring takes:
no two cells of a region are farther apart than twice what the farthest is from any one of them, nor farther than the
region has cells. A row is a word, a bit for each open cell, so that a breadth-first search takes all cells of one
distance in a few instructions a row. It keeps no order among them, which `paths.measure` does.

Shapes: P cells of a board, n + 2 rows of it.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from ..jit import kernel
from .grids import WALL


class RowRoom(NamedTuple):
    """Memory of the kernels here, for one thread.

    Attributes:
        open: uint64 [n + 2], the open cells that no search has reached, bit c for column c + 1 of the board.
        front: uint64 [n + 3], those of a search's last distance; none between searches.
    """

    open: NDArray[np.uint64]
    front: NDArray[np.uint64]


def new_row_room(size: int) -> RowRoom:
    """Memory for squares of `size` cells to a side, 64 at most."""
    return RowRoom(np.zeros(size + 2, np.uint64), np.zeros(size + 3, np.uint64))


@kernel
def can_be_apart(board: NDArray[np.uint8], least: int, room: RowRoom) -> bool:
    """False only where no two cells with a way between them are `least` steps apart; true may be wrong.

    Args:
        board: uint8 [P].
        least: steps, 1 or more.
        room: from `new_row_room`.
    """
    rows, middle = room.open, len(room.open) // 2
    left, away = _open_cells(board, rows), 0
    # From the middle of the maze on, as from there a region's farthest cell is nearest.
    while left > least:
        row = middle - (away + 1) // 2 if away % 2 else middle + away // 2
        if row >= len(rows) or rows[row] == 0:
            away += 1
            continue
        steps, cells = _reach(row, _one_of(rows[row], middle), room)
        if cells > least and 2 * steps >= least:
            return True
        left -= cells
    return False


@kernel
def _open_cells(board: NDArray[np.uint8], rows: NDArray[np.uint64]) -> int:
    """Note a board's open cells, row by row, and how many they are."""
    width, count = len(rows), 0
    for row in range(1, width - 1):
        bits = np.uint64(0)
        for column in range(1, width - 1):
            bits |= np.uint64(board[row * width + column] != WALL) << np.uint64(column - 1)
        rows[row] = bits
        count += _ones(bits)
    return count


@kernel
def _one_of(bits: np.uint64, middle: int) -> np.uint64:
    """A bit of a word that has one: the first from the middle on, or else the first."""
    upper = (bits >> np.uint64(middle)) << np.uint64(middle)
    bits = upper if upper != 0 else bits
    return bits & (~bits + np.uint64(1))


@kernel
def _reach(row: int, cell: np.uint64, room: RowRoom) -> tuple[int, int]:
    """Take out all cells that can be reached from one: steps to the farthest, and how many cells they are."""
    rows, front, one = room.open, room.front, np.uint64(1)
    rows[row], front[row] = rows[row] ^ cell, cell
    # Where the last distance has cells: rows from first to last.
    first, last, steps, cells = row, row, 0, 1
    while True:
        above, lowest, highest = np.uint64(0), len(rows), 0
        for row in range(first - 1, last + 2):
            here = front[row]
            found = (here << one | here >> one | above | front[row + 1]) & rows[row]
            above, front[row], rows[row] = here, found, rows[row] ^ found
            cells += _ones(found)
            if found != 0:
                lowest, highest = min(lowest, row), row
        if highest == 0:
            return steps, cells
        first, last, steps = lowest, highest, steps + 1


@intrinsic
def _ones(typing_context: Any, word: Any) -> Any:
    """How many bits of a uint64 are set, one machine instruction on most processors."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen
