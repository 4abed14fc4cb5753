"""Distances in a maze, the number of shortest paths, the one that is the label, and whether an answer is one.

Which of several shortest paths the label is: from the start on, the first way of up, left, right and down that leads
nearer to the goal. A step is from a cell to one of the four beside it; a path of d steps has d - 1 cells between its
ends.

Shapes: C = n * n cells of a square, P cells of its board, N mazes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .boards import board_cells, lay, offsets_of, take
from .grids import GOAL, NUM_WAYS, OPEN, PATH, START, WALL
from .regions import RowRoom, new_row_room

UNREACHED, NOWHERE = -1, -1
_IN_A_WALL = -2
MOST_PATHS = 2**53
"""From here on shortest paths are not counted: the last number up to which a float64 has all whole ones."""


class PathRoom(NamedTuple):
    """Tables and memory of the kernels here, for one thread.

    Attributes:
        offsets: int64 [4], see `boards`.
        board: uint8 [P].
        distances: int32 [P], see `measure`.
        queue: int32 [P], see `measure`.
        numbers: int32 [P], what is known of a cell's region, see `ends`.
        paths: int64 [P], see `count_paths`.
        rows: see `regions`.
    """

    offsets: NDArray[np.int64]
    board: NDArray[np.uint8]
    distances: NDArray[np.int32]
    queue: NDArray[np.int32]
    numbers: NDArray[np.int32]
    paths: NDArray[np.int64]
    rows: RowRoom


def new_path_room(size: int) -> PathRoom:
    """Memory for squares of `size` cells to a side."""
    cells = board_cells(size)
    distances, queue, numbers = (np.empty(cells, np.int32) for _ in range(3))
    board, paths = np.empty(cells, np.uint8), np.empty(cells, np.int64)
    return PathRoom(offsets_of(size), board, distances, queue, numbers, paths, new_row_room(size))


@kernel
def measure(board: NDArray[np.uint8], source: int, memory: PathRoom) -> int:
    """Distances of all cells from one, by breadth-first search.

    Args:
        board: uint8 [P]; all but `WALL` can be walked on.
        source: a cell that is no wall.
        memory: its `distances` receive steps, `UNREACHED` where there is no way and less in walls, and its `queue` the
            cells that are reached, by rising distance.

    Returns:
        How many cells are reached, `source` among them.
    """
    distances, queue, offsets = memory.distances, memory.queue, memory.offsets
    for cell in range(len(board)):
        distances[cell] = _IN_A_WALL if board[cell] == WALL else UNREACHED
    distances[source], queue[0], count, done = 0, source, 1, 0
    while done < count:
        cell = int(queue[done])
        done += 1
        for way in range(NUM_WAYS):
            # Without a branch: which way is open cannot be foreseen, so a wrong guess would cost more than the work.
            following = cell + int(offsets[way])
            is_new = distances[following] == UNREACHED
            distances[following] = distances[cell] + 1 if is_new else distances[following]
            queue[count] = following
            count += is_new
    return count


@kernel
def count_paths(start: int, memory: PathRoom) -> int:
    """How many shortest paths lead from `start` to the cell that `measure` began with, `MOST_PATHS` at most.

    Args:
        start: a cell that was reached.
        memory: as `measure` left it; its `paths` receive the same number for every cell that is nearer than the start.
    """
    distances, queue, paths = memory.distances, memory.queue, memory.paths
    paths[queue[0]], place = 1, 0
    while queue[place] != start:
        place += 1
        cell, total = int(queue[place]), 0
        for way in range(NUM_WAYS):
            following = cell + int(memory.offsets[way])
            if distances[following] == distances[cell] - 1:
                total += int(paths[following])
        paths[cell] = min(total, MOST_PATHS)
    return int(paths[start])


@kernel
def mark_path(board: NDArray[np.uint8], start: int, memory: PathRoom) -> None:
    """Write the label's path into a maze.

    Args:
        board: uint8 [P], the maze with its start and goal; receives `PATH` between them.
        start: the cell of the start.
        memory: as `measure` left it, from the goal on.
    """
    cell, distances = start, memory.distances
    for nearer in range(distances[start] - 1, 0, -1):
        for way in range(NUM_WAYS):
            following = cell + int(memory.offsets[way])
            if distances[following] == nearer:
                cell = following
                break
        board[cell] = PATH


@kernel
def find_ends(grid: NDArray[np.uint8]) -> tuple[int, int]:
    """The cells of start and goal in a square or on a board; `NOWHERE` for one that is missing or there twice."""
    start, goal, starts, goals = NOWHERE, NOWHERE, 0, 0
    for cell in range(len(grid)):
        if grid[cell] == START:
            start, starts = cell, starts + 1
        elif grid[cell] == GOAL:
            goal, goals = cell, goals + 1
    return (start if starts == 1 else NOWHERE), (goal if goals == 1 else NOWHERE)


@kernel
def solve_all(
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    numbers: NDArray[np.int64],
    memory: PathRoom,
) -> None:
    """A shortest path of each maze, its length and the number of such paths.

    Args:
        inputs: uint8 [N, C].
        labels: uint8 [N, C], receives the mazes with their paths; without one where there is none.
        lengths: int64 [N], receives steps from start to goal; 0 where there is no path.
        numbers: int64 [N], receives how many shortest paths there are, `MOST_PATHS` at most.
        memory: from `new_path_room`.
    """
    board = memory.board
    for i in range(len(inputs)):
        labels[i] = inputs[i]
        lengths[i] = numbers[i] = 0
        lay(inputs[i], memory.offsets, board)
        start, goal = find_ends(board)
        if start == NOWHERE or goal == NOWHERE:
            continue
        measure(board, goal, memory)
        if memory.distances[start] == UNREACHED:
            continue
        lengths[i] = memory.distances[start]
        numbers[i] = count_paths(start, memory)
        mark_path(board, start, memory)
        take(board, memory.offsets, labels[i])


@kernel
def check_all(inputs: NDArray[np.uint8], labels: NDArray[np.uint8], right: NDArray[np.bool_], memory: PathRoom) -> None:
    """Whether each label is its maze with a shortest path, whichever.

    Args:
        inputs: uint8 [N, C].
        labels: uint8 [N, C].
        right: bool [N], receives the answers.
        memory: from `new_path_room`.
    """
    board = memory.board
    for i in range(len(inputs)):
        lay(inputs[i], memory.offsets, board)
        start, goal = find_ends(board)
        right[i] = start != NOWHERE and goal != NOWHERE and _keeps(inputs[i], labels[i])
        if right[i]:
            measure(board, start, memory)
            shortest = int(memory.distances[goal])
            lay(labels[i], memory.offsets, board)
            right[i] = _joins(board, start, shortest, memory)


@kernel
def join_all(inputs: NDArray[np.uint8], labels: NDArray[np.uint8], joined: NDArray[np.bool_], memory: PathRoom) -> None:
    """Whether each label is its maze with marks on open cells that join start and goal, by whatever way.

    Args:
        inputs: uint8 [N, C].
        labels: uint8 [N, C].
        joined: bool [N], receives the answers.
        memory: from `new_path_room`.
    """
    board = memory.board
    for i in range(len(inputs)):
        start, goal = find_ends(inputs[i])
        joined[i] = start != NOWHERE and goal != NOWHERE and _keeps(inputs[i], labels[i])
        if joined[i]:
            lay(labels[i], memory.offsets, board)
            start, goal = find_ends(board)
            _leave_marks(board)
            measure(board, start, memory)
            joined[i] = memory.distances[goal] != UNREACHED


@kernel
def _leave_marks(board: NDArray[np.uint8]) -> int:
    """Make a wall of all but the marked cells and both ends; returns how many those are."""
    count = 0
    for cell in range(len(board)):
        is_marked = board[cell] == PATH or board[cell] == START or board[cell] == GOAL
        count += is_marked
        if not is_marked:
            board[cell] = WALL
    return count


@kernel
def _keeps(maze: NDArray[np.uint8], label: NDArray[np.uint8]) -> bool:
    """Whether a label is its maze but for marks on open cells."""
    for cell in range(len(maze)):
        if label[cell] != maze[cell] and (label[cell] != PATH or maze[cell] != OPEN):
            return False
    return True


@kernel
def _joins(board: NDArray[np.uint8], start: int, shortest: int, memory: PathRoom) -> bool:
    """Whether the marked cells and both ends are one more than the steps of a shortest path, and hang together.

    Then they are such a path: fewer cells do not join the ends.
    """
    num_marked = _leave_marks(board)
    return num_marked == shortest + 1 and measure(board, start, memory) == num_marked
