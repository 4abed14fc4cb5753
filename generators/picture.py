"""How a puzzle looks, as plain data: what text, pictures and reports are drawn from.

A task turns a sequence of tokens into a `Picture` and knows nothing of screens; whoever draws one knows nothing of
tasks. Cells are numbered row by row.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .spec import TaskSpec

GIVEN, RIGHT, WRONG = "given", "right", "wrong"
"""Tones: a cell that the puzzle shows, and an answer's cell that is right or wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A grid of cells.

    Attributes:
        shape: rows R and columns C.
        symbols: R * C characters, one a cell; an empty one where a cell shows nothing.
        fills: R * C colours ``#rrggbb``; none at all where cells have no colour.
        row_rules: rows above which a line is drawn.
        column_rules: columns to the left of which a line is drawn.
        tones: R * C of `GIVEN`, `RIGHT`, `WRONG`, or empty; none at all where cells are not judged.
    """

    shape: tuple[int, int]
    symbols: tuple[str, ...]
    fills: tuple[str, ...] = ()
    row_rules: tuple[int, ...] = ()
    column_rules: tuple[int, ...] = ()
    tones: tuple[str, ...] = ()

    def toned(self, tones: tuple[str, ...]) -> "Picture":
        """The same picture with its cells judged."""
        return replace(self, tones=tones)


def used_part(used: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest rows and columns that hold all cells in use, bool [R, C]; everything where none is."""
    if not used.any():
        return slice(None), slice(None)
    rows, columns = (np.flatnonzero(used.any(axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def cropped(picture: Picture, part: tuple[slice, slice]) -> Picture:
    """A part of a picture: some of its rows and columns, with the lines between them."""
    numbers = np.arange(len(picture.symbols)).reshape(picture.shape)[part]
    cells = numbers.ravel().tolist()
    (first_row, first_column), shape = np.divmod(cells[0], picture.shape[1]), numbers.shape
    row_rules, column_rules = (
        tuple(int(rule - first) for rule in rules if 0 < rule - first < length)
        for rules, first, length in zip(
            (picture.row_rules, picture.column_rules), (first_row, first_column), shape, strict=True
        )
    )
    return replace(
        picture,
        shape=(shape[0], shape[1]),
        symbols=tuple(picture.symbols[cell] for cell in cells),
        fills=tuple(picture.fills[cell] for cell in cells) if picture.fills else (),
        tones=tuple(picture.tones[cell] for cell in cells) if picture.tones else (),
        row_rules=row_rules,
        column_rules=column_rules,
    )


def plain_picture(spec: TaskSpec, tokens: NDArray[np.integer]) -> Picture:
    """A sequence [S] by the characters of the vocabulary: for tasks without a look, or code, of their own."""
    return Picture(shape=spec.grid_shape, symbols=tuple(spec.vocabulary[token] for token in tokens.tolist()))


def as_text(picture: Picture) -> str:
    """The symbols as lines of text; where there are rules, with lines between the parts and blanks between cells."""
    rows, columns = picture.shape
    grid = [picture.symbols[row * columns : (row + 1) * columns] for row in range(rows)]
    if not (picture.row_rules or picture.column_rules):
        return "\n".join("".join(symbol or " " for symbol in row).rstrip() for row in grid).rstrip("\n")
    bounds = [0, *picture.column_rules, columns]
    parts = list(pairwise(bounds))
    rule = "+".join("-" * (2 * (stop - start) + 1) for start, stop in parts)
    lines = []
    for number, row in enumerate(grid):
        if number in picture.row_rules:
            lines.append(rule)
        cells = [" ".join(symbol or " " for symbol in row[start:stop]) for start, stop in parts]
        lines.append(f" {' | '.join(cells)}".rstrip())
    return "\n".join(lines)
