"""Which cells of a maze become goal and start.

The start is one of the cells whose distance from the goal is asked for, each as likely. Where no more is asked for than
a side of the square, a goal is tried that is drawn from all open cells; most have a partner then. Where it has none, or
more is asked for, every region is measured by a double sweep: the farthest cell from its first one, and the farthest
from that. Where even these two are nearer than what is asked for, the region is left alone; in nearly all mazes no two
of its cells are farther apart. The cells of the other regions are tried as goals in random order. Where more is asked
for than a side, what cannot be met by any two cells is mostly seen before anything is measured (`regions`).

Shapes: P cells of a board.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below
from .grids import GOAL, NUM_WAYS, START, WALL
from .paths import NOWHERE, PathRoom, measure
from .regions import can_be_apart

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
    """Write goal and start into a maze.

    Args:
        stream: of random numbers.
        board: uint8 [P], walls and open cells, one at least; receives `START` and `GOAL`.
        least: steps between them at least, 1 or more.
        most: and at most.
        memory: from `new_path_room`; where ends are found it is as `measure` leaves it, from the goal on.
        order: int32 [P], room for the cells that are tried.

    Returns:
        The cell of the start; `NOWHERE` where no ends were found, and the maze is as it was.
    """
    if least <= memory.offsets[NUM_WAYS - 1]:
        start = _try_goal(stream, board, _any_open(stream, board), least, most, memory)
        # Where there is none, goals are drawn from those that have a partner, so that each is as likely all the same.
        if start != NOWHERE:
            return start
    elif not can_be_apart(board, least, memory.rows):
        return NOWHERE
    known, num_goals = memory.numbers, 0
    for cell in range(len(board)):
        known[cell] = _OUT if board[cell] == WALL else _UNSEEN
    for cell in range(len(board)):
        if known[cell] == _UNSEEN:
            _sweep(board, cell, least, memory)
        if known[cell] == _FAR_ENOUGH:
            order[num_goals] = cell
            num_goals += 1
    for i in range(num_goals):
        j = i + below(stream, num_goals - i)
        order[i], order[j] = order[j], order[i]
        start = _try_goal(stream, board, int(order[i]), least, most, memory)
        if start != NOWHERE:
            return start
    return NOWHERE


@kernel
def _any_open(stream: NDArray[np.uint64], board: NDArray[np.uint8]) -> int:
    """One of the cells that are no wall, each as likely."""
    cell = below(stream, len(board))
    while board[cell] == WALL:
        cell = below(stream, len(board))
    return int(cell)


@kernel
def _try_goal(
    stream: NDArray[np.uint64], board: NDArray[np.uint8], goal: int, least: int, most: int, memory: PathRoom
) -> int:
    """Write a goal and a start as far from it as is asked for, which is returned; `NOWHERE` where there is none."""
    count = measure(board, goal, memory)
    first, end = _first_from(memory, count, least), _first_from(memory, count, most + 1)
    if first == end:
        return NOWHERE
    start = int(memory.queue[first + below(stream, end - first)])
    board[start], board[goal] = START, GOAL
    return start


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
def _first_from(memory: PathRoom, count: int, least: int) -> int:
    """The place of the first of the `count` cells of the queue, by rising distance, that is so many steps away."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if memory.distances[memory.queue[middle]] < least:
            low = middle + 1
        else:
            high = middle
    return low
