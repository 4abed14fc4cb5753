"""What mazes can be asked for: their kind, how they are carved, how long the path is, how many answers are kept.

Shapes: G mazes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError
from ..options import Interval, Option, Range, Whole, Word, spell_options
from .trees import ALGORITHMS

HARD, UNIQUE, OPEN = KINDS = ("hard", "unique", "open")
"""Walls at random, as Maze-Hard; perfect mazes, with one path; perfect mazes without some of their walls."""

RULE, TURNED = TIES = ("rule", "turned")
"""What labels a variant where several paths are shortest: what the rule picks of them, or the maze's label, turned."""

_REMOVED, _SOLUTIONS = 10, 1
MOST_SOLUTIONS = 16
"""Shortest paths of a training maze that are stored, at most."""
_PUBLISHED_SIZE, _PUBLISHED_STEPS = 30, 111
"""Maze-Hard: 30 x 30 cells and a shortest path longer than 110 steps."""

OPTIONS = (
    Option(
        name="kind",
        kind=Word(KINDS),
        help="hard: walls at random in 30 to 50 % of the cells; unique: perfect mazes, one path alone; open: perfect "
        "mazes without some of their walls. [default: hard]",
        making=True,
    ),
    Option(
        name="algorithm",
        kind=Word(ALGORITHMS),
        help="How perfect mazes are carved: dfs, wilson, kruskal or prim. [default: dfs]",
        making=True,
    ),
    Option(
        name="path",
        kind=Interval(whole=True),
        help="MIN:MAX steps of the shortest path, such as 111: or 100:140. [default: any; of kind hard as long for its "
        "size as 111: at 30; of a file any]",
    ),
    Option(
        name="removed",
        kind=Whole(1, 100),
        help="Per cent of the walls between rooms that kind open takes away. [default: 10]",
        making=True,
    ),
    Option(
        name="solutions",
        kind=Whole(1, MOST_SOLUTIONS),
        help="Different shortest paths that are stored of a training maze, where it has as many; an epoch shows one of "
        "them. [default: 1]",
    ),
    Option(
        name="ties",
        kind=Word(TIES),
        help="Which of several shortest paths labels a variant. rule: the one that the rule picks, as for its maze; "
        "turned: its maze's label, turned with it, as published, so that no rule holds for all. [default: rule]",
    ),
)
"""What the command line offers; `Asked.parse` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What mazes must be.

    Attributes:
        kind: one of `KINDS`.
        algorithm: one of `trees.ALGORITHMS`; not used by kind hard.
        path: steps of the shortest path; None for the kind's own.
        removed: per cent of the walls between rooms that kind open takes away.
        solutions: shortest paths that are stored of a training maze, 1 to `MOST_SOLUTIONS`.
        ties: one of `TIES`; several solutions are all turned.
    """

    kind: str = HARD
    algorithm: str = ALGORITHMS[0]
    path: Range | None = None
    removed: int = _REMOVED
    solutions: int = _SOLUTIONS
    ties: str = RULE

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> "Asked":
        """What options spell.

        Args:
            options: values by the names of `OPTIONS`, in any spelling; one left out has its default.

        Raises:
            OptionError: an option is unknown, its value is not one of its kind, or the kind of maze has no use for it.
        """
        spelled = spell_options("maze", OPTIONS, options)
        kind, path = spelled.get("kind", HARD), spelled.get("path")
        for name, kinds in (("algorithm", (UNIQUE, OPEN)), ("removed", (OPEN,))):
            if name in spelled and kind not in kinds:
                raise OptionError(
                    f"{name} is {spelled[name]!r}, and mazes of kind {kind} have no use for it; leave it out, or set "
                    f"kind to {' or '.join(kinds)}"
                )
        solutions = int(spelled.get("solutions", _SOLUTIONS))
        if solutions > 1 and kind == UNIQUE:
            raise OptionError(
                f"solutions is {solutions}, and mazes of kind {kind} have one path and no use for it; leave it out, or "
                f"set kind to {HARD} or {OPEN}"
            )
        if solutions > 1 and "ties" in spelled:
            raise OptionError(
                f"ties is {spelled['ties']!r}, which says what one path labels a variant, and solutions stores up to "
                f"{solutions} of them; leave one of both out"
            )
        return cls(
            kind=kind,
            algorithm=spelled.get("algorithm", ALGORITHMS[0]),
            path=Range.read(path) if path else None,
            removed=int(spelled.get("removed", _REMOVED)),
            solutions=solutions,
            ties=spelled.get("ties", RULE),
        )

    def steps(self, size: int) -> tuple[int, int]:
        """Least and most steps of a path in a square of `size` cells to a side.

        Raises:
            OptionError: no path has so many or so few.
        """
        longest = size * size - 1
        least, most = self.path or Range(self._least(size), math.inf)
        if least > longest or most < 1:
            raise OptionError(
                f"path is {Range(least, most).spell()!r}; a shortest path of a {size} x {size} maze has 1 to {longest} "
                "steps, and seldom as many"
            )
        return max(1, int(least)), int(min(most, longest))

    def accepts(self, lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool [G]: whether paths of these lengths are as was asked for; mazes out of files may have any by default."""
        least, most = self.path or Range(1, math.inf)
        return (lengths >= max(1, least)) & (lengths <= most)

    def _least(self, size: int) -> int:
        """Of kind hard what 111 of 900 cells, or 111 steps across 30 cells, come to at this size, the fewer of both."""
        if self.kind != HARD:
            return 1
        of_cells = _PUBLISHED_STEPS * size * size // _PUBLISHED_SIZE**2
        return min(of_cells, _PUBLISHED_STEPS * size // _PUBLISHED_SIZE)
