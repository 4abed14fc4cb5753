"""What generated puzzles can be asked for: how many clues, a symmetric pattern of them, how hard.

A `Target` is spelled by the options of the command line. Its parts are plain data: `SudokuTask.accepts` decides
whether a puzzle meets them.

Shapes: B puzzles, C cells, N size.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError
from ..options import Interval, Option, Range, Word, spell_options

RATING_PARTS = 8
"""Ratings are multiples of one part in so many: means over so many copies."""

FEWEST_CLUES = {4: 4, 6: 8, 9: 17}
"""No puzzle of these sizes with one solution has fewer clues; 17 is by McGuire, Tugemann and Civario (2012)."""

Turn = Callable[[int, int, int], tuple[int, int]]

PATTERNS: dict[str, Turn] = {
    "half-turn": lambda row, column, last: (last - row, last - column),
    "quarter-turn": lambda row, column, last: (column, last - row),
    "left-right": lambda row, column, last: (row, last - column),
    "top-bottom": lambda row, column, last: (last - row, column),
    "diagonal": lambda row, column, last: (column, row),
    "anti-diagonal": lambda row, column, last: (last - column, last - row),
}
"""Where each symmetry carries a cell of the square; a pattern has it if clues are carried to clues alone.

It is a property of the grid's square, not a symmetry of Sudoku, so every size can have every one.
"""


LEVELS = {
    "easy": {4: Range(0, 0), 6: Range(0, 0), 9: Range(0, 0)},
    "hard": {6: Range(0.5, 2), 9: Range(4, 10)},
    "extreme": {6: Range(2, math.inf), 9: Range(10, math.inf)},
}
"""Ratings of the named levels by size (see `rating`), where a size has such puzzles.

Easy puzzles are solved without a guess. At 9x9 hard is what serg's list is (98 % of it) and half of magictour's, and
extreme what the forum's hardest are, all of them; puzzles made for it come from a climb of a fixed length, with a mean
near that of the Sudoku-Extreme data set.
"""

UNRATED = (16,)
"""Sizes without ratings and without options: a rating takes seconds there, and a step of a walk may not end."""

CLIMBED = "extreme"
"""The level whose puzzles are sought by going up for a fixed number of steps, and sieved by its range then."""

OPTIONS = (
    Option(name="clues", kind=Interval(whole=True, parts=RATING_PARTS), help="MIN:MAX clues, such as 22:24."),
    Option(name="pattern", kind=Word(tuple(PATTERNS)), help="Symmetry of the clues' pattern, such as half-turn."),
    Option(
        name="difficulty",
        kind=Interval(words=tuple(LEVELS), parts=RATING_PARTS),
        help="easy, hard, extreme, or MIN:MAX mean guesses of a solver, such as 5:10.",
    ),
)
"""What the command line offers; `Target.parse` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What puzzles must meet; what is None is left open.

    Attributes:
        clues: number of clues.
        pattern: a name of `PATTERNS`.
        difficulty: rating.
        level: a name in `LEVELS`; then `difficulty` is None.
    """

    clues: Range | None = None
    pattern: str | None = None
    difficulty: Range | None = None
    level: str | None = None

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> "Target":
        """The target that options spell.

        Args:
            options: values by the names of `OPTIONS`, in any spelling; one left out is left open.

        Raises:
            OptionError: an option is unknown, or its value is not one of its kind.
        """
        spelled = spell_options("Sudoku", OPTIONS, options)
        clues, level = spelled.get("clues"), spelled.get("difficulty")
        is_level = level in LEVELS
        return cls(
            clues=Range.read(clues) if clues else None,
            pattern=spelled.get("pattern"),
            difficulty=Range.read(level) if level and not is_level else None,
            level=level if is_level else None,
        )

    @property
    def options(self) -> dict[str, str]:
        """The options that spell this target, each in one form."""
        clues, difficulty = (found and found.spell() for found in (self.clues, self.difficulty))
        values = zip(OPTIONS, (clues, self.pattern, self.level or difficulty), strict=True)
        return {option.name: value for option, value in values if value is not None}

    def ratings(self, size: int) -> Range | None:
        """The ratings that puzzles of a size must have, or None where any will do."""
        return self.difficulty if self.level is None else LEVELS[self.level][size]

    def check_size(self, size: int) -> None:
        """Refuse what no puzzle of a size can meet.

        Raises:
            OptionError: so few or so many clues are impossible, or the size has no such level, or no such option.
        """
        fewest, most = FEWEST_CLUES.get(size, 1), size * size
        clues = self.clues
        if clues and (clues.most < fewest or clues.least > most or math.inf > clues.most > most):
            raise OptionError(
                f"clues is {clues.spell()!r}; a {size}x{size} puzzle with one solution has {fewest} to {most}"
            )
        if size in UNRATED and self.options:
            raise OptionError(
                f"{size}x{size} puzzles cannot be asked for by {' or '.join(self.options)}: no bound on the time is "
                f"known; leave it out, or take a size of {' or '.join(map(str, LEVELS['easy']))}"
            )
        if self.level and size not in LEVELS[self.level]:
            known = [*(level for level, sizes in LEVELS.items() if size in sizes), "MIN:MAX"]
            raise OptionError(
                f"difficulty is {self.level!r}, a level that {size}x{size} does not have; expected {' or '.join(known)}"
            )


def pattern_images(pattern: str, size: int) -> NDArray[np.int64]:
    """The cell that a pattern's symmetry carries each cell to, int64 [C]."""
    turn = PATTERNS[pattern]
    moved = [turn(row, column, size - 1) for row in range(size) for column in range(size)]
    return np.array([row * size + column for row, column in moved], np.int64)


def pattern_orbits(pattern: str, size: int) -> list[list[int]]:
    """The cells that a pattern's symmetry carries into each other, orbit by orbit, each from its first cell on."""
    images = pattern_images(pattern, size).tolist()
    orbits = []
    for first in range(size * size):
        orbit = [first]
        while images[orbit[-1]] != first:
            orbit.append(images[orbit[-1]])
        if first == min(orbit):
            orbits.append(orbit)
    return orbits


def has_pattern(puzzles: NDArray[np.uint8], pattern: str, size: int) -> NDArray[np.bool_]:
    """Whether the clues of each puzzle [B, C] (0 = blank) lie in a pattern."""
    clues = puzzles > 0
    return (clues == clues[:, pattern_images(pattern, size)]).all(axis=1)  # type: ignore[no-any-return]
