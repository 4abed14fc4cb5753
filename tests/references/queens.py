"""Queens in plain Python: a board maps (row, column) to a character, queens are cells, draws are those of a stream."""

from functools import cache
from itertools import permutations, product

CHARACTERS = "_.-Q"


def board_of(tokens, size):
    return dict(zip(product(range(size), repeat=2), (CHARACTERS[token] for token in tokens), strict=True))


def tokens_of(board):
    return [CHARACTERS.index(board[cell]) for cell in sorted(board)]


def attack(one, other):
    (a, b), (c, d) = one, other
    return a == c or b == d or abs(a - c) == abs(b - d)


def at_peace(queens):
    return not any(attack(one, other) for one in queens for other in queens if one != other)


@cache
def solutions(size):
    """Columns by row, of all permutations without a shared diagonal, in lexicographic order."""
    return [one for one in permutations(range(size)) if at_peace(list(enumerate(one)))]


def completions(board, size):
    """The solutions that keep a board's queens and its cells without one, in lexicographic order.

    The order over rows that are asked for is that over all, as the others are the same in every completion.
    """
    given = {cell for cell, one in board.items() if one == "Q"}
    barred = {cell for cell, one in board.items() if one == "-"}
    return [one for one in solutions(size) if given <= set(enumerate(one)) and not barred & set(enumerate(one))]


def allowed(board, size):
    """The columns in which each row's queen can be."""
    found = []
    for row in range(size):
        queens = [column for column in range(size) if board[row, column] == "Q"]
        may = [column for column in range(size) if board[row, column] == "."]
        found.append([] if len(queens) > 1 else queens or may)
    return found


def guesses(board, size):
    """Queens that are put while others of their row are free too, until there is a completion, by recursion."""
    columns, tally = allowed(board, size), 0

    def free(row, queens):
        return [column for column in columns[row] if not any(attack((row, column), queen) for queen in queens)]

    def complete(rows, queens):
        nonlocal tally
        if not rows:
            return True
        row = min(rows, key=lambda one: (len(free(one, queens)), one))
        cells = free(row, queens)
        for number, column in enumerate(cells, 1):
            tally += number < len(cells)
            if complete(rows - {row}, [*queens, (row, column)]):
                return True
        return False

    complete(frozenset(range(size)), [])
    return tally


def images(board, size):
    """The board under the eight symmetries, of which some may be equal."""
    last, found = size - 1, []
    for turned in (board, {(row, last - column): one for (row, column), one in board.items()}):
        one = turned
        for _ in range(4):
            one = {(column, last - row): token for (row, column), token in one.items()}
            found.append(one)
    return found


def drawn(stream, size, least, most):
    """Board and label: a solution, and so many of its queens."""
    solution = solutions(size)[stream.below(len(solutions(size)))]
    rows = list(range(size))
    num_given = least + stream.below(most - least + 1)
    for i in range(num_given):
        j = i + stream.below(size - i)
        rows[i], rows[j] = rows[j], rows[i]
    given = {(row, solution[row]) for row in rows[:num_given]}
    cells = list(product(range(size), repeat=2))
    board = {cell: "Q" if cell in given else "." for cell in cells}
    return board, {cell: "Q" if cell in set(enumerate(solution)) else "-" for cell in cells}
