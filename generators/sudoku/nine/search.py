"""The search: where to guess, and how to count solutions, look for another one and draw a grid.

Where to guess: in the band that has the fewest configurations left, summed over its values, of those bands that are not
settled. There, take the lowest value with two configurations left; if there is none, the lowest with three; else the
lowest with more. Its lowest configuration is tried first, then all the others together, and both count as one guess.
Ratings are numbers of guesses by this rule.

To guess is to copy the frame to the next one on the desk and make the guess there. The frame itself stays as it was,
and notes the pick: when the search comes back, it drops the pick and goes on with the rest.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel
from ...rng import below, shuffle
from .desk import BAND, BANDS, BOX, FRAME, FRAMES, PICK, PICKED_BAND, SOLVED
from .lanes import (
    any_bit,
    differing_lanes,
    load8,
    load16,
    load_word,
    lowest_bits,
    popcount,
    store,
    store_word,
    take_lanes,
    trailing_zeros,
    without_lowest_bit,
)
from .triads import copy_frame, forget, load_puzzle, propagate, tell

_SETTLED = 9
"""Configurations in a band where each value has one."""

_CELL_LANES = 0x0777
"""The lanes of a box that are cells, a bit each."""

_turned = take_lanes([1, 2, 3, 4, 5, 0, None, None])


@kernel
def choose_band(frame: int) -> int:
    """The band to guess in, or -1 where all are settled: the grid is then full."""
    best, fewest = -1, 1 << 30
    for band in range(6):
        count = popcount(load8(frame + BANDS + BAND * band))
        if _SETTLED < count < fewest:
            best, fewest = band, count
    return best


@kernel
def choose_value(frame: int, band: int) -> Any:
    """The configurations left of the value to guess in a band."""
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
    """Drop configurations of a band and propagate; False at a contradiction."""
    tell(desk, band, configs)
    return propagate(frame, desk, 1 << band)


@kernel
def descend(frame: int, desk: int, band: int, configs: Any, pick: Any) -> bool:
    """Guess in the next frame.

    Args:
        frame: address of the frame.
        desk: address of the desk.
        band: where to guess.
        configs: from `choose_value`.
        pick: the one of them to try.

    Returns:
        False at a contradiction in the next frame.
    """
    copy_frame(frame, frame + FRAME)
    store(frame + PICK, pick)
    store_word(frame + PICKED_BAND, band)
    return _drop(frame + FRAME, desk, band, configs ^ pick)


@kernel
def retreat(frame: int, desk: int) -> bool:
    """Drop the pick of a frame and propagate, back from the next one; False at a contradiction."""
    forget(desk)
    return _drop(frame, desk, load_word(frame + PICKED_BAND), load8(frame + PICK))


@kernel
def write_grid(frame: int, grid: NDArray[np.uint8]) -> None:
    """Write a full frame as values 1..9 into grid, uint8 [81]."""
    for row in range(9):
        for column in range(9):
            lane = 16 * (3 * (row // 3) + column // 3) + 4 * (row % 3) + column % 3
            grid[9 * row + column] = trailing_zeros(load_word(frame + 2 * lane)) + 1


@kernel
def count_below(desk: int, alive: bool, limit: int, solution: NDArray[np.uint8]) -> tuple[int, int]:
    """Count the solutions of the first frame up to `limit`.

    Args:
        desk: address of the desk.
        alive: False where propagating the first frame met a contradiction.
        limit: at least 1.
        solution: uint8 [81], receives the first solution.

    Returns:
        Number of solutions, at most `limit`, and number of guesses.
    """
    first = frame = desk + FRAMES
    found, guesses = 0, 0
    while True:
        band = choose_band(frame) if alive else -1
        if alive and band < 0:
            if found == 0:
                write_grid(frame, solution)
            found += 1
        if found == limit:
            return found, guesses
        if band >= 0:
            configs = choose_value(frame, band)
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
    """Look for any solution of a frame, picking the configurations of the solved frame where it can.

    Args:
        first: address of the frame, propagated; it must exclude the grid of the solved frame.
        desk: address of the desk.
        found: int64 [3], receives the cells in which the solution differs from the solved frame, as a set (see
            `minimiser`).

    Returns:
        Whether there is a solution.
    """
    frame, alive = first, True
    solved = desk + SOLVED
    while True:
        band = choose_band(frame) if alive else -1
        if alive and band < 0:
            _compare(frame, solved, found)
            return True
        if band >= 0:
            configs = choose_value(frame, band)
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
    """Set `found` to the cells in which two full frames differ."""
    for i in range(3):
        found[i] = 0
        for j in range(3):
            place = BOX * (3 * i + j)
            lanes = differing_lanes(load16(frame + place), load16(solved + place))
            found[i] |= (lanes & _CELL_LANES) << 16 * j


@kernel
def draw_solved(stream: NDArray[np.uint64], desk: int, grid: NDArray[np.uint8]) -> None:
    """Draw a full grid: three boxes that share no row or column at random, then random guesses.

    Args:
        stream: randomness, see `rng.open_stream`.
        desk: address of the desk, whose solved frame receives the grid.
        grid: uint8 [81], receives it too.
    """
    _draw_boxes(stream, grid)
    frame = desk + FRAMES
    alive = load_puzzle(grid, frame, desk)
    while True:
        band = choose_band(frame) if alive else -1
        if alive and band < 0:
            break
        if band >= 0:
            configs = choose_value(frame, band)
            rest = configs
            for _ in range(below(stream, popcount(configs))):
                rest = without_lowest_bit(rest)
            alive = descend(frame, desk, band, configs, first_of(rest))
            frame += FRAME
        else:
            frame -= FRAME
            alive = retreat(frame, desk)
    copy_frame(frame, desk + SOLVED)
    write_grid(frame, grid)


@kernel
def _draw_boxes(stream: NDArray[np.uint64], grid: NDArray[np.uint8]) -> None:
    """Set a grid [81] to three random boxes on its diagonal, blank elsewhere."""
    values = np.arange(1, 10)
    grid[:] = 0
    for box in range(3):
        shuffle(stream, values)
        for k in range(9):
            grid[27 * box + 9 * (k // 3) + 3 * box + k % 3] = values[k]
