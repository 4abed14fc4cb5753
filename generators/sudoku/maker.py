"""The plain maker, for any size: a random full grid, and clues taken away from one until none can go.

Clues are tried in a given order. As taking away more never restores uniqueness, the first clue that must stay is found
by bisection over that order, which gives the same puzzle as trying one after the other with half the solver calls. This
serves 4x4, 6x6 and 16x16, and is what the tests compare the 9x9 engine (`nine`) with.

At 16x16 few grids and orders take most of the time, some without an end in sight: where the solver has guessed too
often, a grid is given up for another one drawn from the same stream, and an order is given up by `minimise` for its
caller to draw another. Smaller sizes never come near the bounds.

Shapes: C cells, N size, U units, P peers.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, shuffle
from .solver import fewest, load, propagate, search_near, value_of

MOST_GUESSES = 20_000
"""Guesses for one order: of 16x16 puzzles, more than half take fewer, and a few take very many more."""

MOST_DRAWS = 10_000
"""Draws for one grid; a 16x16 grid takes some 150."""


@kernel
def draw_grid(
    stream: NDArray[np.uint64],
    stack: NDArray[np.int32],
    queue: NDArray[np.int16],
    grid: NDArray[np.uint8],
    units: NDArray[np.int16],
    peers: NDArray[np.int16],
) -> None:
    """Draw a full grid: a random first row, then random values by the solver's own search.

    Args:
        stream: randomness, see `rng.open_stream`.
        stack: int32 [C + 1, C], room for guesses.
        queue: int16 [C], room for `propagate`.
        grid: uint8 [C], receives values 1..N.
        units: int16 [U, N].
        peers: int16 [C, P].
    """
    while not _try_draw(stream, stack, queue, grid, units, peers):
        pass


@kernel
def _try_draw(
    stream: NDArray[np.uint64],
    stack: NDArray[np.int32],
    queue: NDArray[np.int16],
    grid: NDArray[np.uint8],
    units: NDArray[np.int16],
    peers: NDArray[np.int16],
) -> bool:
    """`draw_grid`, with the same arguments; False where it took too many draws and was given up."""
    size = units.shape[1]
    stack[0, :] = (1 << size) - 1
    order = np.arange(size)
    shuffle(stream, order)
    for column in range(size):
        stack[0, column] = 1 << order[column]
        queue[column] = column
    alive = propagate(stack[0], queue, size, units, peers)
    cells = np.empty(len(stack), np.int16)
    depth = 0
    for _ in range(MOST_DRAWS):
        if alive:
            cell = fewest(stack[depth])
            if cell < 0:
                for i in range(len(grid)):
                    grid[i] = value_of(stack[depth, i])
                return True
            cells[depth] = cell
        else:
            depth -= 1
            cell = cells[depth]
            if stack[depth, cell] == 0:
                continue
        # The value tried leaves the row below, so that coming back finds what is left.
        bit = _random_bit(stream, stack[depth, cell])
        stack[depth + 1] = stack[depth]
        stack[depth, cell] ^= bit
        depth += 1
        stack[depth, cell] = bit
        queue[0] = cell
        alive = propagate(stack[depth], queue, 1, units, peers)
    return False


@kernel
def _random_bit(stream: NDArray[np.uint64], mask: int) -> int:
    """One of the bits of `mask`, uniformly."""
    count, rest = 0, mask
    while rest:
        rest &= rest - 1
        count += 1
    for _ in range(below(stream, count)):
        mask &= mask - 1
    return mask & -mask


@kernel
def minimise(
    order: NDArray[np.int64],
    grid: NDArray[np.uint8],
    puzzle: NDArray[np.uint8],
    stack: NDArray[np.int32],
    queue: NDArray[np.int16],
    units: NDArray[np.int16],
    peers: NDArray[np.int16],
    most_guesses: int,
) -> bool:
    """Take the clues of `grid` away in `order`, each that can go while the solution stays the only one.

    Args:
        order: int64 [C], the cells in the order in which they are tried.
        grid: uint8 [C], a full grid.
        puzzle: uint8 [C], receives the puzzle, 0 = blank.
        stack: int32 [C + 1, C], room for guesses.
        queue: int16 [C], room for `propagate`.
        units: int16 [U, N].
        peers: int16 [C, P].
        most_guesses: give up after so many; -1 for never.

    Returns:
        Whether it was not given up.
    """
    other = np.empty(len(grid), np.uint8)
    left = most_guesses
    # The first `low` cells can go together, the first `high` cannot.
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        _blank(order, middle, grid, puzzle)
        queued = load(puzzle, stack[0], queue, units.shape[1])
        found, guesses = search_near(stack, queue, queued, 2, grid, left, other, units, peers)
        if found < 0:
            return False
        left -= guesses if left > 0 else 0
        if found == 1:
            low = middle
        else:
            high = middle
    _blank(order, low, grid, puzzle)
    for i in range(high, len(order)):
        cell = order[i]
        puzzle[cell] = 0
        # Another solution has another value in this cell: forbid the known one and look for any. Most differ from the
        # grid in few cells, so the grid's values are tried first.
        queued = load(puzzle, stack[0], queue, units.shape[1])
        stack[0, cell] ^= 1 << (grid[cell] - 1)
        found, guesses = search_near(stack, queue, queued, 1, grid, left, other, units, peers)
        if found < 0:
            return False
        left -= guesses if left > 0 else 0
        if found:
            puzzle[cell] = grid[cell]
    return True


@kernel
def _blank(order: NDArray[np.int64], count: int, grid: NDArray[np.uint8], puzzle: NDArray[np.uint8]) -> None:
    """Set `puzzle` to `grid` without the first `count` cells of `order`."""
    for i in range(len(order)):
        puzzle[order[i]] = 0 if i < count else grid[order[i]]
