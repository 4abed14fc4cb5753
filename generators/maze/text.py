"""Mazes as text, one line of cells."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import TextError
from .grids import GOAL, OPEN, PATH, START, WALL
from .paths import find_ends

_READ = {"#": WALL, " ": OPEN, ".": OPEN, "S": START, "G": GOAL, "s": START, "g": GOAL}
_WRITTEN = {WALL: "#", OPEN: ".", START: "S", GOAL: "G", PATH: "o"}
"""A blank would get lost at the ends of a line."""
_NONE = "?"


def parse_mazes(texts: Sequence[str], size: int) -> NDArray[np.uint8]:
    """Mazes, one a text, row by row: '#' a wall, '.' or a blank an open cell, one 'S' and one 'G'.

    Returns:
        Tokens uint8 [N, C].

    Raises:
        TextError: the length of one is wrong, or a character, or it has not one start and one goal.
    """
    mazes = np.empty((len(texts), size * size), np.uint8)
    for index, text in enumerate(texts):
        if len(text) != size * size:
            raise TextError(index, f"a {size}x{size} maze has {size * size} characters, this one {len(text)}")
        unknown = [(place, one) for place, one in enumerate(text, 1) if one not in _READ]
        if unknown:
            place, one = unknown[0]
            raise TextError(index, f"character {place} is {one!r}; expected '#', '.' or a blank, 'S' or 'G'")
        mazes[index] = [_READ[one] for one in text]
        if min(find_ends(mazes[index])) < 0:
            raise TextError(index, "a maze has one 'S' and one 'G'; this one has none or several of one of them")
    return mazes


def format_maze(tokens: Sequence[int]) -> str:
    """Tokens [C] as text, '.' for an open cell and '?' for pad; of a maze the inverse of `parse_mazes`."""
    return "".join(_WRITTEN.get(token, _NONE) for token in tokens)
