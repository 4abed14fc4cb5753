"""Where the engine's state lies in memory: frames, the desk, and the constant tables on it.

All offsets are in bytes, all numbers uint16. A frame is:

- 9 boxes of 16 lanes, a 4x4 matrix of masks: 3x3 cells with their candidates; beside each row and below each column of
  cells the margin, the values that are *not* in that triad; the corner is not used;
- 6 bands of 8 lanes, two of them not used: the values that can still take configuration 0 to 5;
- the pick of the guess made there, and its band.

The desk holds the tables, what each band has been told to drop, the solved frame, and the stack of frames.
"""

import numpy as np
from numpy.typing import NDArray

ALL = 0x1FF
"""The mask of all nine values."""

BOX, BAND = 32, 16
"""Sizes of a box and a band in a frame."""

# What a frame holds: the boxes first, then the bands, then the guess.
BANDS = 9 * BOX
STATE = BANDS + 6 * BAND
PICK = STATE
PICKED_BAND = PICK + BAND
FRAME = 448
NUM_FRAMES = 64
"""More than guesses can be nested: each fixes one of the 54 pairs of a band and a value."""


def _triad_of(box: int, config: int) -> int:
    """The triad (0..2) that configuration 0..5 takes in box 0..2 of its band."""
    return (config + box) % 3 if config < 3 else (config - 4 - box) % 3


def config_of(box: int, triad: int, odd: bool) -> int:
    """The configuration, of 0..2 or of 3..5 where `odd`, that takes a triad of a box."""
    return next(config for config in range(3 * odd, 3 * odd + 3) if _triad_of(box, config) == triad)


def _byte_indices(lanes: list[int | None]) -> list[int]:
    """Indices for `lanes.lookup`, from the lane that each lane of the result is taken from."""
    return [0xFFFF if lane is None else 2 * lane | (2 * lane + 1) << 8 for lane in lanes]


def triads_to_configs(box: int, turn: int, start: int) -> list[int | None]:
    """Lanes that spread a box's three triads, held from lane `start` on, over the configurations that take them."""
    return [start + (_triad_of(box, config) + turn) % 3 for config in range(6)] + [None, None]


def _box_keeps() -> NDArray[np.uint16]:
    """uint16 [value, cell of the box, 16]: what a clue leaves of its box."""
    keeps = np.full((9, 3, 3, 4, 4), 0xFFFF, np.uint16)
    for value in range(9):
        for row in range(3):
            for column in range(3):
                matrix = keeps[value, row, column]
                matrix[:3, :3] ^= 1 << value
                matrix[row, 3] ^= 1 << value
                matrix[3, column] ^= 1 << value
                matrix[row, column] = 1 << value
    return keeps


def _band_drops() -> NDArray[np.uint16]:
    """uint16 [box of the band, triad, 8]: the configurations that do not take this triad."""
    drops = [[[0xFFFF * (_triad_of(b, c) != t) for c in range(6)] + [0, 0] for t in range(3)] for b in range(3)]
    return np.array(drops, np.uint16)


def _band_messages() -> NDArray[np.uint16]:
    """uint16 [turn, box row, box column, 16]: indices that turn a box's triads into configurations of its bands."""
    halves = [[_byte_indices(triads_to_configs(box, turn, 4)) for box in range(3)] for turn in range(3)]
    return np.array([[[half[j] + half[i] for j in range(3)] for i in range(3)] for half in halves], np.uint16)


def _box_messages() -> NDArray[np.uint16]:
    """uint16 [rows or columns, which of two, 16]: indices that turn a band's triads of one box into its candidates.

    A triad's margin holds the values that are not in it, so it loses a value that neither other triad can take.
    """
    rows = [[0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 3, 3, 3, 3], [0, 0, 0, 2, 1, 1, 1, 0, 2, 2, 2, 1, 3, 3, 3, 3]]
    columns = [[0, 1, 2, 3] * 3 + [1, 2, 0, 3], [0, 1, 2, 3] * 3 + [2, 0, 1, 3]]
    return np.array([[_byte_indices(list(lanes)) for lanes in both] for both in (rows, columns)], np.uint16)


_TABLES = [_band_messages(), _box_messages(), _box_keeps(), _band_drops()]
_SIZES = [table.nbytes for table in _TABLES]

# What the desk holds: the tables in this order, what bands have been told, the solved frame, the stack of frames.
TURN = 9 * BOX
"""Size of the band messages of one turn."""

BOX_MESSAGES = _SIZES[0]
BOX_KEEPS = BOX_MESSAGES + _SIZES[1]
BAND_DROPS = BOX_KEEPS + _SIZES[2]
TOLD = BAND_DROPS + _SIZES[3]
SOLVED = -(-(TOLD + 6 * BAND) // 64) * 64
FRAMES = SOLVED + FRAME
_DESK = FRAMES + NUM_FRAMES * FRAME


def new_desk() -> NDArray[np.uint16]:
    """Memory for one search at a time, uint16, with its tables filled in and on a cache line's border."""
    memory = np.zeros(_DESK // 2 + 32, np.uint16)
    start = -memory.ctypes.data % 64 // 2
    desk = memory[start : start + _DESK // 2]
    tables = np.concatenate([table.ravel() for table in _TABLES])
    desk[: len(tables)] = tables
    return desk
