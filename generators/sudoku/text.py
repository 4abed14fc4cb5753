"""Puzzles as text, one line of cells."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import TextError

VALUES = "123456789ABCDEFG"
"""The character of each value, from 1 on; lower case is read too."""

BLANKS = ".0"
"""Characters of a blank; the first is written."""

_INVALID = 255


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


def parse_puzzles(texts: Sequence[str], size: int) -> NDArray[np.uint8]:
    """Puzzles, one a text, row by row, '.' or '0' for a blank, letters from A on for values above 9.

    Returns:
        Uint8 [B, C], 0 = blank.

    Raises:
        TextError: the length or a character of one of them is wrong.
    """
    table = np.full(256, _INVALID, np.uint8)
    for character, value in values_of(size).items():
        table[ord(character)] = value
    encoded = [text.encode("latin-1", "replace") for text in texts]
    for index, text in enumerate(encoded):
        if len(text) != size * size:
            raise TextError(index, f"a {size}x{size} puzzle has {size * size} characters, this one {len(text)}")
    cells: NDArray[np.uint8] = table[np.frombuffer(b"".join(encoded), np.uint8)].reshape(-1, size * size)
    wrong = np.argwhere(cells == _INVALID)
    if len(wrong):
        index, place = wrong[0].tolist()
        raise TextError(index, f"character {place + 1} is {texts[index][place]!r}; expected {describe_values(size)}")
    return cells


def parse_puzzle(text: str, size: int) -> NDArray[np.uint8]:
    """One puzzle, uint8 [C]: see `parse_puzzles`.

    Raises:
        TextError: the length or a character is wrong.
    """
    puzzle: NDArray[np.uint8] = parse_puzzles([text], size)[0]
    return puzzle


def format_puzzle(puzzle: Iterable[int]) -> str:
    """A puzzle's values [C] as text, the inverse of `parse_puzzle`, blanks as '.'."""
    return "".join((BLANKS[0] + VALUES)[value] for value in puzzle)
