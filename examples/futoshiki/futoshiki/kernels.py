"""Futoshiki in Numba: random Latin squares, counting solutions, and taking clues away while there is one solution.

A puzzle of size n is a picture of 2n - 1 rows and columns. Where both are even lies a number; between two numbers lies
the sign that says which of them is smaller, or nothing. Tokens: 0 is pad, for places where nothing lies; 1 is an empty
cell; value v is 1 + v; the signs come after the largest value.

Shapes: N puzzles, n numbers to a row, S = (2n - 1) * (2n - 1) places, C = n * n cells.
"""

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.jit import kernel
from trmpipe.generators.rng import open_stream, shuffle

EMPTY = 1
LEFT, RIGHT, UPPER, LOWER = range(4)
"""Signs, from the first one on: which of the two numbers is the smaller one."""


@kernel
def place_of(cell: int, n: int) -> int:
    """Where in a picture the number of a cell lies."""
    return 2 * (cell // n) * (2 * n - 1) + 2 * (cell % n)


@kernel
def fill_square(stream: NDArray[np.uint64], n: int, square: NDArray[np.int64]) -> None:
    """Draw a Latin square: rows and columns in a random order of a row-by-row search with random choices.

    Every square can come; they are not equally likely.

    Args:
        stream: gives the draws.
        n: numbers to a row.
        square: int64 [C], receives values 1 to n.
    """
    orders = np.empty((n * n, n), np.int64)
    tried = np.zeros(n * n, np.int64)
    rows, columns = np.zeros(n, np.int64), np.zeros(n, np.int64)
    cell, is_new = 0, True
    while cell < n * n:
        if is_new:
            orders[cell], tried[cell] = np.arange(1, n + 1), 0
            shuffle(stream, orders[cell])
        else:  # Take back what was tried last.
            rows[cell // n] ^= 1 << square[cell]
            columns[cell % n] ^= 1 << square[cell]
        taken, is_new = rows[cell // n] | columns[cell % n], False
        while tried[cell] < n and not is_new:
            value = orders[cell, tried[cell]]
            tried[cell] += 1
            if not taken >> value & 1:
                square[cell], is_new = value, True
                rows[cell // n] |= 1 << value
                columns[cell % n] |= 1 << value
        cell += 1 if is_new else -1


@kernel
def read(tokens: NDArray[np.uint8], n: int, values: NDArray[np.int64], smaller: NDArray[np.int64]) -> int:
    """The numbers and signs of a picture.

    Args:
        tokens: uint8 [S].
        n: numbers to a row.
        values: int64 [C], receives the numbers, 0 where a cell is empty.
        smaller: int64 [2 * C, 2], receives the pairs of cells of which the first is the smaller one.

    Returns:
        How many pairs there are.
    """
    count, side, first = 0, 2 * n - 1, n + 2
    for cell in range(n * n):
        place = place_of(cell, n)
        values[cell] = max(0, tokens[place] - EMPTY) if tokens[place] < first else 0
        for step, beside, less, more in ((1, 1, LEFT, RIGHT), (side, n, UPPER, LOWER)):
            if (cell % n if step == 1 else cell // n) == n - 1:
                continue
            sign = np.int64(tokens[place + step]) - first
            if sign == less or sign == more:
                smaller[count, 0] = cell if sign == less else cell + beside
                smaller[count, 1] = cell + beside if sign == less else cell
                count += 1
    return count


@kernel
def _narrow(candidates: NDArray[np.int64], smaller: NDArray[np.int64], n: int) -> bool:
    """Take away candidates, a bit for each value, that rows, columns or signs rule out; False where a cell has none."""
    changed = True
    while changed:
        changed = False
        for cell in range(n * n):
            bits = candidates[cell]
            if bits == 0:
                return False
            if bits & (bits - 1) == 0:
                for i in range(n):
                    for other in (cell // n * n + i, i * n + cell % n):
                        if other != cell and candidates[other] & bits:
                            candidates[other] &= ~bits
                            changed = True
        for pair in range(len(smaller)):
            a, b = smaller[pair, 0], smaller[pair, 1]
            if candidates[a] == 0 or candidates[b] == 0:
                return False
            most = candidates[b]
            while most & (most - 1):  # The largest of b's values alone.
                most &= most - 1
            least = candidates[a] & -candidates[a]
            below_most, above_least = candidates[a] & (most - 1), candidates[b] & ~((least << 1) - 1)
            changed |= below_most != candidates[a] or above_least != candidates[b]
            candidates[a], candidates[b] = below_most, above_least
    return True


@kernel
def count_solutions(
    values: NDArray[np.int64],
    smaller: NDArray[np.int64],
    n: int,
    limit: int,
    room: NDArray[np.int64],
    solution: NDArray[np.int64],
) -> int:
    """Count solutions, by guessing in the cell with the fewest candidates.

    Args:
        values: int64 [C], 0 where a cell is empty.
        smaller: int64 [P, 2], pairs of cells of which the first is the smaller one.
        n: numbers to a row.
        limit: stop at so many.
        room: int64 [C + 1, C], working memory.
        solution: int64 [C], receives the last solution found.

    Returns:
        The number, `limit` at most.
    """
    found, depth = 0, 0
    for cell in range(n * n):
        room[0, cell] = 1 << values[cell] if values[cell] else (1 << (n + 1)) - 2
    while depth >= 0:
        cell = -1
        if _narrow(room[depth], smaller, n):
            fewest = n + 1
            for other in range(n * n):
                number, bits = 0, room[depth, other]
                while bits:
                    bits &= bits - 1
                    number += 1
                if 1 < number < fewest:
                    fewest, cell = number, other
            if cell < 0:
                found += 1
                for other in range(n * n):
                    value = 1
                    while room[depth, other] >> value > 1:
                        value += 1
                    solution[other] = value
                if found == limit:
                    return found
        if cell < 0:
            depth -= 1  # What is left of the guesses above lies there already.
        else:
            guess = room[depth, cell] & -room[depth, cell]
            room[depth + 1] = room[depth]
            room[depth + 1, cell] = guess
            room[depth, cell] ^= guess
            depth += 1
    return found


@kernel
def make_one(
    seed: int, purpose: int, candidate: int, n: int, tokens: NDArray[np.uint8], label: NDArray[np.uint8]
) -> None:
    """Make a puzzle with one solution in which no number and no sign could be left out.

    Args:
        seed: root seed.
        purpose: the stream.
        candidate: number of the puzzle in it.
        n: numbers to a row.
        tokens: uint8 [S], receives the puzzle.
        label: uint8 [S], receives the numbers; pad elsewhere.
    """
    stream, side = open_stream(seed, purpose, 0, 0, candidate), 2 * n - 1
    square, values, solution = np.empty(n * n, np.int64), np.empty(n * n, np.int64), np.empty(n * n, np.int64)
    smaller, room = np.empty((2 * n * n, 2), np.int64), np.empty((n * n + 1, n * n), np.int64)
    fill_square(stream, n, square)
    tokens[:], label[:] = 0, 0
    for cell in range(n * n):
        place = place_of(cell, n)
        tokens[place] = label[place] = EMPTY + square[cell]
        if cell % n < n - 1:
            tokens[place + 1] = n + 2 + (LEFT if square[cell] < square[cell + 1] else RIGHT)
        if cell // n < n - 1:
            tokens[place + side] = n + 2 + (UPPER if square[cell] < square[cell + n] else LOWER)
    order = np.flatnonzero(tokens)
    shuffle(stream, order)
    for place in order:
        clue = tokens[place]
        tokens[place] = EMPTY if label[place] else 0
        count = read(tokens, n, values, smaller)
        if count_solutions(values, smaller[:count], n, 2, room, solution) > 1:
            tokens[place] = clue


@kernel
def make_all(seed: int, purpose: int, start: int, n: int, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Make candidates from `start` on.

    Args:
        seed: root seed.
        purpose: the stream.
        start: the first candidate.
        n: numbers to a row.
        inputs: uint8 [N, S], receives the puzzles.
        labels: uint8 [N, S], receives their solutions.
    """
    for i in range(len(inputs)):
        make_one(seed, purpose, start + i, n, inputs[i], labels[i])


@kernel
def solve_all(inputs: NDArray[np.uint8], n: int, counts: NDArray[np.int64], labels: NDArray[np.uint8]) -> None:
    """Solve puzzles.

    Args:
        inputs: uint8 [N, S].
        n: numbers to a row.
        counts: int64 [N], receives 0, 1, or 2 for several.
        labels: uint8 [N, S], receives a solution of each; all pad where there is none.
    """
    values, solution = np.empty(n * n, np.int64), np.empty(n * n, np.int64)
    smaller, room = np.empty((2 * n * n, 2), np.int64), np.empty((n * n + 1, n * n), np.int64)
    labels[:] = 0
    for i in range(len(inputs)):
        pairs = read(inputs[i], n, values, smaller)
        counts[i] = count_solutions(values, smaller[:pairs], n, 2, room, solution)
        for cell in range(n * n if counts[i] else 0):
            labels[i, place_of(cell, n)] = EMPTY + solution[cell]


@kernel
def check_all(inputs: NDArray[np.uint8], labels: NDArray[np.uint8], n: int, right: NDArray[np.bool_]) -> None:
    """Whether answers obey rows, columns, signs and shown numbers; what lies between the numbers is not looked at.

    Args:
        inputs: uint8 [N, S].
        labels: uint8 [N, S], the answers.
        n: numbers to a row.
        right: bool [N], receives the verdicts.
    """
    values, smaller = np.empty(n * n, np.int64), np.empty((2 * n * n, 2), np.int64)
    answer = np.empty(n * n, np.int64)
    for i in range(len(inputs)):
        pairs = read(inputs[i], n, values, smaller)
        rows, columns = np.zeros(n, np.int64), np.zeros(n, np.int64)
        right[i] = True
        for cell in range(n * n):
            answer[cell] = np.int64(labels[i, place_of(cell, n)]) - EMPTY
            right[i] &= 1 <= answer[cell] <= n and (values[cell] == 0 or values[cell] == answer[cell])
            if right[i]:
                rows[cell // n] |= 1 << answer[cell]
                columns[cell % n] |= 1 << answer[cell]
        for i_row in range(n):
            right[i] &= rows[i_row] == columns[i_row] == (1 << (n + 1)) - 2
        for pair in range(pairs):
            right[i] &= answer[smaller[pair, 0]] < answer[smaller[pair, 1]]
