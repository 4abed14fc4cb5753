"""What generated puzzles can be asked for: how many clues, a symmetric pattern of them, how hard.

A `Target` is spelled by the options of the command line. Its parts are plain data: `SudokuTask.accepts` decides
whether a puzzle meets them.

Shapes: B puzzles, C cells, N size.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

RATING_PARTS = 8
"""Ratings are multiples of one part in so many: means over so many copies."""

OPTIONS = ("clues", "pattern", "difficulty")

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


class Range(NamedTuple):
    """Numbers from `least` to `most`, both included; `most` may be infinite."""

    least: float
    most: float

    def holds(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each number [B] lies in the range."""
        return (numbers >= self.least) & (numbers <= self.most)


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

_NUMBER = {"clues": r"[0-9]{1,9}", "difficulty": r"[0-9]{1,9}(?:\.[0-9]{1,9})?"}
_EXPECTED = {
    "clues": "a number or MIN:MAX of whole numbers such as 22:24, 24: or :24",
    "difficulty": f"MIN:MAX of numbers such as 5:10, 5: or :10, or one of {', '.join(LEVELS)}",
}


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
            options: values by the names of `OPTIONS`; one left out is left open.

        Raises:
            InputError: an option is unknown, or its value is not one of its kind.
        """
        for name in options:
            if name not in OPTIONS:
                raise InputError(f"Sudoku has no option {name!r}; known: {', '.join(OPTIONS)}")
        pattern = options.get("pattern")
        if pattern is not None and pattern not in PATTERNS:
            raise InputError(f"pattern is {pattern!r}; expected one of {', '.join(PATTERNS)}")
        clues, level = _range_of("clues", options), options.get("difficulty")
        if level in LEVELS:
            return cls(clues=clues, pattern=pattern, level=level)
        return cls(clues=clues, pattern=pattern, difficulty=_range_of("difficulty", options))

    @property
    def options(self) -> dict[str, str]:
        """The options that spell this target, each in one form."""
        clues, difficulty = (found and _format_range(found) for found in (self.clues, self.difficulty))
        values = zip(OPTIONS, (clues, self.pattern, self.level or difficulty), strict=True)
        return {name: value for name, value in values if value is not None}

    def ratings(self, size: int) -> Range | None:
        """The ratings that puzzles of a size must have, or None where any will do."""
        return self.difficulty if self.level is None else LEVELS[self.level][size]

    def check_size(self, size: int) -> None:
        """Refuse what no puzzle of a size can meet.

        Raises:
            InputError: so few or so many clues are impossible, or the size has no such level, or no such option.
        """
        fewest, most = FEWEST_CLUES.get(size, 1), size * size
        clues = self.clues
        if clues and (clues.most < fewest or clues.least > most or math.inf > clues.most > most):
            raise InputError(
                f"clues is {_format_range(clues)!r}; a {size}x{size} puzzle with one solution has {fewest} to {most}"
            )
        if size in UNRATED and self.options:
            raise InputError(
                f"{size}x{size} puzzles cannot be asked for by {' or '.join(self.options)}: no bound on the time is "
                f"known; leave it out, or take a size of {' or '.join(map(str, LEVELS['easy']))}"
            )
        if self.level and size not in LEVELS[self.level]:
            known = [*(level for level, sizes in LEVELS.items() if size in sizes), "MIN:MAX"]
            raise InputError(
                f"difficulty is {self.level!r}, a level that {size}x{size} does not have; expected {' or '.join(known)}"
            )


def _range_of(name: str, options: Mapping[str, str]) -> Range | None:
    if name not in options:
        return None
    text = options[name]
    number = _NUMBER[name]
    single = f"|(?P<only>{number})" if name == "clues" else ""
    match = re.fullmatch(f"(?P<least>{number})?:(?P<most>{number})?{single}", text)
    if match is None or text == ":":
        raise InputError(f"{name} is {text!r}; expected {_EXPECTED[name]}")
    only = match.groupdict().get("only")
    least, most = only or match["least"], only or match["most"]
    found = Range(float(least or 0), float(most) if most else math.inf)
    if found.least > found.most:
        raise InputError(f"{name} is {text!r}; expected the smaller number first, as in {most}:{least}")
    if math.ceil(RATING_PARTS * found.least) > RATING_PARTS * found.most:
        raise InputError(f"{name} is {text!r}; expected a range that holds a multiple of 1/{RATING_PARTS}")
    return found


def _format_range(found: Range) -> str:
    return f"{_format_number(found.least)}:{_format_number(found.most)}"


def _format_number(number: float) -> str:
    return "" if math.isinf(number) else f"{number:.9f}".rstrip("0").rstrip(".")


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
