"""Mazes as they are asked for, one candidate after the other.

A candidate has one stream for each attempt: walls are drawn, then the ends; where no ends are found that are as far
apart as is asked for, the next attempt begins. So a candidate is a function of its seed, purpose and index alone.

Shapes: B mazes, C = n * n cells, P cells of a board.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import open_stream
from .asked import HARD, KINDS, OPEN, Asked
from .boards import take
from .ends import choose_ends
from .paths import NOWHERE, PathRoom, mark_path, new_path_room
from .trees import ALGORITHMS, TreeRoom, carve, new_tree_room
from .walls import Shuffle, new_shuffle, strew, take_away

MOST_ATTEMPTS = 4096
"""After so many without ends that are far enough apart a candidate is given up."""

_HARD, _OPEN = KINDS.index(HARD), KINDS.index(OPEN)


class Wanted(NamedTuple):
    """What is asked for, in numbers.

    Attributes:
        kind: the place of a word in `KINDS`.
        algorithm: the place of a word in `ALGORITHMS`.
        removed: per cent.
        least: steps of the path at least.
        most: and at most.
        attempts: `MOST_ATTEMPTS`, or fewer.
    """

    kind: int
    algorithm: int
    removed: int
    least: int
    most: int
    attempts: int


def wanted_of(asked: Asked, size: int, attempts: int = MOST_ATTEMPTS) -> Wanted:
    """What `make_all` takes.

    Raises:
        OptionError: no path of this size is as long as is asked for.
    """
    kind, algorithm = KINDS.index(asked.kind), ALGORITHMS.index(asked.algorithm)
    return Wanted(kind, algorithm, asked.removed, *asked.steps(size), attempts)


@kernel
def _draw(stream: NDArray[np.uint64], wanted: Wanted, tree: TreeRoom, memory: PathRoom, shuffle: Shuffle) -> int:
    """A maze with its ends on the board, and the cell of the start; `NOWHERE` where ends are not found."""
    board, offsets = memory.board, memory.offsets
    if wanted.kind == _HARD:
        strew(stream, board, offsets, shuffle)
    else:
        carve(stream, board, offsets, wanted.algorithm, tree)
        if wanted.kind == _OPEN:
            take_away(stream, board, offsets, tree.rooms, wanted.removed, shuffle)
    return choose_ends(stream, board, wanted.least, wanted.most, memory, shuffle.cells)


@kernel
def make_all(
    seed: int,
    purpose: int,
    start: int,
    wanted: Wanted,
    tree: TreeRoom,
    memory: PathRoom,
    shuffle: Shuffle,
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    lengths: NDArray[np.int64],
) -> None:
    """Make candidates start, start + 1, ... of the stream (seed, purpose).

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        wanted: from `wanted_of`.
        tree: from `new_tree_room`.
        memory: from `new_path_room`.
        shuffle: from `new_shuffle`.
        inputs: uint8 [B, C], receives the mazes.
        labels: uint8 [B, C], receives them with their paths.
        lengths: int64 [B], receives the steps from start to goal; 0 for a candidate that was given up.
    """
    board = memory.board
    for i in range(len(inputs)):
        lengths[i] = 0
        for attempt in range(wanted.attempts):
            stream = open_stream(seed, purpose, attempt, 0, start + i)
            first = _draw(stream, wanted, tree, memory, shuffle)
            if first != NOWHERE:
                lengths[i] = memory.distances[first]
                break
        take(board, memory.offsets, inputs[i])
        if lengths[i] > 0:
            mark_path(board, first, memory)
        take(board, memory.offsets, labels[i])


def new_workbench(size: int) -> tuple[TreeRoom, PathRoom, Shuffle]:
    """The arguments `tree`, `memory` and `shuffle` of `make_all`, for one thread."""
    return new_tree_room(size), new_path_room(size), new_shuffle(size)


def make(
    seed: int, purpose: int, start: int, count: int, size: int, wanted: Wanted
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Make mazes on one core.

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        count: candidates to make.
        size: n.
        wanted: from `wanted_of`.

    Returns:
        Mazes and labels uint8 [B, C], and steps int64 [B], 0 for candidates that were given up.
    """
    inputs, lengths = np.empty((count, size * size), np.uint8), np.empty(count, np.int64)
    labels = np.empty_like(inputs)
    make_all(seed, purpose, start, wanted, *new_workbench(size), inputs, labels, lengths)
    return inputs, labels, lengths
