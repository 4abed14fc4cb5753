"""Solving nonograms: what its clues say of a line, rounds of all lines, guesses.

A line's cells are bits. In a round every line is asked which of its cells are the same in all ways to put its runs,
given what was known before the round; so the number of rounds does not depend on how a puzzle is turned or mirrored.
A line of which the others found nothing new is not asked again. Where rounds find nothing more, the first open cell is
guessed, filled before empty, until all solutions are found, or as many as are asked for.

Shapes: as in the package; D levels of guesses.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from .grids import EMPTY, FILLED, cell_of, margin_of, read_clues

_GUESSES, _ROUNDS = range(2)


class Desk(NamedTuple):
    """Memory of the solver, for one thread.

    Attributes:
        clues: int64 [2 n, m].
        counts: int64 [2 n], how many clues each line has.
        filled: int64 [D, 2 n], what is known to be filled on every line, for each level.
        empty: int64 [D, 2 n], and what to be empty.
        asked: int64 [D], the lines of which something new is known, one a bit.
        news: int64 [2, 2 n], what a round finds to be filled and to be empty.
        reach: int64 [m + 1], room for a line.
        found: int64 [n], the rows of the first solution.
        tally: int64 [2], guesses and rounds.
    """

    clues: NDArray[np.int64]
    counts: NDArray[np.int64]
    filled: NDArray[np.int64]
    empty: NDArray[np.int64]
    asked: NDArray[np.int64]
    news: NDArray[np.int64]
    reach: NDArray[np.int64]
    found: NDArray[np.int64]
    tally: NDArray[np.int64]


def new_desk(size: int) -> Desk:
    """Memory for pictures of `size` rows."""
    num_levels, margin = size * size + 1, margin_of(size)
    return Desk(
        clues=np.empty((2 * size, margin), np.int64),
        counts=np.empty(2 * size, np.int64),
        filled=np.empty((num_levels, 2 * size), np.int64),
        empty=np.empty((num_levels, 2 * size), np.int64),
        asked=np.empty(num_levels, np.int64),
        news=np.empty((2, 2 * size), np.int64),
        reach=np.empty(margin + 1, np.int64),
        found=np.empty(size, np.int64),
        tally=np.empty(2, np.int64),
    )


@kernel
def _onward(places: int, steps: int, size: int) -> int:
    """Where one gets from places by steps to the next one, each over a cell of `steps`, in bits."""
    over, far = steps << 1, 1
    while far <= size + 1:
        places |= over & (places << far)
        over &= over << far
        far *= 2
    return places


@kernel
def _backward(places: int, steps: int, size: int) -> int:
    """From where one gets to places by such steps."""
    over, far = steps, 1
    while far <= size + 1:
        places |= over & (places >> far)
        over &= over >> far
        far *= 2
    return places


@kernel
def _starts(clue: int, filled: int, empty: int, size: int) -> int:
    """Where a run can begin: on cells none of which is empty, before one that is not filled."""
    free = ~empty & ((1 << size) - 1)
    found = ~filled >> clue
    for cell in range(clue):
        found &= free >> cell
    return found


@kernel
def ask_line(
    clues: NDArray[np.int64], count: int, filled: int, empty: int, size: int, reach: NDArray[np.int64]
) -> tuple[int, int]:
    """The cells of a line that are filled in some way to put its runs, and those that are empty in some way.

    Places are numbered by the cells before them. A run takes its cells and an empty one behind it, for which the line
    has one more cell at its end; between runs are steps over cells that are not filled.

    Args:
        clues: int64 [m].
        count: how many of them the line has.
        filled: cells that are known to be filled, in bits.
        empty: and to be empty.
        size: n.
        reach: int64 [m + 1], room for the places that are reached with so many runs behind them.

    Returns:
        Both in bits; 0 and 0 where there is no way.
    """
    steps, end = ~filled & ((2 << size) - 1), 1 << (size + 1)
    reach[0] = _onward(1, steps, size)
    for i in range(count):
        starts = reach[i] & _starts(clues[i], filled, empty, size)
        reach[i + 1] = _onward(starts << (clues[i] + 1), steps, size)
    if reach[count] & end == 0:
        return 0, 0
    rest = _backward(end, steps, size)
    may_fill, may_empty = 0, reach[count] & steps & (rest >> 1)
    for i in range(count - 1, -1, -1):
        starts = _starts(clues[i], filled, empty, size) & (rest >> (clues[i] + 1))
        rest = _backward(starts, steps, size)
        starts &= reach[i]
        for cell in range(clues[i]):
            may_fill |= starts << cell
        may_empty |= (starts << clues[i]) | (reach[i] & steps & (rest >> 1))
    return may_fill, may_empty & ((1 << size) - 1)


@kernel
def _cross(news: NDArray[np.int64], known: NDArray[np.int64], size: int) -> int:
    """Note what a round found, int64 [2 n], on the lines across too; returns the lines to which it was new, in bits."""
    told = 0
    for line in range(2 * size):
        known[line] |= news[line]
        first, own = (size, line) if line < size else (0, line - size)
        for cell in range(size):
            if news[line] >> cell & 1:
                across = first + cell
                told |= (1 - (news[across] >> own & 1)) << across
                known[across] |= 1 << own
    return told


@kernel
def _ask_round(desk: Desk, level: int) -> int:
    """Ask the lines that are to be asked; returns those that are to be asked next, in bits, or -1: there is no way."""
    size = len(desk.found)
    filled, empty, full = desk.filled[level], desk.empty[level], (1 << size) - 1
    any_news = 0
    for line in range(2 * size):
        new_filled, new_empty = 0, 0
        if desk.asked[level] >> line & 1:
            count = int(desk.counts[line])
            may_fill, may_empty = ask_line(desk.clues[line], count, filled[line], empty[line], size, desk.reach)
            if may_fill | may_empty == 0:
                return -1
            new_filled, new_empty = full & ~may_empty & ~filled[line], full & ~may_fill & ~empty[line]
        desk.news[0, line], desk.news[1, line] = new_filled, new_empty
        any_news |= new_filled | new_empty
    desk.tally[_ROUNDS] += any_news != 0
    # Where a row and a column contradict each other, one is told of the other's, and has no way when it is asked.
    return _cross(desk.news[0], filled, size) | _cross(desk.news[1], empty, size)


@kernel
def _guess(desk: Desk, level: int) -> bool:
    """Guess the first open cell: filled on the next level, empty on this one; False where no cell is open."""
    size = len(desk.found)
    for row in range(size):
        is_open = ~(desk.filled[level, row] | desk.empty[level, row]) & ((1 << size) - 1)
        if is_open:
            column = 0
            while not is_open >> column & 1:
                column += 1
            desk.filled[level + 1], desk.empty[level + 1] = desk.filled[level], desk.empty[level]
            for line, cell in ((row, column), (size + column, row)):
                desk.filled[level + 1, line] |= 1 << cell
                desk.empty[level, line] |= 1 << cell
            desk.asked[level] = desk.asked[level + 1] = 1 << row | 1 << (size + column)
            desk.tally[_GUESSES] += 1
            return True
    return False


@kernel
def search(desk: Desk, limit: int) -> int:
    """Solve the puzzle whose clues are on the desk.

    Args:
        desk: from `new_desk`; receives the first solution, guesses and rounds.
        limit: stop after so many solutions, 1 or more.

    Returns:
        How many there are, up to the limit.
    """
    size, level, count = len(desk.found), 0, 0
    desk.filled[0], desk.empty[0], desk.asked[0], desk.tally[:] = 0, 0, (1 << (2 * size)) - 1, 0
    while level >= 0 and count < limit:
        while desk.asked[level] > 0:
            desk.asked[level] = _ask_round(desk, level)
        if desk.asked[level] < 0:
            level -= 1
        elif _guess(desk, level):
            level += 1
        else:
            if count == 0:
                desk.found[:] = desk.filled[level, :size]
            count += 1
            level -= 1
    return count


@kernel
def solve_all(
    inputs: NDArray[np.uint8],
    limit: int,
    desk: Desk,
    labels: NDArray[np.uint8],
    counts: NDArray[np.int64],
    tallies: NDArray[np.int64],
) -> None:
    """Solve puzzles.

    Args:
        inputs: uint8 [G, C].
        limit: stop after so many solutions, 1 or more.
        desk: from `new_desk`.
        labels: uint8 [G, C], receives the first solution with the clues around it, where there is one.
        counts: int64 [G], receives how many there are, up to the limit.
        tallies: int64 [G, 2], receives guesses and rounds.
    """
    size, margin = len(desk.found), desk.clues.shape[1]
    for i in range(len(inputs)):
        read_clues(inputs[i], size, desk.clues, desk.counts)
        counts[i] = search(desk, limit)
        tallies[i] = desk.tally
        if counts[i]:
            labels[i] = inputs[i]
            for row in range(size):
                for column in range(size):
                    is_filled = desk.found[row] >> column & 1
                    labels[i, cell_of(row, margin + column, size, margin)] = FILLED if is_filled else EMPTY
