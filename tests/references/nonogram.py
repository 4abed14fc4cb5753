"""Nonograms in plain Python: a picture is a tuple of rows of 0 and 1, clues are tuples, draws are those of a stream."""

from functools import cache
from itertools import groupby, product


def clues_of_line(line):
    return tuple(len(list(run)) for filled, run in groupby(line) if filled)


def clues_of(picture):
    """Those of the rows, then those of the columns; nothing for a line without a filled cell."""
    return [clues_of_line(line) for line in [*picture, *zip(*picture, strict=True)]]


@cache
def ways(clues, size):
    """All lines that have these clues."""
    return [line for line in product((0, 1), repeat=size) if clues_of_line(line) == clues]


def solutions(clues, size):
    """All pictures that have these clues: rows are put from the top, and columns compared as far as they go."""
    found, rows, columns = [], clues[:size], clues[size:]
    beginnings = [{way[:height] for way in ways(column, size) for height in range(size + 1)} for column in columns]

    def put(picture):
        if len(picture) == size:
            found.append(tuple(picture))
            return
        for way in ways(rows[len(picture)], size):
            further = [*picture, way]
            if all(column in begun for column, begun in zip(zip(*further, strict=True), beginnings, strict=True)):
                put(further)

    put([])
    return found


def asked(clues, size, known):
    """For each cell of a line, the values that it has in some way that keeps what is known (None where nothing is)."""
    kept = [
        way
        for way in ways(clues, size)
        if all(one is None or one == cell for one, cell in zip(known, way, strict=True))
    ]
    return [set(cells) for cells in zip(*kept, strict=True)] if kept else None


def solve_by_rounds(clues, size):
    """What rounds over all lines find, each from what was known before it: cells by (row, column), and how many."""
    known, rounds = dict.fromkeys(product(range(size), repeat=2)), 0
    lines = [[(row, column) for column in range(size)] for row in range(size)]
    lines += [[(row, column) for row in range(size)] for column in range(size)]
    while True:
        news = {}
        for cells, line in zip(lines, clues, strict=True):
            found = asked(line, size, [known[cell] for cell in cells])
            if found is None:
                return None, rounds
            news |= {
                cell: min(may) for cell, may in zip(cells, found, strict=True) if len(may) == 1 and known[cell] is None
            }
        if not news:
            return known, rounds
        known |= news
        rounds += 1


def turned(picture):
    """The eight images of a picture."""
    found = []
    for one in (picture, tuple(row[::-1] for row in picture)):
        for _ in range(4):
            one = tuple(zip(*one[::-1], strict=True))
            found.append(one)
    return found


def spelled(picture, size, shown):
    """Tokens of a puzzle, or of its label, row by row."""
    margin = max((size + 1) // 2, 1)
    margin += margin % 2 == 0
    square = [[0] * (margin + size) for _ in range(margin + size)]
    for number, clues in enumerate(clues_of(picture)):
        count = len(clues) or 1
        places = range(margin) if count == margin else middle(margin, count)
        for place, clue in zip(places, clues or (0,), strict=True):
            if number < size:
                square[margin + number][place] = 4 + clue
            else:
                square[place][margin + number - size] = 4 + clue
    for row, column in product(range(size), repeat=2):
        square[margin + row][margin + column] = (3 if picture[row][column] else 2) if shown else 1
    return [token for row in square for token in row]


def middle(margin, count):
    """The places nearest to the middle, the middle itself only for an odd number."""
    places = sorted(range(margin), key=lambda place: abs(place - margin // 2))
    return sorted(places[:count] if count % 2 else places[1 : count + 1])


def drawn(stream, size, least, most):
    """A picture with a number of filled cells, each as likely."""
    num_filled = least + stream.below(most - least + 1)
    cells = list(product(range(size), repeat=2))
    for i in range(num_filled):
        j = i + stream.below(len(cells) - i)
        cells[i], cells[j] = cells[j], cells[i]
    filled = set(cells[:num_filled])
    return tuple(tuple(int((row, column) in filled) for column in range(size)) for row in range(size))
