"""Which cells of a maze become start and goal.

Every region is measured by a double sweep: the farthest cell from its first one, and the farthest from that. Where even
these two are nearer than what is asked for, the region is left alone; in nearly all mazes no two of its cells are
farther apart. The cells of the other regions are tried as starts in random order; the goal is one of the cells whose
distance is asked for, each as likely.

Shapes: P cells of a board.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below
from .grids import GOAL, NUM_WAYS, START, WALL
from .paths import PathRoom, measure

_UNSEEN, _FAR_ENOUGH, _OUT = range(3)
"""What is known of a cell's region; walls are out."""


@kernel
def choose_ends(
    stream: NDArray[np.uint64],
    board: NDArray[np.uint8],
    least: int,
    most: int,
    memory: PathRoom,
    order: NDArray[np.int32],
) -> int:
    """Write start and goal into a maze.

    Args:
        stream: of random numbers.
        board: uint8 [P], walls and open cells; receives `START` and `GOAL`.
        least: steps between them at least, 1 or more.
        most: and at most.
        memory: from `new_path_room`.
        order: int32 [P], room for the cells that are tried.

    Returns:
        The steps between them; 0 where none were found, and the maze is as it was.
    """
    known, num_starts = memory.numbers, 0
    for cell in range(len(board)):
        known[cell] = _OUT if board[cell] == WALL else _UNSEEN
    for cell in range(len(board)):
        if known[cell] == _UNSEEN:
            _sweep(board, cell, least, memory)
        if known[cell] == _FAR_ENOUGH:
            order[num_starts] = cell
            num_starts += 1
    for i in range(num_starts):
        j = i + below(stream, num_starts - i)
        order[i], order[j] = order[j], order[i]
        start = int(order[i])
        first, end = _span(memory, measure(board, start, memory), least, most)
        if first < end:
            goal = int(memory.queue[first + below(stream, end - first)])
            board[start], board[goal] = START, GOAL
            return int(memory.distances[goal])
    return 0


@kernel
def _sweep(board: NDArray[np.uint8], start: int, least: int, memory: PathRoom) -> None:
    """Note of all cells that can be reached from `start` whether a double sweep goes as far as `least`."""
    distances, queue = memory.distances, memory.queue
    # Most regions are small, and known to be by their cells alone.
    count = _flood(start, memory)
    if count <= least:
        return
    measure(board, start, memory)
    if distances[queue[count - 1]] < least:
        measure(board, int(queue[count - 1]), memory)
    if distances[queue[count - 1]] >= least:
        for cell in queue[:count]:
            memory.numbers[cell] = _FAR_ENOUGH


@kernel
def _flood(start: int, memory: PathRoom) -> int:
    """How many cells can be reached from one that is unseen; they are out from here on."""
    known, queue = memory.numbers, memory.queue
    known[start], queue[0], count, done = _OUT, start, 1, 0
    while done < count:
        cell = int(queue[done])
        done += 1
        for way in range(NUM_WAYS):
            following = cell + int(memory.offsets[way])
            is_new = known[following] == _UNSEEN
            known[following] = _OUT if is_new else known[following]
            queue[count] = following
            count += is_new
    return count


@kernel
def _span(memory: PathRoom, count: int, least: int, most: int) -> tuple[int, int]:
    """The places in the queue of `count` cells, by rising distance, of those from `least` to `most` steps away."""
    distances, queue = memory.distances, memory.queue
    end = count
    while end > 0 and distances[queue[end - 1]] > most:
        end -= 1
    first = end
    while first > 0 and distances[queue[first - 1]] >= least:
        first -= 1
    return first, end
