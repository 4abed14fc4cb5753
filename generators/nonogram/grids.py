"""The square that a nonogram is spelled in: tokens, where clues lie, its symmetries, text.

The picture lies at the lower right, the clues of a row left of it, those of a column above it, and pad in the corner.
Clues lie in the middle of their margin, symmetrically: the place in the very middle is free where their number is even.
So to turn or to mirror a puzzle is to move its cells, by the same map whatever its clues are, and variant 0 looks like
all others. A margin has an odd number of places for that. A line without a filled cell has the clue 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import TextError
from ..jit import kernel
from ..symmetric import moves_by
from ..task import PAD

OPEN, EMPTY, FILLED, ZERO = 1, 2, 3, 4
"""Tokens: a cell that is asked for, one that is empty, one that is filled, the clue 0; clue v is token `ZERO` + v."""

SIZES = tuple(range(5, 13))
"""Rows of a picture; of 15 x 15 cells with 40 per cent filled one picture in 160 has a puzzle with one solution."""

_NUMBERS = "0123456789ABC"
_BETWEEN_CLUES, _BETWEEN_LINES, _BETWEEN_SIDES = ".", "/", ":"
_CELLS = {EMPTY: "-", FILLED: "#"}
_NONE = "?"


def vocabulary(size: int) -> str:
    """One character a token."""
    return "_.-#" + _NUMBERS[: size + 1]


def margin_of(size: int) -> int:
    """m: places for the clues of a line, an odd number that is enough for one in two cells."""
    return (size + 1) // 2 | 1


def moves_of(size: int) -> NDArray[np.int64]:
    """int64 [8, C]: the cell that each cell of an image is taken from, as `symmetric.square_moves` numbers them."""
    margin = margin_of(size)

    def mirror(square: NDArray[np.int64]) -> NDArray[np.int64]:
        """Left and right: of the picture with the clues above it, and of the clues of each row."""
        image = square.copy()
        image[:, margin:] = square[:, : margin - 1 : -1]
        image[margin:, :margin] = square[margin:, margin - 1 :: -1]
        return image

    side = margin + size
    return moves_by(np.arange(side * side).reshape(side, side), mirror)


@kernel
def place_of(index: int, count: int, margin: int) -> int:
    """Where a line's clue lies in its margin.

    Args:
        index: of the clue, from 0.
        count: clues of the line.
        margin: m.
    """
    place = margin // 2 - count // 2 + index
    return place + 1 if count % 2 == 0 and 2 * index >= count else place


@kernel
def cell_of(line: int, place: int, size: int, margin: int) -> int:
    """The cell of a line, where `place` counts those of its margin first.

    Args:
        line: a row, or n + a column.
        place: 0 to m + n - 1.
        size: n.
        margin: m.
    """
    side = margin + size
    return (margin + line) * side + place if line < size else place * side + margin + line - size


@kernel
def write_clues(tokens: NDArray[np.uint8], size: int, margin: int) -> None:
    """Write the clues of the picture that is there, and pad around them.

    Args:
        tokens: uint8 [C], the picture in its place.
        size: n.
        margin: m.
    """
    runs = np.empty(margin, np.int64)
    tokens[: margin * (margin + size)] = PAD
    for line in range(2 * size):
        count, length = 0, 0
        for place in range(size + 1):
            if place < size and tokens[cell_of(line, margin + place, size, margin)] == FILLED:
                length += 1
            elif length:
                runs[count] = length
                count, length = count + 1, 0
        if count == 0:
            runs[0], count = 0, 1
        for place in range(margin):
            tokens[cell_of(line, place, size, margin)] = PAD
        for index in range(count):
            tokens[cell_of(line, place_of(index, count, margin), size, margin)] = ZERO + runs[index]


@kernel
def read_clues(tokens: NDArray[np.uint8], size: int, clues: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """The clues of all lines, without those that are 0.

    Args:
        tokens: uint8 [C].
        size: n.
        clues: int64 [2 n, m], receives them.
        counts: int64 [2 n], receives how many there are.
    """
    margin = clues.shape[1]
    for line in range(2 * size):
        counts[line] = 0
        for place in range(margin):
            token = tokens[cell_of(line, place, size, margin)]
            if token > ZERO:
                clues[line, counts[line]] = token - ZERO
                counts[line] += 1


def picture_of(tokens: NDArray[np.integer], size: int) -> NDArray[np.integer]:
    """The picture [n, n] in a sequence [C]: a view of it."""
    return tokens.reshape(margin_of(size) + size, -1)[-size:, -size:]


def format_puzzle(tokens: NDArray[np.integer], size: int) -> str:
    """A sequence [C] as text: the clues where its picture is asked for, as in ``1.1/3/0:2/1/1``; else the picture.

    The clues of rows come first, then those of columns. A picture has '#' for a filled cell, '-' for an empty one and
    '?' for what is neither.
    """
    picture = picture_of(tokens, size)
    if (picture != OPEN).any():
        return "".join(_CELLS.get(token, _NONE) for token in picture.ravel().tolist())
    margin = margin_of(size)
    lines = []
    for line in range(2 * size):
        found = (int(tokens[cell_of(line, place, size, margin)]) for place in range(margin))
        lines.append(_BETWEEN_CLUES.join(str(token - ZERO) for token in found if token >= ZERO))
    return _BETWEEN_SIDES.join(_BETWEEN_LINES.join(lines[first : first + size]) for first in (0, size))


def parse_puzzles(texts: Sequence[str], size: int) -> NDArray[np.uint8]:
    """What `format_puzzle` writes, uint8 [N, C]; a picture comes with its clues.

    Raises:
        TextError: one of them is neither.
    """
    margin = margin_of(size)
    found = np.zeros((len(texts), (margin + size) ** 2), np.uint8)
    cells = {character: token for token, character in _CELLS.items()}
    for index, text in enumerate(texts):
        if len(text) == size * size and set(text) <= cells.keys():
            picture_of(found[index], size)[:] = np.reshape([cells[one] for one in text], (size, size))
            write_clues(found[index], size, margin)
            continue
        picture_of(found[index], size)[:] = OPEN
        try:
            for line, clues in enumerate(_read_lines(text, size)):
                for number, clue in enumerate(clues):
                    place = place_of(number, len(clues), margin)
                    found[index, cell_of(line, place, size, margin)] = ZERO + clue
        except ValueError as error:
            raise TextError(index, str(error)) from None
    return found


def _read_lines(text: str, size: int) -> list[list[int]]:
    """The clues of all lines.

    Raises:
        ValueError: some are none, or there are not as many lines; the message says which.
    """
    sides = [side.split(_BETWEEN_LINES) for side in text.split(_BETWEEN_SIDES)]
    if [len(side) for side in sides] != [size, size]:
        raise ValueError(
            f"expected the clues of {size} rows and {size} columns, as in 1.1/3/0:2/1/1, or a picture of "
            f"{size * size} characters '#' and '-'"
        )
    found = []
    for number, line in enumerate(sides[0] + sides[1]):
        name = f"row {number + 1}" if number < size else f"column {number - size + 1}"
        words = line.split(_BETWEEN_CLUES)
        if not all(word.isascii() and word.isdigit() and len(word) <= len(str(size)) for word in words):
            raise ValueError(f"{name} has the clues {line!r}; expected numbers with '.' between them, or 0")
        clues = [int(word) for word in words]
        if clues != [0] and (0 in clues or sum(clues) + len(clues) - 1 > size):
            raise ValueError(f"{name} has the clues {line!r}; expected 0 alone, or runs that fit into {size} cells")
        found.append(clues)
    return found
