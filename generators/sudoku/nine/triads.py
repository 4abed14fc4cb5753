"""Propagation: boxes and bands tell each other what is out of the question, until nothing is left to say.

This finds naked and hidden singles and all locked candidates, in a few dozen instructions a message. The
representation is that of Tdoku (T. Dillon, "Sudoku solver", section on triads and bands, 2019). Three things differ:
bands wait in a bit set instead of calling each other, a box tells its bands once it has come to rest, and "in two
places or more" takes three rearrangements of lanes instead of nine operations.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel
from .desk import (
    ALL,
    BAND,
    BAND_DROPS,
    BANDS,
    BOX,
    BOX_KEEPS,
    BOX_MESSAGES,
    STATE,
    TOLD,
    TURN,
    config_of,
    triads_to_configs,
)
from .lanes import (
    any_bit,
    constant,
    equal,
    less,
    load8,
    load16,
    lookup,
    popcounts,
    splat8,
    store,
    take_lanes,
    trailing_zeros,
)

_minimums = constant([1, 1, 1, 6] * 3 + [6, 6, 6, 0])
_cells_only = constant([ALL, ALL, ALL, 0] * 3 + [0] * 4)
_all_boxes = constant([ALL] * 16)
_all_configs = constant([ALL] * 6 + [0, 0])
_nothing8, _nothing16 = constant([0] * 8), constant([0] * 16)
_threes = constant([3] * 16)
_fourth_lanes = constant([0, 0, 0, ALL, 0, 0, 0, 0] * 2)

_next_column, _far_columns = take_lanes([i ^ 1 for i in range(16)]), take_lanes([i ^ 2 for i in range(16)])
_next_row, _far_rows = take_lanes([i ^ 4 for i in range(16)]), take_lanes([i ^ 8 for i in range(16)])
_turn_cells = take_lanes([1, 2, 0, 3, 5, 6, 4, 7, 9, 10, 8, 11, 12, 13, 14, 15])
_turn_cells_twice = take_lanes([2, 0, 1, 3, 6, 4, 5, 7, 10, 8, 9, 11, 12, 13, 14, 15])
_margins = take_lanes([None] * 4 + [3, 7, 11, None] + [None] * 4 + [12, 13, 14, None])
_low, _high = take_lanes(range(8)), take_lanes(range(8, 16))


def _even_or_odd_triads(odd: bool) -> list[int | None]:
    """For each triad of a band, four lanes a box, the one of configurations 0..2 (3..5 where `odd`) that takes it."""
    rows = [[config_of(box, triad, odd) for triad in range(3)] for box in range(3)]
    return [lane for row in rows for lane in (*row, None)] + [None] * 4


def _excluded(box: int, turn: int) -> list[int | None]:
    """For each configuration the triad of a box `turn` places after the one that it takes."""
    return [None if lane is None else 4 * box + lane for lane in triads_to_configs(box, turn, 0)]


_triads_even, _triads_odd = take_lanes(_even_or_odd_triads(False)), take_lanes(_even_or_odd_triads(True))
_excluded_01, _excluded_02 = take_lanes(_excluded(0, 1)), take_lanes(_excluded(0, 2))
_excluded_11, _excluded_12 = take_lanes(_excluded(1, 1)), take_lanes(_excluded(1, 2))
_excluded_21, _excluded_22 = take_lanes(_excluded(2, 1)), take_lanes(_excluded(2, 2))
_box0, _box1, _box2 = (take_lanes([4 * b, 4 * b + 1, 4 * b + 2, *[None] * 5] * 2) for b in range(3))


@kernel
def forget(desk: int) -> None:
    """Forget what the bands have been told, as after a contradiction or for another frame."""
    for band in range(6):
        store(desk + TOLD + BAND * band, _nothing8())


@kernel
def tell(desk: int, band: int, configs: Any) -> None:
    """Note configurations that band 0..5 has to drop."""
    told = desk + TOLD + BAND * band
    store(told, load8(told) | configs)


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
    """Put a clue into its box and tell the box's two bands; `propagate` then draws the conclusions.

    Args:
        frame: address of the frame.
        desk: address of the desk.
        box_row: row of the box, 0..2.
        box_column: column of the box, 0..2.
        row: row of the cell in the box, 0..2.
        column: column of the cell in the box, 0..2.
        value: the value less 1, 0..8.
    """
    box = frame + BOX * (3 * box_row + box_column)
    store(box, load16(box) & load16(desk + BOX_KEEPS + BOX * (9 * value + 3 * row + column)))
    mask = splat8(1 << value)
    tell(desk, box_row, mask & load8(desk + BAND_DROPS + BAND * (3 * box_column + row)))
    tell(desk, 3 + box_column, mask & load8(desk + BAND_DROPS + BAND * (3 * box_row + column)))


@kernel
def load_puzzle(puzzle: NDArray[np.uint8], frame: int, desk: int) -> bool:
    """Set a frame to a puzzle, uint8 [81] (0 = blank), and propagate; False at a contradiction."""
    clear(frame, desk)
    for row in range(9):
        for column in range(9):
            value = int(puzzle[9 * row + column])
            if value:
                add_clue(frame, desk, row // 3, column // 3, row % 3, column % 3, value - 1)
    return propagate(frame, desk, 0x3F)


@kernel
def _single_in_rows(cells: Any) -> Any:
    """The values that only one cell of its row of the box can take, margins counted as cells."""
    beside = _next_column(cells)
    twice, once = cells & beside, cells | beside
    return cells & ~(twice | _far_columns(twice) | (once & _far_columns(once)))


@kernel
def _single_in_columns(cells: Any) -> Any:
    """The values that only one cell of its column of the box can take, margins counted as cells."""
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
    """Take from a box all but `candidates`, and what follows within it.

    Args:
        frame: address of the frame.
        desk: address of the desk.
        i: box row, 0..2.
        j: box column, 0..2.
        candidates: 16 lanes, laid out as a box.

    Returns:
        -1 at a contradiction, 0 where nothing changed, 1 where bands i and 3 + j have been told something.
    """
    box = frame + BOX * (3 * i + j)
    cells = load16(box)
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
    store(box, cells)
    absent, present = _margins(sure), _margins(excluded)
    message = desk + BOX * (3 * i + j)
    configs = lookup(absent, load16(message))
    configs = configs | lookup(present, load16(message + TURN)) | lookup(present, load16(message + 2 * TURN))
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
def _candidates(triads: Any, message: int) -> Any:
    """The box that three triads allow; they are in the first lanes of both halves."""
    filled = triads | _fourth_lanes()
    return lookup(filled, load16(message)) | lookup(filled, load16(message + BOX))


@kernel
def _tell_boxes(frame: int, desk: int, band: int, triads: Any) -> int:
    """Restrict the three boxes of a band to its triads; a bit for each of them that changed, or -1."""
    columns = band // 3
    row, column = (0, band - 3) if columns else (band, 0)
    message = desk + BOX_MESSAGES + 2 * BOX * columns
    allowed1, allowed2 = _candidates(_box1(triads), message), _candidates(_box2(triads), message)
    first = restrict(frame, desk, row, column, _candidates(_box0(triads), message))
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
    """Draw all conclusions from what the bands have been told.

    Args:
        frame: address of the frame.
        desk: address of the desk.
        waiting: bit set of the bands that have been told something.

    Returns:
        False at a contradiction; the frame is then of no use, and the caller has to `forget`.
    """
    while waiting:
        band = trailing_zeros(waiting)
        waiting &= waiting - 1
        lanes = frame + BANDS + BAND * band
        configs = load8(lanes)
        drops = load8(desk + TOLD + BAND * band)
        if not any_bit(configs & drops):
            continue
        configs = _without_full(configs & ~drops)
        store(lanes, configs)
        changed = _tell_boxes(frame, desk, band, _triads(configs))
        if changed < 0:
            return False
        if changed:
            waiting |= 1 << band
            waiting |= changed << 3 if band < 3 else changed
    return True


@kernel
def narrow(frame: int, desk: int, i: int, j: int, candidates: Any) -> bool:
    """`restrict` a box and propagate.

    Args:
        frame: address of the frame.
        desk: address of the desk.
        i: box row, 0..2.
        j: box column, 0..2.
        candidates: 16 lanes, laid out as a box.

    Returns:
        False at a contradiction.
    """
    return restrict(frame, desk, i, j, candidates) >= 0 and propagate(frame, desk, 1 << i | 8 << j)


@kernel
def copy_frame(frame: int, target: int) -> None:
    """Copy a frame's state to another one, both by address."""
    for offset in range(0, STATE, 32):
        store(target + offset, load16(frame + offset))
