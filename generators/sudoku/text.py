"""Puzzles as text: one line of cells, and grids for people."""

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .geometry import BOXES

_DIGITS = "123456789"
_BLANKS = ".0"


def parse_puzzle(text: str, size: int) -> NDArray[np.uint8]:
    """One puzzle, row by row, '.' or '0' for a blank.

    Returns:
        Uint8 [C], 0 = blank.

    Raises:
        InputError: the length or a character is wrong.
    """
    if len(text) != size * size:
        raise InputError(f"a {size}x{size} puzzle has {size * size} characters, this one {len(text)}: {text[:100]!r}")
    for position, character in enumerate(text):
        if character not in _BLANKS and character not in _DIGITS[:size]:
            raise InputError(
                f"character {position + 1} of the puzzle is {character!r}; expected 1 to {size}, or '.' or '0' for a"
                " blank"
            )
    return np.array([0 if character in _BLANKS else int(character) for character in text], np.uint8)


def format_puzzle(puzzle: NDArray[np.uint8]) -> str:
    """The inverse of `parse_puzzle`, blanks as '.'."""
    return "".join("." if value == 0 else str(value) for value in puzzle)


def render_grid(characters: str, size: int) -> str:
    """C characters as a grid with lines between boxes."""
    box_rows, box_columns = BOXES[size]
    rule = "+".join(["-" * (2 * box_columns + 1)] * (size // box_columns))
    lines = []
    for row in range(size):
        if row and row % box_rows == 0:
            lines.append(rule)
        cells = characters[row * size : (row + 1) * size]
        boxes = [" ".join(cells[i : i + box_columns]) for i in range(0, size, box_columns)]
        lines.append(" " + " | ".join(boxes) + " ")
    return "\n".join(line.rstrip() for line in lines)
