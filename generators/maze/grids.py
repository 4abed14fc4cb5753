"""Tokens of mazes, and how the rooms of a perfect maze lie in a square.

Shapes: C = n * n cells, L rooms to a side.
"""

VOCABULARY = "_# SGo"
"""One character a token; the order is that of the published mazes, pad before it."""

WALL, OPEN, START, GOAL, PATH = range(1, 6)

SIZES = tuple(range(5, 65))
"""Cells to a side; below 5 a perfect maze has a single room."""

NUM_WAYS = 4
UP, LEFT, RIGHT, DOWN = range(NUM_WAYS)
"""Ways from a cell to the next, in the order in which they are preferred; the opposite of way w is 3 - w."""


def rooms_to_a_side(size: int) -> int:
    """L: rooms with a wall between them within an outer wall; at an even size the last row and column are wall too."""
    return (size - 1) // 2
