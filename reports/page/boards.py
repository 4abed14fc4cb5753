"""Puzzles and the answers to them after every supervision step, as data that the page's script draws.

Every distinct cell (symbol, fill, tone) gets a letter, so that a board is a text of a letter a cell: a dozen mazes of
30 x 30 with 16 steps are 170 kB, not 5 MB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trmpipe.generators.picture import Picture

_LETTERS = "".join(map(chr, [*range(48, 58), *range(65, 91), *range(97, 123), *range(0xC0, 0x180)]))
"""Of cells; a board of more distinct ones is written as numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One board.

    Attributes:
        picture: how it looks, its cells judged.
        says: in words what there is to say of it, such as ``12 wrong``.
    """

    picture: Picture
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Boards:
    """One puzzle with a slider.

    Attributes:
        title: what the puzzle is called.
        says: a few words of what came of it.
        kind: a word for its kind: ``solved``, ``failed``, or another.
        puzzle: as it was given.
        solution: the stored one.
        steps: the answers, the one after step 1 first; of one network or, in a comparison, of several by their names.
    """

    title: str
    says: str
    kind: str
    puzzle: Board
    solution: Board
    steps: Mapping[str, Sequence[Board]]

    @property
    def num_steps(self) -> int:
        """Supervision steps of the answers; the largest number where networks differ."""
        return max(map(len, self.steps.values()))

    def to_json(self) -> dict[str, Any]:
        """Plain values: what a cell looks like by its number, and boards as texts of a letter a cell."""
        looks: dict[tuple[str, str, str], int] = {}
        picture = self.puzzle.picture
        return {
            "shape": list(picture.shape),
            "rowRules": list(picture.row_rules),
            "columnRules": list(picture.column_rules),
            "letters": _LETTERS,
            "puzzle": _told(self.puzzle, looks),
            "solution": _told(self.solution, looks),
            "steps": {name: [_told(board, looks) for board in boards] for name, boards in self.steps.items()},
            # Last, as it grows while boards are told.
            "looks": list(looks),
        }


def _told(board: Board, looks: dict[tuple[str, str, str], int]) -> dict[str, Any]:
    """A board as plain values; what is new of its cells is added to `looks`."""
    picture = board.picture
    number = len(picture.symbols)
    fills, tones = (values or ("",) * number for values in (picture.fills, picture.tones))
    cells = [looks.setdefault(look, len(looks)) for look in zip(picture.symbols, fills, tones, strict=True)]
    short = max(cells) < len(_LETTERS)
    return {"says": board.says, "cells": "".join(_LETTERS[cell] for cell in cells) if short else cells}
