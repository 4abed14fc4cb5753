"""Sudoku by its definitions: sets, lists and brute force. Grids are tuples or lists, row by row, 0 = blank."""

from functools import cache
from itertools import permutations, product
from math import factorial

import numpy as np

from .philox import Stream, bijection_keys, permute_pair

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3), 16: (4, 4)}
AUGMENT = 2
RATE = 9


def units(size):
    """Rows, columns, boxes, each a list of cells."""
    height, width = BOXES[size]
    cells = [(row, column) for row in range(size) for column in range(size)]
    keys = (lambda r, c: r, lambda r, c: c, lambda r, c: (r // height, c // width))
    found = []
    for key in keys:
        groups = {}
        for row, column in cells:
            groups.setdefault(key(row, column), []).append(row * size + column)
        found += groups.values()
    return found


def peers(size):
    """The cells that share a unit with each cell."""
    return [{other for unit in units(size) if cell in unit for other in unit} - {cell} for cell in range(size * size)]


def is_solution(puzzle, solution, size=9):
    """Whether a grid keeps the clues and holds every value once in every row, column and box."""
    full = set(range(1, size + 1))
    keeps = all(clue in (0, value) for clue, value in zip(puzzle, solution, strict=True))
    return keeps and all({int(solution[cell]) for cell in unit} == full for unit in units(size))


def solutions(puzzle, size, limit):
    """Solutions up to `limit`, by trying every value that breaks no rule; no other logic."""
    around = peers(size)
    grid = [int(value) for value in puzzle]
    if any(grid[cell] and any(grid[cell] == grid[other] for other in around[cell]) for cell in range(size * size)):
        return []
    found = []

    def fill():
        blanks = [(set(range(1, size + 1)) - {grid[o] for o in around[c]}, c) for c, v in enumerate(grid) if not v]
        if not blanks:
            found.append(tuple(grid))
            return
        values, cell = min(blanks, key=lambda blank: len(blank[0]))
        for value in sorted(values):
            if len(found) < limit:
                grid[cell] = value
                fill()
        grid[cell] = 0

    fill()
    return found


def grids_6x6():
    """All full 6x6 grids with the first row 1 to 6, uint8 [39168, 36], row by row from all orders of a row."""
    rows = np.array(list(permutations(range(1, 7))), np.uint8)
    clashes = (rows[:, None] == rows[None]).any(axis=2)
    # Two rows of a band fill its boxes where their left halves hold all values.
    left = (1 << rows[:, :3]).sum(axis=1)
    repeats = left[:, None] | left != 0b1111110
    found = np.zeros((1, 1), np.int64)
    for row in range(1, 6):
        bad = clashes[found].any(axis=1)
        if row % 2:
            bad |= repeats[found[:, -1]]
        which, following = np.nonzero(~bad)
        found = np.concatenate([found[which], following[:, None]], axis=1)
    return rows[found].reshape(-1, 36)


class Solver:
    """The solver's rule as a recursion over candidate sets: first solution, number of solutions and guesses.

    Naked and hidden singles are drawn until nothing changes; then the first cell with the fewest candidates is tried
    with its values in rising order. A value tried counts as a guess unless it is the last one left.
    """

    def __init__(self, size):
        self.size = size
        self.units = units(size)
        self.peers = peers(size)

    def candidates(self, puzzle):
        full = set(range(1, self.size + 1))
        return [{int(value)} if value else set(full) for value in puzzle]

    def propagate(self, masks):
        """Draw all conclusions, in place; False where something has no place left."""
        changed = True
        while changed:
            changed = False
            for cell, mask in enumerate(masks):
                for other in self.peers[cell] if len(mask) == 1 else ():
                    if mask & masks[other]:
                        masks[other] = masks[other] - mask
                        changed = True
            if not all(masks):
                return False
            for unit in self.units:
                for value in range(1, self.size + 1):
                    places = [cell for cell in unit if value in masks[cell]]
                    if not places:
                        return False
                    if len(places) == 1 and len(masks[places[0]]) > 1:
                        masks[places[0]] = {value}
                        changed = True
        return True

    def branch(self, masks):
        """The first cell with the fewest candidates but more than one; None where all are single."""
        open_cells = [cell for cell, mask in enumerate(masks) if len(mask) > 1]
        return min(open_cells, key=lambda cell: len(masks[cell]), default=None)

    def search(self, puzzle, limit):
        """(solutions, guesses)."""
        found, guesses = [], 0

        def explore(masks):
            nonlocal guesses
            if not self.propagate(masks):
                return
            cell = self.branch(masks)
            if cell is None:
                found.append(tuple(min(mask) for mask in masks))
                return
            values = sorted(masks[cell])
            for value in values:
                if len(found) == limit:
                    return
                guesses += value != values[-1]
                explore([{value} if other == cell else set(mask) for other, mask in enumerate(masks)])

        explore(self.candidates(puzzle))
        return found, guesses

    def fill(self, stream):
        """A full grid drawn from a `Stream`: a random first row, then random values cell by cell."""
        order = list(range(1, self.size + 1))
        stream.shuffle(order)

        def explore(masks):
            if not self.propagate(masks):
                return None
            cell = self.branch(masks)
            if cell is None:
                return tuple(min(mask) for mask in masks)
            left = sorted(masks[cell])
            while left:
                value = left.pop(stream.below(len(left)))
                grid = explore([{value} if other == cell else set(mask) for other, mask in enumerate(masks)])
                if grid is not None:
                    return grid
            return None

        return explore(self.candidates(order + [0] * (self.size * (self.size - 1))))


def make_puzzle(size, seed, purpose, candidate, count):
    """(puzzle, grid) of one candidate, clues tried one after the other; ``count(puzzle)`` counts solutions up to 2."""
    stream = Stream(seed, purpose, 0, 0, candidate)
    grid = Solver(size).fill(stream)
    order = list(range(size * size))
    stream.shuffle(order)
    puzzle = list(grid)
    for cell in order:
        puzzle[cell] = 0
        if count(puzzle) != 1:
            puzzle[cell] = grid[cell]
    return tuple(puzzle), grid


def rating(form, size):
    """Guesses over 8 seeded copies of a canonical form, summed."""
    stream = Stream(0, RATE, 0, 0, 0)
    moves = [spatial_move(size, stream.below(num_spatial(size))) for _ in range(8)]
    return sum(Solver(size).search([form[cell] for cell in move], 2)[1] for move in moves)


def walk(stream, grid, orbits, wanted_clues, wanted_rating, max_steps, count, rate):
    """(puzzle, whether it is minimal) at the end of a walk among the puzzles of a grid.

    Args:
        stream: what the grid was drawn from, a `Stream` or the like.
        grid: all values.
        orbits: lists of cells that come and go together.
        wanted_clues: (least, most).
        wanted_rating: (least, most) in sums of guesses, or None.
        count: counts the solutions of a puzzle up to 2.
        rate: gives the sum of guesses of a puzzle.
    """

    def distance(puzzle):
        clues = [cell for cell, value in enumerate(puzzle) if value]
        needless = sum(count([0 if cell == clue else v for cell, v in enumerate(puzzle)]) == 1 for clue in clues)
        outside = off_range(len(clues), *wanted_clues)
        if wanted_rating is None or needless or outside:
            return needless, outside, 0
        return 0, 0, off_range(rate(puzzle), *wanted_rating)

    def near(puzzle):
        num_dropped = 1 + stream.below(2)
        shuffled = list(range(len(orbits)))
        stream.shuffle(shuffled)
        kept = [orbit for orbit in shuffled if puzzle[orbits[orbit][0]]]
        blank = [orbit for orbit in shuffled if not puzzle[orbits[orbit][0]]]
        return kept[:num_dropped] + blank + kept[num_dropped:]

    order = list(range(len(orbits)))
    stream.shuffle(order)
    best = minimised(grid, orbits, order, count)
    for _ in range(max_steps):
        if not any(distance(best)):
            break
        trial = minimised(grid, orbits, near(best), count)
        if distance(trial) <= distance(best):
            best = trial
    return tuple(best), distance(best)[0] == 0


def minimised(grid, orbits, order, count):
    """What is left of a grid when orbits go in an order, each that can."""
    puzzle = list(grid)
    for orbit in order:
        for cell in orbits[orbit]:
            puzzle[cell] = 0
        if count(puzzle) != 1:
            for cell in orbits[orbit]:
                puzzle[cell] = grid[cell]
    return puzzle


def off_range(number, least, most):
    return least - number if number < least else number - most if number > most else 0


@cache
def arrangements(size, lines):
    """Orders of `size` lines that keep bands of `lines` together: by order of the bands, then of their lines."""
    inner = list(permutations(range(lines)))
    return [
        [band * lines + line for band, order in zip(bands, orders, strict=True) for line in order]
        for bands in permutations(range(size // lines))
        for orders in product(inner, repeat=size // lines)
    ]


def spatial_moves(size):
    """All symmetries that move cells, by rank: cell i of the image is cell ``[i]`` of the puzzle."""
    return [spatial_move(size, rank) for rank in range(num_spatial(size))]


def num_arrangements(size, lines):
    return factorial(size // lines) * factorial(lines) ** (size // lines)


def num_spatial(size):
    height, width = BOXES[size]
    return (1 + (height == width)) * num_arrangements(size, height) * num_arrangements(size, width)


def arrangement(size, lines, rank):
    """One of `arrangements`, from the digits of its rank."""
    inner = list(permutations(range(lines)))
    digits = []
    for _ in range(size // lines):
        rank, digit = divmod(rank, len(inner))
        digits.insert(0, digit)
    bands = list(permutations(range(size // lines)))[rank]
    return [band * lines + line for band, digit in zip(bands, digits, strict=True) for line in inner[digit]]


def spatial_move(size, rank):
    """One of `spatial_moves`: rank = transpose + T * (row arrangement + R * column arrangement)."""
    height, width = BOXES[size]
    rank, transposed = divmod(rank, 1 + (height == width))
    column_rank, row_rank = divmod(rank, num_arrangements(size, height))
    rows, columns = arrangement(size, height, row_rank), arrangement(size, width, column_rank)
    if transposed:
        return tuple(columns[c] * size + rows[r] for r in range(size) for c in range(size))
    return tuple(rows[r] * size + columns[c] for r in range(size) for c in range(size))


def relabelling(size, rank):
    """Values 0..N under the relabelling of `rank`: swap i with one of the places from i on, by the factorial digits."""
    values = list(range(size + 1))
    for i in range(1, size):
        rank, digit = divmod(rank, size + 1 - i)
        values[i], values[i + digit] = values[i + digit], values[i]
    return values


def normal_form(grid):
    """`grid` with its values renamed in the order in which they appear."""
    names = {0: 0}
    return tuple(names.setdefault(int(value), len(names)) for value in grid)


def canonical(puzzle, moves):
    """The smallest image under all symmetries."""
    return min(normal_form([puzzle[cell] for cell in move]) for move in moves)


def automorphisms(puzzle, moves):
    """Spatial symmetries, the identity left out, whose image is the puzzle after some relabelling."""
    form = normal_form(puzzle)
    identity = tuple(range(len(puzzle)))
    return [s for s in moves if s != identity and normal_form([puzzle[cell] for cell in s]) == form]


def symmetry_of(place, size, keys):
    """(spatial rank, relabelling's rank) at a place >= 1 of a keyed order of all symmetries but the identity."""
    total = num_spatial(size), factorial(size)
    pair = permute_pair(place, *total, keys)
    return permute_pair(0, *total, keys) if pair == (0, 0) else pair


def variants(puzzle, grid, size, seed, candidate, stop, moves):
    """The first `stop` variants as (puzzle, grid) pairs; of symmetries with one image only the first move counts."""
    num_symmetries = factorial(size) * len(moves)
    keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
    first = {}
    for move in moves:
        form = normal_form([puzzle[cell] for cell in move])
        first[form] = min(move, first.get(form, move))
    accepted = set(first.values())
    found = [(tuple(puzzle), tuple(grid))]
    place = 1
    while len(found) < stop and place < num_symmetries:
        spatial, label = symmetry_of(place, size, keys)
        move, names = moves[spatial], relabelling(size, label)
        if move in accepted:
            found.append(tuple(tuple(names[base[cell]] for cell in move) for base in (puzzle, grid)))
        place += 1
    return found
