"""The minimiser: takes clues away from a full grid in a given order, each that can go while one solution is left.

The outcome depends on the grid and the order alone: it is that of trying one clue after the other with any solver.

Most clues are decided without the search, by sets. A set holds the cells in which another full grid differs from this
one, so one of them has to stay a clue: a clue that is the last of a set stays. At the start the sets known are those of
two values that can change places; every other solution that the search finds is one more.

`_remove_by_sets` goes through the order by the sets alone and removes too much where a set is not known yet. `_confirm`
then asks the search, a few cells at a time, whether there is another solution. The question is cheap, as the clues left
determine most cells. Where there is one, it gives a new set; the clue that this set keeps is put back into the same
propagated frame, which saves starting again.

A set is three int64, one a row of boxes, with bit 16 * box column + lane for each of its cells. The code of a cell is
48 * box row + that bit.

Shapes: M sets.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel
from .desk import ALL, BOX, FRAME, FRAMES, SOLVED
from .lanes import any_bit, load16, load_word, one_lane, trailing_zeros
from .search import find_other
from .triads import add_clue, clear, copy_frame, forget, narrow, propagate

CODES = np.array([48 * (c // 27) + 16 * (c % 9 // 3) + 4 * (c // 9 % 3) + c % 3 for c in range(81)])
"""Code of every cell, int64 [81]."""

MAX_SETS = 4096
"""Sets that the notes hold; those of earlier orders are forgotten once half of them are in use."""

_NUM_CODES = 144
_ROW_OF_BOXES = 0x0777_0777_0777
"""All cells of a row of boxes."""

_FIRST_STOP = 45
_STEP = 3
"""Places gone through by the sets alone before the first question, and between questions; measured to be fastest."""


class Notes(NamedTuple):
    """Memory of the minimiser; `new_notes` makes it.

    Attributes:
        sets: int64 [M, 3], the sets known so far.
        members: int16 [144, M], the sets that each code is in.
        counts: int64 [145], how many those are; the last item is the number of sets.
        order: int64 [81], codes in the order in which they are tried.
        places: int64 [144], the place of each code in `order`.
        removed: int64 [82, 3], the cells without a clue after each number of places, laid out as a set; the last row
            is the outcome.
        found: int64 [3], the last set found.
    """

    sets: NDArray[np.int64]
    members: NDArray[np.int16]
    counts: NDArray[np.int64]
    order: NDArray[np.int64]
    places: NDArray[np.int64]
    removed: NDArray[np.int64]
    found: NDArray[np.int64]


def new_notes(max_sets: int = MAX_SETS) -> Notes:
    """Notes without any set; with `max_sets` 0 they take no time to make, and are of no use but to hold the place."""
    return Notes(
        sets=np.zeros((max_sets, 3), np.int64),
        members=np.zeros((_NUM_CODES, max_sets), np.int16),
        counts=np.zeros(_NUM_CODES + 1, np.int64),
        order=CODES.copy(),
        places=np.zeros(_NUM_CODES, np.int64),
        removed=np.zeros((82, 3), np.int64),
        found=np.zeros(3, np.int64),
    )


@kernel
def is_removed(notes: Notes, code: int) -> bool:
    """Whether the cell of `code` is blank in the outcome."""
    return bool((notes.removed[81, code // 48] >> code % 48) & 1)


@kernel
def _add_set(notes: Notes, cells: NDArray[np.int64]) -> None:
    """Note a set, int64 [3]."""
    number = notes.counts[_NUM_CODES]
    notes.counts[_NUM_CODES] += 1
    for i in range(3):
        rest = cells[i]
        notes.sets[number, i] = rest
        while rest:
            code = 48 * i + trailing_zeros(rest)
            rest &= rest - 1
            notes.members[code, notes.counts[code]] = number
            notes.counts[code] += 1


@kernel
def start_sets(notes: Notes, grid: NDArray[np.uint8]) -> None:
    """Forget all sets and note those of two values that can change places in grid, uint8 [81].

    Changing two values in a row makes it necessary to change them in the rows with which it shares a column or a box
    of theirs. Rows that hang together in this way are one set; the others can keep their values.
    """
    notes.counts[:] = 0
    column_of, row_in_column, row_in_box = np.empty((3, 9, 9), np.int64)
    for row in range(9):
        for column in range(9):
            value = grid[9 * row + column] - 1
            column_of[value, row] = column
            row_in_column[value, column] = row
            row_in_box[value, 3 * (row // 3) + column // 3] = row
    for x in range(9):
        for y in range(x):
            left = 0x1FF
            while left:
                left &= ~_add_swap(notes, left & -left, column_of[x], column_of[y], row_in_column[x], row_in_box[x])


@kernel
def _add_swap(
    notes: Notes,
    todo: int,
    column_x: NDArray[np.int64],
    column_y: NDArray[np.int64],
    row_in_column: NDArray[np.int64],
    row_in_box: NDArray[np.int64],
) -> int:
    """Note the set of two values x and y in the rows that hang together with some row.

    Args:
        notes: receives the set.
        todo: the row, as a bit.
        column_x: int64 [9], the column of x in each row.
        column_y: int64 [9], the column of y in each row.
        row_in_column: int64 [9], the row of x in each column.
        row_in_box: int64 [9], the row of x in each box.

    Returns:
        The rows, a bit each.
    """
    cells = notes.found
    cells[:] = 0
    rows = todo
    while todo:
        row = trailing_zeros(todo)
        x, y = column_x[row], column_y[row]
        bits = 1 << 16 * (x // 3) + x % 3 | 1 << 16 * (y // 3) + y % 3
        cells[row // 3] |= bits << 4 * (row % 3)
        linked = (1 << row_in_column[y] | 1 << row_in_box[row - row % 3 + y // 3]) & ~rows
        rows |= linked
        todo = todo & (todo - 1) | linked
    _add_set(notes, cells)
    return rows


@kernel
def _remove_by_sets(notes: Notes, start: int, stop: int) -> None:
    """Remove the cells at places start..stop but those that a set keeps; fills rows start..stop of `removed`."""
    a, b, c = notes.removed[start, 0], notes.removed[start, 1], notes.removed[start, 2]
    for place in range(start, stop):
        notes.removed[place, 0], notes.removed[place, 1], notes.removed[place, 2] = a, b, c
        code = notes.order[place]
        bit = 1 << code % 48
        x, y, z = bit if code < 48 else 0, bit if 48 <= code < 96 else 0, bit if code >= 96 else 0
        a, b, c = a | x, b | y, c | z
        for k in range(notes.counts[code]):
            cells = notes.sets[notes.members[code, k]]
            if (cells[0] & ~a) | (cells[1] & ~b) | (cells[2] & ~c) == 0:
                a, b, c = a ^ x, b ^ y, c ^ z
                break
    notes.removed[stop, 0], notes.removed[stop, 1], notes.removed[stop, 2] = a, b, c


@kernel
def _load_kept(notes: Notes, stop: int, desk: int) -> None:
    """Set the first frame to the clues left after `stop` places, and propagate."""
    frame, solved = desk + FRAMES, desk + SOLVED
    clear(frame, desk)
    for i in range(3):
        rest = _ROW_OF_BOXES & ~notes.removed[stop, i]
        while rest:
            bit = trailing_zeros(rest)
            rest &= rest - 1
            value = trailing_zeros(load_word(solved + 3 * BOX * i + 2 * bit))
            add_clue(frame, desk, i, bit >> 4, bit >> 2 & 3, bit & 3, value)
    propagate(frame, desk, 0x3F)


@kernel
def _last_place(notes: Notes) -> int:
    """The last place in the order of the set found."""
    last = 0
    for i in range(3):
        rest = notes.found[i]
        while rest:
            last = max(last, notes.places[48 * i + trailing_zeros(rest)])
            rest &= rest - 1
    return last


@kernel
def _has_other(desk: int, notes: Notes, code: int) -> bool:
    """Whether the first frame has a solution with another value in a cell; what differs is then in `notes.found`."""
    i, j = code // 48, code % 48 // 16
    box = BOX * (3 * i + j)
    known = load16(desk + SOLVED + box) & one_lane(code % 16, ALL)
    following = desk + FRAMES + FRAME
    copy_frame(desk + FRAMES, following)
    has = narrow(following, desk, i, j, ~known) and find_other(following, desk, notes.found)
    forget(desk)
    return has


@kernel
def _is_known(desk: int, code: int) -> bool:
    """Whether propagation has found a cell's value in the first frame."""
    box = BOX * (code // 16)
    return not any_bit((load16(desk + FRAMES + box) ^ load16(desk + SOLVED + box)) & one_lane(code % 16, ALL))


@kernel
def _assign(desk: int, code: int) -> None:
    """Set a cell of the first frame to its value in the solved frame."""
    i, j = code // 48, code % 48 // 16
    mine = one_lane(code % 16, ALL)
    narrow(desk + FRAMES, desk, i, j, load16(desk + SOLVED + BOX * (3 * i + j)) | ~mine)


@kernel
def _keep_last(notes: Notes, stop: int) -> int:
    """Note the set found, and go through the order again from the cell that it keeps.

    Returns:
        The cell's code, or -1 where other cells than this have changed.
    """
    _add_set(notes, notes.found)
    place = _last_place(notes)
    code = notes.order[place]
    a, b, c = notes.removed[stop, 0], notes.removed[stop, 1], notes.removed[stop, 2]
    _remove_by_sets(notes, place, stop)
    bit = 1 << code % 48
    a ^= bit if code < 48 else 0
    b ^= bit if 48 <= code < 96 else 0
    c ^= bit if code >= 96 else 0
    alike = a == notes.removed[stop, 0] and b == notes.removed[stop, 1] and c == notes.removed[stop, 2]
    return code if alike else -1


@kernel
def _confirm(desk: int, notes: Notes, start: int, stop: int) -> bool:
    """Make sure of the cells removed at places start..stop; all before are known to be right.

    Returns:
        False where so much has changed that the first frame has to be set anew.
    """
    place = stop - 1
    while place >= start:
        code = notes.order[place]
        if not (notes.removed[stop, code // 48] >> code % 48) & 1 or _is_known(desk, code):
            place -= 1
        elif _has_other(desk, notes, code):
            kept = _keep_last(notes, stop)
            if kept < 0:
                return False
            _assign(desk, kept)
        else:
            _assign(desk, code)
            place -= 1
    return True


@kernel
def minimise_solved(desk: int, notes: Notes, grid: NDArray[np.uint8]) -> None:
    """Minimise the grid of the solved frame in the order of ``notes.order``; `is_removed` then tells the outcome.

    Args:
        desk: address of the desk.
        notes: with the sets of this grid so far (`start_sets`), which grow.
        grid: uint8 [81], the grid.
    """
    if notes.counts[_NUM_CODES] > MAX_SETS // 2:
        start_sets(notes, grid)
    for place in range(81):
        notes.places[notes.order[place]] = place
    notes.removed[0] = 0
    start, stop = 0, _FIRST_STOP
    _remove_by_sets(notes, start, stop)
    while True:
        _load_kept(notes, stop, desk)
        if not _confirm(desk, notes, start, stop):
            continue
        if stop == 81:
            return
        start, stop = stop, min(81, stop + _STEP)
        _remove_by_sets(notes, start, stop)
