"""Listed symmetries in plain Python: images as tuples, told apart by comparing them."""

from tests.references.philox import bijection_keys, permute
from trmpipe.generators.rng import AUGMENT


def image(grid, move, name):
    """What a symmetry makes of a grid: cell by cell, from where `move` says, by the name that `name` gives."""
    return tuple(int(name[grid[source]]) for source in move)


def images(grid, moves, names):
    return [image(grid, move, name) for move, name in zip(moves, names, strict=True)]


def form(grid, moves, names):
    return min(images(grid, moves, names))


def variants(grid, candidate, seed, moves, names):
    """The numbers of the symmetries that give different images, in the order of the variants."""
    keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
    others = len(moves) - 1
    order = [0] + [1 + permute(place, others, keys) for place in range(others)]
    every, seen, found = images(grid, moves, names), set(), []
    for number in order:
        if every[number] not in seen:
            seen.add(every[number])
            found.append(number)
    return found
