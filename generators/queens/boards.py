"""Boards in bits: completions in order, how many guesses one takes, what is right, and boards made.

A row is a word of n bits, one a column. What the queens so far attack are three words: their columns, and the sums and
the differences of their rows and columns; the cells of a row that none attacks come out of two shifts.

Shapes: G boards, C = n * n cells, K completions, S solutions of the empty board.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, open_stream

OPEN, EMPTY, QUEEN = 1, 2, 3
"""Tokens: a cell that is asked for, one without a queen, one with a queen."""

MOST_ATTEMPTS = 4096
"""After so many boards that have not as many completions as is asked for a candidate is given up."""

_NO_LIMIT = 2**62
_COLUMNS, _SUMS, _DIFFERENCES = range(3)


class Wanted(NamedTuple):
    """What is asked for, in numbers.

    Attributes:
        least_given: queens on the board at least.
        most_given: and at most.
        least_answers: completions at least.
        most_answers: and at most.
        limit: how far completions are counted; 0 where any number is right.
        attempts: `MOST_ATTEMPTS`, or fewer.
    """

    least_given: int
    most_given: int
    least_answers: int
    most_answers: int
    limit: int
    attempts: int


@kernel
def _read(board: NDArray[np.uint8], allowed: NDArray[np.int64]) -> None:
    """The cells in which the queen of each row can be, in bits int64 [n]: of a row with a queen its cell alone."""
    size = len(allowed)
    for row in range(size):
        queens, may = 0, 0
        for column in range(size):
            token = board[row * size + column]
            queens |= int(token == QUEEN) << column
            may |= int(token == OPEN) << column
        allowed[row] = may if queens == 0 else queens if queens & (queens - 1) == 0 else 0


@kernel
def _free(attacked: NDArray[np.int64], row: int, size: int) -> int:
    """The cells of a row that are not attacked, in bits."""
    by_queens = attacked[_COLUMNS] | (attacked[_SUMS] >> row) | (attacked[_DIFFERENCES] >> (size - 1 - row))
    return int(~by_queens & ((1 << size) - 1))


@kernel
def _put(attacked: NDArray[np.int64], row: int, queen: int, size: int, then: NDArray[np.int64]) -> None:
    """What is attacked with one queen more, int64 [3]."""
    then[_COLUMNS] = attacked[_COLUMNS] | queen
    then[_SUMS] = attacked[_SUMS] | (queen << row)
    then[_DIFFERENCES] = attacked[_DIFFERENCES] | (queen << (size - 1 - row))


@kernel
def _write(queens: NDArray[np.int64], columns: NDArray[np.uint8]) -> None:
    """The column of each row's queen, uint8 [n]."""
    for row in range(len(queens)):
        columns[row] = 0
        while queens[row] >> (columns[row] + 1):
            columns[row] += 1


@kernel
def _put_forced(allowed: NDArray[np.int64], attacked: NDArray[np.int64], rows: NDArray[np.int64]) -> int:
    """Put the queens of rows with one cell; returns how many rows are left, listed in `rows`, or -1: two attack."""
    size, num_open = len(allowed), 0
    for row in range(size):
        if allowed[row] & (allowed[row] - 1):
            rows[num_open] = row
            num_open += 1
        elif allowed[row] & _free(attacked, row, size):
            _put(attacked, row, allowed[row], size, attacked)
        else:
            return -1
    return num_open


@kernel
def find_completions(allowed: NDArray[np.int64], limit: int, found: NDArray[np.uint8]) -> int:
    """Completions of a board, by the columns of their queens from the first row without one on.

    Args:
        allowed: int64 [n], the cells in which the queen of each row can be, in bits.
        limit: stop after so many, 1 or more.
        found: uint8 [K, n], receives the columns of the queens of the first K.

    Returns:
        How many there are, up to the limit.
    """
    size, count, depth = len(allowed), 0, 0
    queens, rows, left = allowed.copy(), np.empty(size, np.int64), np.empty(size, np.int64)
    attacked = np.zeros((size, 3), np.int64)
    num_open = _put_forced(allowed, attacked[0], rows)
    if num_open <= 0:
        if num_open == 0 and len(found):
            _write(queens, found[0])
        return num_open + 1
    left[0] = allowed[rows[0]] & _free(attacked[0], int(rows[0]), size)
    while depth >= 0 and count < limit:
        if left[depth] == 0:
            depth -= 1
            continue
        row, queen = int(rows[depth]), left[depth] & -left[depth]
        left[depth] ^= queen
        queens[row] = queen
        if depth + 1 == num_open:
            if count < len(found):
                _write(queens, found[count])
            count += 1
        else:
            _put(attacked[depth], row, queen, size, attacked[depth + 1])
            depth += 1
            row = int(rows[depth])
            left[depth] = allowed[row] & _free(attacked[depth], row, size)
    return count


@cache
def solutions_of(size: int) -> NDArray[np.uint8]:
    """All solutions of the empty board, uint8 [S, n], the column of each row's queen; not to be written to."""
    everywhere = np.full(size, 2**size - 1, np.int64)
    found = np.empty((0, size), np.uint8)
    found = np.empty((find_completions(everywhere, _NO_LIMIT, found), size), np.uint8)
    find_completions(everywhere, _NO_LIMIT, found)
    return found


@kernel
def complete_all(inputs: NDArray[np.uint8], limit: int, counts: NDArray[np.int64], labels: NDArray[np.uint8]) -> None:
    """Count the completions of boards, and write the first one of each.

    Args:
        inputs: uint8 [G, C].
        limit: stop after so many, 1 or more.
        counts: int64 [G], receives how many there are, up to the limit.
        labels: uint8 [G, C], receives the first, where there is one.
    """
    size = int(np.sqrt(inputs.shape[1]))
    allowed, found = np.empty(size, np.int64), np.empty((1, size), np.uint8)
    for i in range(len(inputs)):
        _read(inputs[i], allowed)
        counts[i] = find_completions(allowed, limit, found)
        if counts[i]:
            labels[i] = EMPTY
            for row in range(size):
                labels[i, row * size + found[0, row]] = QUEEN


@kernel
def _tightest(allowed: NDArray[np.int64], attacked: NDArray[np.int64], waiting: int) -> tuple[int, int]:
    """Of the rows that wait for a queen, one a bit, the first with the fewest free cells, and these."""
    size = len(allowed)
    best, fewest, found = -1, size + 1, 0
    for row in range(size):
        if waiting >> row & 1:
            free, number = allowed[row] & _free(attacked, row, size), 0
            rest = free
            while rest:
                rest &= rest - 1
                number += 1
            if number < fewest:
                best, fewest, found = row, number, free
    return best, found


@kernel
def _count_guesses(allowed: NDArray[np.int64]) -> int:
    """Queens that a search puts, while others of their row are free too, until one completion is there.

    The row with the fewest free cells comes first, and its cells from the left. A queen in the only free cell that is
    left of a row is no guess.
    """
    size = len(allowed)
    rows, left, attacked = np.empty(size, np.int64), np.empty(size, np.int64), np.zeros((size + 1, 3), np.int64)
    waiting, depth, guesses = (1 << size) - 1, 0, 0
    while waiting:
        row, free = _tightest(allowed, attacked[depth], waiting)
        rows[depth], left[depth] = row, free
        waiting ^= 1 << row
        while left[depth] == 0:
            waiting |= 1 << rows[depth]
            depth -= 1
            if depth < 0:
                return guesses
        row, queen = int(rows[depth]), left[depth] & -left[depth]
        left[depth] ^= queen
        guesses += left[depth] != 0
        _put(attacked[depth], row, queen, size, attacked[depth + 1])
        depth += 1
    return guesses


@kernel
def rate_all(inputs: NDArray[np.uint8], images: NDArray[np.int64], guesses: NDArray[np.int64]) -> None:
    """Count the guesses that all images of a board take together.

    Args:
        inputs: uint8 [G, C].
        images: int64 [8, C], from `symmetric.square_moves`.
        guesses: int64 [G], receives the sums.
    """
    num_cells = inputs.shape[1]
    image, allowed = np.empty(num_cells, np.uint8), np.empty(int(np.sqrt(num_cells)), np.int64)
    for i in range(len(inputs)):
        guesses[i] = 0
        for number in range(len(images)):
            for cell in range(num_cells):
                image[cell] = inputs[i, images[number, cell]]
            _read(image, allowed)
            guesses[i] += _count_guesses(allowed)


@kernel
def check_all(inputs: NDArray[np.uint8], labels: NDArray[np.uint8], right: NDArray[np.bool_]) -> None:
    """Whether labels keep what their boards show, and are queens that do not attack each other, one in each row.

    Args:
        inputs: uint8 [G, C].
        labels: uint8 [G, C].
        right: bool [G], receives the answer.
    """
    size = int(np.sqrt(inputs.shape[1]))
    allowed, attacked = np.empty(size, np.int64), np.empty(3, np.int64)
    for i in range(len(inputs)):
        right[i] = True
        for cell in range(inputs.shape[1]):
            given, token = inputs[i, cell], labels[i, cell]
            right[i] &= (token == EMPTY or token == QUEEN) and (given == OPEN or given == token)
        _read(labels[i], allowed)
        attacked[:] = 0
        for row in range(size):
            right[i] &= allowed[row] & _free(attacked, row, size) != 0
            _put(attacked, row, allowed[row], size, attacked)


@kernel
def _draw(
    stream: NDArray[np.uint64],
    wanted: Wanted,
    solutions: NDArray[np.uint8],
    board: NDArray[np.uint8],
    label: NDArray[np.uint8],
) -> None:
    """A solution of the empty board, each as likely, and a number of its queens, likewise; then which, likewise."""
    size = solutions.shape[1]
    solution = solutions[below(stream, len(solutions))]
    num_given = wanted.least_given + below(stream, wanted.most_given - wanted.least_given + 1)
    board[:], label[:] = OPEN, EMPTY
    rows = np.arange(size)
    for i in range(size):
        if i < num_given:
            j = i + below(stream, size - i)
            rows[i], rows[j] = rows[j], rows[i]
            board[rows[i] * size + solution[rows[i]]] = QUEEN
        label[rows[i] * size + solution[rows[i]]] = QUEEN


@kernel
def make_all(
    seed: int,
    purpose: int,
    start: int,
    wanted: Wanted,
    solutions: NDArray[np.uint8],
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    made: NDArray[np.bool_],
) -> None:
    """Make candidates start, start + 1, ... of the stream (seed, purpose).

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        wanted: what boards have to be.
        solutions: uint8 [S, n], from `solutions_of`.
        inputs: uint8 [G, C], receives the boards.
        labels: uint8 [G, C], receives the solutions that they were cut from.
        made: bool [G], receives whether a candidate was not given up.
    """
    allowed, found = np.empty(solutions.shape[1], np.int64), np.empty((0, solutions.shape[1]), np.uint8)
    for i in range(len(inputs)):
        made[i] = False
        for attempt in range(wanted.attempts):
            stream = open_stream(seed, purpose, attempt, 0, start + i)
            _draw(stream, wanted, solutions, inputs[i], labels[i])
            made[i] = wanted.limit == 0
            if wanted.limit:
                _read(inputs[i], allowed)
                count = find_completions(allowed, wanted.limit, found)
                made[i] = wanted.least_answers <= count <= wanted.most_answers
            if made[i]:
                break
