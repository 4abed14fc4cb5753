"""Other shortest paths of a maze, drawn without putting back.

Shortest paths have ranks: they are in the order of the ways up, left, right and down at the first cell, then at the
next, and so on, so that rank 0 is the path of the tie rule, and one is found by its rank from the numbers of paths from
each cell on. A keyed bijection of the ranks gives the drawn ones, so that the i-th needs no other and none comes twice.
Every path is as likely; where numbers are `paths.MOST_PATHS` or more, nearly so.

Shapes: G mazes, K paths of each, C = n * n cells of a square, P cells of its board.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import ALTERNATIVES, bijection_keys, permute
from .boards import lay, take
from .grids import NUM_WAYS, PATH
from .paths import MOST_PATHS, PathRoom, count_paths, find_ends, measure


@kernel
def mark_ranked(board: NDArray[np.uint8], start: int, rank: int, memory: PathRoom) -> None:
    """Write the shortest path of a rank into a maze.

    Args:
        board: uint8 [P], the maze with its start and goal; receives `PATH` between them.
        start: the cell of the start.
        rank: below the number of paths, which is counted up to `MOST_PATHS`.
        memory: as `count_paths` left it.
    """
    cell, distances, paths = start, memory.distances, memory.paths
    for nearer in range(distances[start] - 1, 0, -1):
        for way in range(NUM_WAYS):
            following = cell + int(memory.offsets[way])
            if distances[following] == nearer:
                if rank < paths[following]:
                    cell = following
                    break
                rank -= int(paths[following])
        board[cell] = PATH


@kernel
def rank_of(board: NDArray[np.uint8], start: int, memory: PathRoom) -> int:
    """The rank of the shortest path that is marked on a board, `MOST_PATHS` at most.

    Args:
        board: uint8 [P], a maze with a shortest path.
        start: the cell of the start.
        memory: as `count_paths` left it.
    """
    cell, rank = start, 0
    for nearer in range(memory.distances[start] - 1, 0, -1):
        for way in range(NUM_WAYS):
            following = cell + int(memory.offsets[way])
            if memory.distances[following] == nearer:
                if board[following] == PATH:
                    cell = following
                    break
                rank = min(rank + int(memory.paths[following]), MOST_PATHS)
    return rank


@kernel
def draw_alternatives(
    seed: int,
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    candidates: NDArray[np.int64],
    found: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    memory: PathRoom,
) -> None:
    """The label of each maze and further shortest paths, as many as there is room for and the maze has.

    Args:
        seed: root seed.
        inputs: uint8 [G, C].
        labels: uint8 [G, C], each its maze with a shortest path.
        candidates: int64 [G].
        found: uint8 [G, K, C], receives the mazes with their paths, the label first.
        sizes: int64 [G], receives how many of each there are, 1 to K; nothing is written behind them.
        memory: from `new_path_room`.
    """
    board = memory.board
    for i in range(len(inputs)):
        lay(inputs[i], memory.offsets, board)
        start, goal = find_ends(board)
        measure(board, goal, memory)
        number = count_paths(start, memory)
        lay(labels[i], memory.offsets, board)
        stored = rank_of(board, start, memory)
        sizes[i] = min(number, found.shape[1])
        found[i, 0] = labels[i]
        keys = bijection_keys(seed, ALTERNATIVES, 0, 0, candidates[i])
        for place in range(1, sizes[i]):
            rank = permute(place - 1, number - 1, keys)
            lay(inputs[i], memory.offsets, board)
            mark_ranked(board, start, rank + (rank >= stored), memory)
            take(board, memory.offsets, found[i, place])
