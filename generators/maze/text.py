"""Mazes as text, one line of cells.

Published mazes are lines of ``# SGo`` (Maze-Hard: 900 characters), in which an open cell is a blank; ours are written
with a dot, since a blank would get lost at the ends of a line. Both are read.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import TextError
from .grids import GOAL, OPEN, PATH, START, WALL

_READ = {"#": WALL, " ": OPEN, ".": OPEN, "S": START, "G": GOAL, "s": START, "g": GOAL}
_READ_ANSWER = {**_READ, "o": PATH, "O": PATH}
_WRITTEN = {WALL: "#", OPEN: ".", START: "S", GOAL: "G", PATH: "o"}
_NONE = "?"


def parse_mazes(texts: Sequence[str], size: int) -> NDArray[np.uint8]:
    """Mazes, one a text, row by row: '#' a wall, '.' or a blank an open cell, one 'S' and one 'G'.

    Returns:
        Tokens uint8 [N, C].

    Raises:
        TextError: the length of one is wrong, or a character, or it has not one start and one goal.
    """
    return _parse(texts, size, _READ, "'#', '.' or a blank, 'S' or 'G'")


def parse_answers(texts: Sequence[str], size: int) -> NDArray[np.uint8]:
    """Mazes with marked paths: as `parse_mazes`, with 'o' for a marked cell.

    Raises:
        TextError: as `parse_mazes` raises it.
    """
    return _parse(texts, size, _READ_ANSWER, "'#', '.' or a blank, 'S', 'G' or 'o'")


def _parse(texts: Sequence[str], size: int, known: Mapping[str, int], expected: str) -> NDArray[np.uint8]:
    mazes = np.empty((len(texts), size * size), np.uint8)
    for index, text in enumerate(texts):
        if len(text) != size * size:
            raise TextError(index, f"a {size}x{size} maze has {size * size} characters, this one {len(text)}")
        unknown = [(place, one) for place, one in enumerate(text, 1) if one not in known]
        if unknown:
            place, one = unknown[0]
            raise TextError(index, f"character {place} is {one!r}; expected {expected}")
        mazes[index] = [known[one] for one in text]
        starts, goals = (int((mazes[index] == end).sum()) for end in (START, GOAL))
        if (starts, goals) != (1, 1):
            raise TextError(index, f"a maze has one 'S' and one 'G', this one {starts} 'S' and {goals} 'G'")
    return mazes


def format_maze(tokens: Sequence[int]) -> str:
    """Tokens [C] as text, '.' for an open cell and '?' for pad; of a maze the inverse of `parse_mazes`."""
    return "".join(_WRITTEN.get(token, _NONE) for token in tokens)
