"""ARC by its definitions: grids are lists of rows, tasks lists of pairs, and all that can be tried is tried."""

from itertools import permutations
from math import perm

from .philox import WORD, bijection_keys, permute, philox

SIDE = 30
AUGMENT, TRANSLATE = 2, 10


def turned(grid):
    """A quarter turn against the clock: the last column becomes the first row."""
    return [list(column) for column in zip(*grid, strict=True)][::-1]


def transposed(grid):
    return [list(column) for column in zip(*grid, strict=True)]


def moved(grid, number):
    """A grid after one of the eight moves, by quarter turns and mirrors."""
    turns = {0: 0, 1: 1, 2: 2, 3: 3}
    if number in turns:
        for _ in range(turns[number]):
            grid = turned(grid)
        return [list(row) for row in grid]
    if number == 4:
        return [row[::-1] for row in grid]
    if number == 5:
        return [list(row) for row in grid[::-1]]
    if number == 6:
        return transposed(grid)
    return transposed([row[::-1] for row in grid[::-1]])


def image(grid, number, colours):
    """A grid after a move, each colour replaced."""
    return [[colours[colour] for colour in row] for row in moved(grid, number)]


def stored(grid, top=0, left=0):
    """The 900 tokens of a grid at an offset; of None, pad."""
    tokens = [[0] * SIDE for _ in range(SIDE)]
    if grid is not None:
        rows, columns = len(grid), len(grid[0])
        for r in range(rows + 1):
            for c in range(columns + 1):
                inside = r < rows, c < columns
                if any(inside) and top + r < SIDE and left + c < SIDE:
                    tokens[top + r][left + c] = grid[r][c] + 2 if all(inside) else 1
    return [token for row in tokens for token in row]


def cropped(tokens):
    """The colours of the largest rectangle at (0, 0) that holds only colours: the lowest of several; [] for none."""
    grid = [tokens[SIDE * r : SIDE * r + SIDE] for r in range(SIDE)]
    coloured = [[2 <= token <= 11 for token in row] for row in grid]
    best = []
    for rows in range(1, SIDE + 1):
        columns = max(c for c in range(SIDE + 1) if all(all(row[:c]) for row in coloured[:rows]))
        if rows * columns > sum(map(len, best)):
            best = [row[:columns] for row in grid[:rows]]
    return [[token - 2 for token in row] for row in best]


def is_stored(tokens):
    """Whether tokens are those of one grid, where its colours lie."""
    cells = [(cell // SIDE, cell % SIDE) for cell, token in enumerate(tokens) if token > 1]
    if not cells:
        return False
    (top, left), (bottom, right) = (tuple(end(line) for line in zip(*cells, strict=True)) for end in (min, max))
    grid = [[tokens[SIDE * r + c] - 2 for c in range(left, right + 1)] for r in range(top, bottom + 1)]
    return all(0 <= colour <= 9 for row in grid for colour in row) and stored(grid, top, left) == list(tokens)


def used_colours(grids):
    return sorted({colour for grid in grids for row in grid for colour in row} - {0})


def all_maps(grids):
    """Every (move, colours) that treats the colours in use differently; the others take what is left, in order."""
    used = used_colours(grids)
    for number in range(8):
        for images in permutations(range(1, 10), len(used)):
            rest = iter(sorted(set(range(1, 10)) - set(images)))
            names = dict(zip(used, images, strict=True))
            yield number, [0] + [names[colour] if colour in names else next(rest) for colour in range(1, 10)]


def freeze(grids):
    return tuple(tuple(map(tuple, grid)) for grid in grids)


def distinct_images(grids):
    """All images of a list of grids under moves and colours."""
    return {freeze(image(grid, *some) for grid in grids) for some in all_maps(grids)}


def renamed(grids):
    """Grids with the colours but 0 renamed in the order in which they come."""
    names = {0: 0}
    return freeze([[names.setdefault(colour, len(names)) for colour in row] for row in grid] for grid in grids)


def representatives(grids):
    """The first of the moves that give the same images but for the colours' names."""
    first = {}
    for number in range(8):
        first.setdefault(renamed(moved(grid, number) for grid in grids), number)
    return sorted(first.values())


def num_variants(grids):
    return len(representatives(grids)) * perm(9, len(used_colours(grids)))


def map_of_rank(rank, grids):
    """(move, colours) of a rank: digits pick among the values that are left, the colours in use coming first."""
    used = used_colours(grids)
    number, digits = divmod(rank, perm(9, len(used)))
    left = used + [colour for colour in range(1, 10) if colour not in used]
    images = {0: 0}
    for i, colour in enumerate(used):
        digit, digits = divmod(digits, perm(8 - i, len(used) - 1 - i))
        images[colour] = left.pop(digit)
    rest = sorted(left)
    return representatives(grids)[number], [images[c] if c in images else rest.pop(0) for c in range(10)]


def map_of_variant(variant, grids, seed, candidate):
    """The keyed order of the ranks, in which 0 and the rank that it should have had change places."""
    keys, count = bijection_keys(seed, AUGMENT, 0, 0, candidate), num_variants(grids)
    rank = 0 if variant == 0 else permute(variant, count, keys)
    return map_of_rank(permute(0, count, keys) if variant and rank == 0 else rank, grids)


def below(word, bound):
    return word * bound // WORD


def variant(pairs, k, grids, seed, candidate, translates):
    """Token pairs of variant k of some pairs (label None where unknown) of a task that consists of `grids`."""
    some = map_of_variant(k, grids, seed, candidate)
    still = below(philox((seed, TRANSLATE), (0, k, 0, candidate))[0], len(pairs))
    rows = []
    for place, (grid, label) in enumerate(pairs):
        sides = [image(grid, *some), None if label is None else image(label, *some)]
        top = left = 0
        if translates and k > 0 and place != still:
            words = philox((seed, TRANSLATE), (1 + place, k, 0, candidate))
            there = [side for side in sides if side is not None]
            top = below(words[0], SIDE + 1 - max(len(side) for side in there))
            left = below(words[1], SIDE + 1 - max(len(side[0]) for side in there))
        rows.append(tuple(None if side is None else stored(side, top, left) for side in sides))
    return [(one, stored(None) if other is None else other) for one, other in rows]


def class_form(demonstrations, tests):
    """The smallest of all forms of a task: over all moves and all ways to name its colours 1, 2, ..., pairs sorted."""
    used = used_colours([side for pair in demonstrations for side in pair] + list(tests))
    forms = []
    for number in range(8):
        for order in permutations(range(1, len(used) + 1)):
            colours = {0: 0, **dict(zip(used, order, strict=True))}
            pairs = sorted(freeze(image(side, number, colours) for side in pair) for pair in demonstrations)
            forms.append((pairs, sorted(freeze([image(grid, number, colours)]) for grid in tests)))
    return min(forms)
