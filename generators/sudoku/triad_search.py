"""The 9x9 search over `triads`: where to guess, and how to count, fill and compare.

The rule of a guess: of the bands that are not settled, the one with the fewest configurations left over all values;
in it, the lowest value with two configurations, else with three, else one with more, in the order of lanes; its
lowest configuration is tried first, then all others together. A guess counts once. This rule defines the difficulty
rating.

Guesses are kept in their frames: the frame after it holds the guess, the frame itself comes back to all but the pick.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below
from ..rng import shuffle as shuffle_items
from .lanes import (
    address,
    any_bit,
    differing_lanes,
    load8,
    load16,
    load_word,
    lowest_bits,
    popcount,
    shuffle,
    store,
    store_word,
    trailing_zeros,
    without_lowest_bit,
)
from .triads import (
    BAND,
    BANDS,
    BOX,
    FRAME,
    FRAMES,
    PICK,
    PICKED_BAND,
    SOLVED,
    copy,
    forget,
    load,
    new_desk,
    propagate,
    tell,
)

_SETTLED = 9
_CELL_LANES = 0x0777

_turned = shuffle([1, 2, 3, 4, 5, 0, None, None])


@kernel
def choose(frame: int) -> int:
    """The band to guess in, or -1 where all are settled: the grid is then full."""
    best, fewest = -1, 1 << 30
    for band in range(6):
        count = popcount(load8(frame + BANDS + BAND * band))
        if _SETTLED < count < fewest:
            best, fewest = band, count
    return best


@kernel
def options(frame: int, band: int) -> Any:
    """The configurations left in a band of the value to guess."""
    configs = load8(frame + BANDS + BAND * band)
    once, turned = configs, _turned(configs)
    twice, thrice, more = once & turned, once ^ once, once ^ once
    once = once | turned
    for _ in range(4):
        turned = _turned(turned)
        more = more | (thrice & turned)
        thrice = thrice | (twice & turned)
        twice = twice | (once & turned)
        once = once | turned
    two, three = twice & ~thrice, thrice & ~more
    if any_bit(two):
        return configs & lowest_bits(two)
    if any_bit(three):
        return configs & lowest_bits(three)
    return configs & lowest_bits(more)


@kernel
def first_of(configs: Any) -> Any:
    """The lowest configuration alone."""
    return configs ^ without_lowest_bit(configs)


@kernel
def _drop(frame: int, desk: int, band: int, configs: Any) -> bool:
    tell(desk, band, configs)
    return propagate(frame, desk, 1 << band)


@kernel
def descend(frame: int, desk: int, band: int, configs: Any, pick: Any) -> bool:
    """Guess `pick` of `configs` in the next frame; False at a contradiction there."""
    copy(frame, frame + FRAME)
    store(frame + PICK, pick)
    store_word(frame + PICKED_BAND, band)
    return _drop(frame + FRAME, desk, band, configs ^ pick)


@kernel
def retreat(frame: int, desk: int) -> bool:
    """Take up a frame again without what was guessed there."""
    forget(desk)
    return _drop(frame, desk, load_word(frame + PICKED_BAND), load8(frame + PICK))


@kernel
def spell(frame: int, grid: NDArray[np.uint8]) -> None:
    """Write a full frame as values 1..9 into grid [81]."""
    for row in range(9):
        for column in range(9):
            lane = 16 * (3 * (row // 3) + column // 3) + 4 * (row % 3) + column % 3
            grid[9 * row + column] = trailing_zeros(load_word(frame + 2 * lane)) + 1


@kernel
def count(desk: int, alive: bool, limit: int, solution: NDArray[np.uint8]) -> tuple[int, int]:
    """Count the solutions of the first frame up to `limit`.

    Args:
        desk: address of the desk.
        alive: what propagating the first frame came to.
        limit: at least 1.
        solution: uint8 [81], receives the first solution.

    Returns:
        Number of solutions, at most `limit`, and number of guesses.
    """
    first = frame = desk + FRAMES
    found, guesses = 0, 0
    while True:
        band = choose(frame) if alive else -1
        if alive and band < 0:
            if found == 0:
                spell(frame, solution)
            found += 1
        if found == limit:
            return found, guesses
        if band >= 0:
            configs = options(frame, band)
            guesses += 1
            alive = descend(frame, desk, band, configs, first_of(configs))
            frame += FRAME
        elif frame == first:
            return found, guesses
        else:
            frame -= FRAME
            alive = retreat(frame, desk)


@kernel
def find_other(first: int, desk: int, found: NDArray[np.int64]) -> bool:
    """Look below frame `first` for any solution, nearest to the solved frame first.

    Args:
        first: address of a propagated frame that the solved frame's grid does not belong to.
        desk: address of the desk.
        found: int64 [3], receives the cells in which the solution differs from the solved frame (see `minimiser`).
    """
    frame, alive = first, True
    solved = desk + SOLVED
    while True:
        band = choose(frame) if alive else -1
        if alive and band < 0:
            _compare(frame, solved, found)
            return True
        if band >= 0:
            configs = options(frame, band)
            pick = configs & load8(solved + BANDS + BAND * band)
            alive = descend(frame, desk, band, configs, pick if any_bit(pick) else first_of(configs))
            frame += FRAME
        elif frame == first:
            return False
        else:
            frame -= FRAME
            alive = retreat(frame, desk)


@kernel
def _compare(frame: int, solved: int, found: NDArray[np.int64]) -> None:
    for i in range(3):
        found[i] = 0
        for j in range(3):
            place = BOX * (3 * i + j)
            lanes = differing_lanes(load16(frame + place), load16(solved + place))
            found[i] |= (lanes & _CELL_LANES) << 16 * j


@kernel
def fill(stream: NDArray[np.uint64], desk: int, grid: NDArray[np.uint8]) -> None:
    """Draw a full grid [81]: three boxes that share no line at random, then random configurations by search.

    The solved frame of the desk then holds it too.
    """
    _draw_boxes(stream, grid)
    frame = desk + FRAMES
    alive = load(grid, frame, desk)
    while True:
        band = choose(frame) if alive else -1
        if alive and band < 0:
            break
        if band >= 0:
            configs = options(frame, band)
            rest = configs
            for _ in range(below(stream, popcount(configs))):
                rest = without_lowest_bit(rest)
            alive = descend(frame, desk, band, configs, first_of(rest))
            frame += FRAME
        else:
            frame -= FRAME
            alive = retreat(frame, desk)
    copy(frame, desk + SOLVED)
    spell(frame, grid)


@kernel
def _draw_boxes(stream: NDArray[np.uint64], grid: NDArray[np.uint8]) -> None:
    values = np.arange(1, 10)
    grid[:] = 0
    for box in range(3):
        shuffle_items(stream, values)
        for k in range(9):
            grid[27 * box + 9 * (k // 3) + 3 * box + k % 3] = values[k]


@kernel
def count_all(
    puzzles: NDArray[np.uint8],
    limit: int,
    memory: NDArray[np.uint16],
    counts: NDArray[np.int64],
    solutions: NDArray[np.uint8],
    guesses: NDArray[np.int64],
) -> None:
    """`count` for every puzzle of [B, 81]; fills counts [B], solutions [B, 81] and guesses [B]."""
    desk = address(memory)
    for i in range(len(puzzles)):
        alive = load(puzzles[i], desk + FRAMES, desk)
        counts[i], guesses[i] = count(desk, alive, limit, solutions[i])


def solve(puzzles: NDArray[np.uint8], limit: int = 2) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Count the solutions of 9x9 puzzles on one core: see `solver.solve`, whose arguments and results these are.

    Args:
        puzzles: uint8 [B, 81], values 0 (blank) to 9.
        limit: solutions to count at most, 1 or more.

    Returns:
        Counts int64 [B], a solution each uint8 [B, 81], guesses int64 [B].
    """
    counts, guesses = np.zeros(len(puzzles), np.int64), np.zeros(len(puzzles), np.int64)
    solutions = np.zeros(puzzles.shape, np.uint8)
    count_all(puzzles, limit, new_desk(), counts, solutions, guesses)
    return counts, solutions, guesses
