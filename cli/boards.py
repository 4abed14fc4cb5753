"""Puzzles on the screen, side by side: in colour on a terminal that has colours, else by their symbols.

A cell with a fill is two columns of a terminal wide, so that it is about a square, and shows its symbol too, for those
who do not tell the colours apart.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trmpipe.generators.picture import Picture, as_text

from .console import Styled, echo_styled, stdout_colours, stdout_width

_GAP = 5
_FILL = re.compile("#[0-9a-f]{6}")
_LIGHT = 128_000
"""Of 255,000: a fill that is lighter has dark symbols."""


class Board(NamedTuple):
    """One puzzle to be shown.

    Attributes:
        titles: lines above it.
        picture: how it looks.
    """

    titles: Sequence[str]
    picture: Picture


def echo_boards(boards: Iterable[Board]) -> None:
    """Print boards side by side, on a terminal as many as fit beside each other."""
    colours, width = stdout_colours(), stdout_width()
    columns = [_column(board, colours) for board in boards]
    row: list[list[Styled]] = []
    for column in columns:
        if row and width is not None and _width([*row, column]) > width:
            echo_styled(_side_by_side(row))
            echo_styled([[]])
            row = []
        row.append(column)
    echo_styled(_side_by_side(row))


def _column(board: Board, colours: bool) -> list[Styled]:
    titles: list[Styled] = [[(title, "")] for title in board.titles]
    if colours and any(board.picture.fills):
        return titles + _coloured(board.picture)
    return titles + [[(line, "")] for line in as_text(board.picture).splitlines()]


def _coloured(picture: Picture) -> list[Styled]:
    cells = [(f" {symbol or ' '}", _style(fill)) for symbol, fill in zip(picture.symbols, picture.fills, strict=True)]
    rows, columns = picture.shape
    return [cells[row * columns : (row + 1) * columns] for row in range(rows)]


def _style(fill: str) -> str:
    """The style of a cell of a colour; none where it is no colour, as packages bring them too."""
    if not _FILL.fullmatch(fill.lower()):
        return ""
    red, green, blue = bytes.fromhex(fill[1:])
    # Weights of ITU-R BT.601.
    return f"{'#444444' if 299 * red + 587 * green + 114 * blue > _LIGHT else '#bbbbbb'} on {fill.lower()}"


def _length(line: Styled) -> int:
    return sum(len(text) for text, _ in line)


def _width(columns: Sequence[Sequence[Styled]]) -> int:
    return sum(max(map(_length, column), default=0) for column in columns) + _GAP * (len(columns) - 1)


def _side_by_side(columns: Sequence[Sequence[Styled]]) -> list[Styled]:
    """The lines of columns beside each other, without blanks at their ends."""
    widths = [max(map(_length, column), default=0) for column in columns]
    lines: list[Styled] = []
    for number in range(max(map(len, columns), default=0)):
        line: Styled = []
        for column, width in zip(columns, widths, strict=True):
            part = column[number] if number < len(column) else []
            line += [*part, (" " * (width - _length(part) + _GAP), "")]
        while line and not line[-1][1] and not line[-1][0].strip():
            line.pop()
        if line and not line[-1][1]:
            line[-1] = (line[-1][0].rstrip(), "")
        lines.append(line)
    return lines
