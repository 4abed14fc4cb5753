"""The 9x9 solver's state and its logic: boxes of cells and triads, bands of configurations, all in vector registers.

A triad is the three cells where a box meets a row or a column. A value has six ways to pass through the three boxes
of a band, its configurations: which triad of each box it takes. Boxes and bands tell each other what is out of the
question until nothing is left to say, which finds naked and hidden singles and all locked candidates in a few dozen
instructions a message. The representation is that of Tdoku (T. Dillon, "Sudoku solver", section on triads and bands,
2019); here bands wait in a bit set instead of calling each other, a box sends its messages once it has come to rest,
and "in two places or more" takes three moves instead of nine operations.

A frame is the state of one node of the search, spelled in uint16 lanes (all offsets in bytes):

- 9 boxes of 16 lanes, a 4x4 matrix of candidate masks (bit v - 1 stands for value v): the 3x3 cells; beside each row
  and below each column the values that are *not* in that triad; the corner is not used;
- 6 bands of 8 lanes (rows first, then columns), the masks of values that can still take configuration 0..5;
- the pick and the band of the guess made there.

A desk is the memory of one search: constant tables, what each band still has to drop, and a stack of frames.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .lanes import (
    any_bit,
    constant,
    equal,
    less,
    load8,
    load16,
    lookup,
    popcounts,
    shuffle,
    splat8,
    store,
    trailing_zeros,
)

ALL = 0x1FF
BOX, BAND = 32, 16
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


def _config_of(box: int, triad: int, odd: bool) -> int:
    return next(config for config in range(3 * odd, 3 * odd + 3) if _triad_of(box, config) == triad)


def _moves(lanes: list[int | None]) -> list[int]:
    """A pattern for `lookup`."""
    return [0xFFFF if lane is None else 2 * lane | (2 * lane + 1) << 8 for lane in lanes]


def _triads_to_configs(box: int, turn: int, start: int) -> list[int | None]:
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
    """uint16 [turn, box row, box column, 16]: patterns that turn a box's triads into configurations of its bands."""
    return np.array(
        [
            [
                [_moves(_triads_to_configs(j, turn, 4)) + _moves(_triads_to_configs(i, turn, 4)) for j in range(3)]
                for i in range(3)
            ]
            for turn in range(3)
        ],
        np.uint16,
    )


def _box_messages() -> NDArray[np.uint16]:
    """uint16 [rows or columns, which of two, 16]: patterns that turn a band's triads of one box into its candidates.

    A triad's margin holds the values that are not in it, so it loses a value that neither other triad can take.
    """
    rows = [[0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 3, 3, 3, 3], [0, 0, 0, 2, 1, 1, 1, 0, 2, 2, 2, 1, 3, 3, 3, 3]]
    columns = [[0, 1, 2, 3] * 3 + [1, 2, 0, 3], [0, 1, 2, 3] * 3 + [2, 0, 1, 3]]
    return np.array([[_moves(list(lanes)) for lanes in both] for both in (rows, columns)], np.uint16)


_TABLES = [_band_messages(), _box_messages(), _box_keeps(), _band_drops()]
_SIZES = [table.nbytes for table in _TABLES]
_TURN = 9 * BOX
_BOX_MESSAGES = _SIZES[0]
_BOX_KEEPS = _BOX_MESSAGES + _SIZES[1]
_BAND_DROPS = _BOX_KEEPS + _SIZES[2]
_WAITING = _BAND_DROPS + _SIZES[3]
SOLVED = -(-(_WAITING + 6 * BAND) // 64) * 64
FRAMES = SOLVED + FRAME
_DESK = FRAMES + NUM_FRAMES * FRAME

_minimums = constant([1, 1, 1, 6] * 3 + [6, 6, 6, 0])
_cells_only = constant([ALL, ALL, ALL, 0] * 3 + [0] * 4)
_all_boxes = constant([ALL] * 16)
_all_configs = constant([ALL] * 6 + [0, 0])
_nothing8, _nothing16 = constant([0] * 8), constant([0] * 16)
_threes = constant([3] * 16)
_fourth_lanes = constant([0, 0, 0, ALL, 0, 0, 0, 0] * 2)

_next_column, _far_columns = shuffle([i ^ 1 for i in range(16)]), shuffle([i ^ 2 for i in range(16)])
_next_row, _far_rows = shuffle([i ^ 4 for i in range(16)]), shuffle([i ^ 8 for i in range(16)])
_turn_cells = shuffle([1, 2, 0, 3, 5, 6, 4, 7, 9, 10, 8, 11, 12, 13, 14, 15])
_turn_cells_twice = shuffle([2, 0, 1, 3, 6, 4, 5, 7, 10, 8, 9, 11, 12, 13, 14, 15])
_margins = shuffle([None] * 4 + [3, 7, 11, None] + [None] * 4 + [12, 13, 14, None])
_low, _high = shuffle(range(8)), shuffle(range(8, 16))


def _even_or_odd_triads(odd: bool) -> list[int | None]:
    rows = [[_config_of(box, triad, odd) for triad in range(3)] for box in range(3)]
    return [lane for row in rows for lane in (*row, None)] + [None] * 4


def _excluded(box: int, turn: int) -> list[int | None]:
    return [None if lane is None else 4 * box + lane for lane in _triads_to_configs(box, turn, 0)]


_triads_even, _triads_odd = shuffle(_even_or_odd_triads(False)), shuffle(_even_or_odd_triads(True))
_excluded_01, _excluded_02 = shuffle(_excluded(0, 1)), shuffle(_excluded(0, 2))
_excluded_11, _excluded_12 = shuffle(_excluded(1, 1)), shuffle(_excluded(1, 2))
_excluded_21, _excluded_22 = shuffle(_excluded(2, 1)), shuffle(_excluded(2, 2))
_box0, _box1, _box2 = (shuffle([4 * b, 4 * b + 1, 4 * b + 2, *[None] * 5] * 2) for b in range(3))


def new_desk() -> NDArray[np.uint16]:
    """Memory for one search at a time, uint16, with its tables filled in and on a cache line's border."""
    room = np.zeros(_DESK // 2 + 32, np.uint16)
    start = -room.ctypes.data % 64 // 2
    desk = room[start : start + _DESK // 2]
    tables = np.concatenate([table.ravel() for table in _TABLES])
    desk[: len(tables)] = tables
    return desk


@kernel
def forget(desk: int) -> None:
    """Drop what waits for the bands, as after a contradiction or for another frame."""
    for band in range(6):
        store(desk + _WAITING + BAND * band, _nothing8())


@kernel
def tell(desk: int, band: int, configs: Any) -> None:
    """Note configurations that band 0..5 has to drop."""
    place = desk + _WAITING + BAND * band
    store(place, load8(place) | configs)


@kernel
def clear(frame: int, desk: int) -> None:
    """Make the frame that of the empty grid."""
    for box in range(9):
        store(frame + BOX * box, _all_boxes())
    for band in range(6):
        store(frame + BANDS + BAND * band, _all_configs())
    forget(desk)


@kernel
def add_clue(frame: int, desk: int, box_row: int, box_column: int, row: int, column: int, value: int) -> None:
    """Note value 0..8 in the cell at (row, column) of a box; `propagate` then draws the conclusions."""
    place = frame + BOX * (3 * box_row + box_column)
    store(place, load16(place) & load16(desk + _BOX_KEEPS + BOX * (9 * value + 3 * row + column)))
    mask = splat8(1 << value)
    tell(desk, box_row, mask & load8(desk + _BAND_DROPS + BAND * (3 * box_column + row)))
    tell(desk, 3 + box_column, mask & load8(desk + _BAND_DROPS + BAND * (3 * box_row + column)))


@kernel
def load(puzzle: NDArray[np.uint8], frame: int, desk: int) -> bool:
    """Set a frame to a puzzle [81] (0 = blank) and propagate; False where it has no solution on the face of it."""
    clear(frame, desk)
    for row in range(9):
        for column in range(9):
            value = int(puzzle[9 * row + column])
            if value:
                add_clue(frame, desk, row // 3, column // 3, row % 3, column % 3, value - 1)
    return propagate(frame, desk, 0x3F)


@kernel
def _single_in_rows(cells: Any) -> Any:
    beside = _next_column(cells)
    twice, once = cells & beside, cells | beside
    return cells & ~(twice | _far_columns(twice) | (once & _far_columns(once)))


@kernel
def _single_in_columns(cells: Any) -> Any:
    beside = _next_row(cells)
    twice, once = cells & beside, cells | beside
    return cells & ~(twice | _far_rows(twice) | (once & _far_rows(once)))


@kernel
def _excluded_by(placed: Any) -> Any:
    """What values placed in cells exclude in their box: elsewhere, in their margins, and other values in their cell."""
    across = placed | _next_column(placed)
    across = across | _far_columns(across)
    down = placed | _next_row(placed)
    down = down | _far_rows(down)
    return down | _turn_cells(down) | _turn_cells_twice(down) | across | ~equal(placed, _nothing16())


@kernel
def restrict(frame: int, desk: int, i: int, j: int, candidates: Any) -> int:
    """Take from the box in box row i and box column j all but `candidates`, and what follows within it.

    Returns:
        -1 at a contradiction, 0 where nothing changed, 1 where bands i and 3 + j have been told something.
    """
    place = frame + BOX * (3 * i + j)
    cells = load16(place)
    drops = cells & ~candidates
    if not any_bit(drops):
        return 0
    while True:
        cells = cells & ~drops
        counts, minimums = popcounts(cells), _minimums()
        if any_bit(less(counts, minimums)):
            return -1
        sure = (cells & equal(counts, minimums)) | _single_in_rows(cells) | _single_in_columns(cells)
        placed = sure & _cells_only()
        excluded = _excluded_by(placed)
        drops = (excluded ^ placed) | drops
        if not any_bit(drops & cells):
            break
    store(place, cells)
    absent, present = _margins(sure), _margins(excluded)
    pattern = desk + BOX * (3 * i + j)
    configs = lookup(absent, load16(pattern))
    configs = configs | lookup(present, load16(pattern + _TURN)) | lookup(present, load16(pattern + 2 * _TURN))
    tell(desk, i, _low(configs))
    tell(desk, 3 + j, _high(configs))
    return 1


@kernel
def _triads(configs: Any) -> Any:
    """The values that each of the nine triads of a band can hold: four lanes a box, the fourth empty."""
    return _triads_even(configs) | _triads_odd(configs)


@kernel
def _without_full(configs: Any) -> Any:
    """A triad that only three values can take holds them: no other configuration of theirs is left."""
    triads = _triads(configs)
    full = triads & equal(popcounts(triads), _threes())
    excluded = _excluded_01(full) | _excluded_02(full) | _excluded_11(full)
    return configs & ~(excluded | _excluded_12(full) | _excluded_21(full) | _excluded_22(full))


@kernel
def _candidates(triads: Any, patterns: int) -> Any:
    """The box that three triads allow; they are in the first lanes of both halves."""
    filled = triads | _fourth_lanes()
    return lookup(filled, load16(patterns)) | lookup(filled, load16(patterns + BOX))


@kernel
def _tell_boxes(frame: int, desk: int, band: int, triads: Any) -> int:
    """Restrict the three boxes of a band to its triads; a bit for each of them that changed, or -1."""
    columns = band // 3
    row, column = (0, band - 3) if columns else (band, 0)
    patterns = desk + _BOX_MESSAGES + 2 * BOX * columns
    allowed1, allowed2 = _candidates(_box1(triads), patterns), _candidates(_box2(triads), patterns)
    first = restrict(frame, desk, row, column, _candidates(_box0(triads), patterns))
    if first < 0:
        return -1
    second = restrict(frame, desk, row + columns, column + 1 - columns, allowed1)
    if second < 0:
        return -1
    third = restrict(frame, desk, row + 2 * columns, column + 2 - 2 * columns, allowed2)
    if third < 0:
        return -1
    return first | second << 1 | third << 2


@kernel
def propagate(frame: int, desk: int, waiting: int) -> bool:
    """Draw all conclusions from what waits for the bands.

    Args:
        frame: address of the frame.
        desk: address of the desk.
        waiting: bit set of the bands that something waits for.

    Returns:
        False at a contradiction; the frame is then of no use, and what waits must be forgotten.
    """
    while waiting:
        band = trailing_zeros(waiting)
        waiting &= waiting - 1
        place = frame + BANDS + BAND * band
        configs = load8(place)
        drops = load8(desk + _WAITING + BAND * band)
        if not any_bit(configs & drops):
            continue
        configs = _without_full(configs & ~drops)
        store(place, configs)
        changed = _tell_boxes(frame, desk, band, _triads(configs))
        if changed < 0:
            return False
        if changed:
            waiting |= 1 << band
            waiting |= changed << 3 if band < 3 else changed
    return True


@kernel
def narrow(frame: int, desk: int, i: int, j: int, candidates: Any) -> bool:
    """`restrict` one box and propagate; False at a contradiction."""
    return restrict(frame, desk, i, j, candidates) >= 0 and propagate(frame, desk, 1 << i | 8 << j)


@kernel
def copy(source: int, target: int) -> None:
    """Copy a frame's state."""
    for offset in range(0, STATE, 32):
        store(target + offset, load16(source + offset))
