"""Puzzles as text: one line of cells, and grids for people."""

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .geometry import BOXES

VALUES = "123456789ABCDEFG"
"""The character of each value, from 1 on; lower case is read too."""

BLANKS = ".0"
"""Characters of a blank; the first is written."""


def values_of(size: int) -> dict[str, int]:
    """The value of each character that a puzzle of `size` may hold, 0 for a blank."""
    values = {character: 0 for character in BLANKS}
    for value, character in enumerate(VALUES[:size], 1):
        values[character] = values[character.lower()] = value
    return values


def describe_values(size: int) -> str:
    """What may stand in a cell, for messages."""
    letters = f", A to {VALUES[size - 1]}" if size > 9 else ""
    return f"1 to {min(size, 9)}{letters}, or '.' or '0' for a blank"


def parse_puzzle(text: str, size: int) -> NDArray[np.uint8]:
    """One puzzle, row by row, '.' or '0' for a blank, letters from A on for values above 9.

    Returns:
        Uint8 [C], 0 = blank.

    Raises:
        InputError: the length or a character is wrong.
    """
    if len(text) != size * size:
        raise InputError(f"a {size}x{size} puzzle has {size * size} characters, this one {len(text)}: {text[:100]!r}")
    values = values_of(size)
    for position, character in enumerate(text):
        if character not in values:
            raise InputError(
                f"character {position + 1} of the puzzle is {character!r}; expected {describe_values(size)}"
            )
    return np.array([values[character] for character in text], np.uint8)


def format_puzzle(puzzle: NDArray[np.uint8]) -> str:
    """The inverse of `parse_puzzle`, blanks as '.'."""
    return "".join((BLANKS[0] + VALUES)[value] for value in puzzle)


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
