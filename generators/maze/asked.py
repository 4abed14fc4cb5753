"""What mazes can be asked for: their kind, how they are carved, how long the path is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import OptionError
from ..options import Interval, Option, Range, Whole, Word, spell_options
from .trees import ALGORITHMS

HARD, UNIQUE, OPEN = KINDS = ("hard", "unique", "open")
"""Walls at random, as Maze-Hard; perfect mazes, with one path; perfect mazes without some of their walls."""

_REMOVED = 10
_PUBLISHED_SIZE, _PUBLISHED_STEPS = 30, 111
"""Maze-Hard: 30 x 30 cells and a shortest path longer than 110 steps."""

OPTIONS = (
    Option(
        name="kind",
        kind=Word(KINDS),
        help="hard: walls at random in 30 to 50 % of the cells; unique: perfect mazes, one path alone; open: perfect "
        "mazes without some of their walls. [default: hard]",
    ),
    Option(
        name="algorithm",
        kind=Word(ALGORITHMS),
        help="How perfect mazes are carved: dfs, wilson, kruskal or prim. [default: dfs]",
    ),
    Option(
        name="path",
        kind=Interval(whole=True),
        help="MIN:MAX steps of the shortest path, such as 111: or 100:140. [default: any; of kind hard as long for its "
        "size as 111: at 30]",
    ),
    Option(
        name="removed",
        kind=Whole(1, 100),
        help="Per cent of the walls between rooms that kind open takes away. [default: 10]",
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
    """

    kind: str = HARD
    algorithm: str = ALGORITHMS[0]
    path: Range | None = None
    removed: int = _REMOVED

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
        return cls(
            kind=kind,
            algorithm=spelled.get("algorithm", ALGORITHMS[0]),
            path=Range.read(path) if path else None,
            removed=int(spelled.get("removed", _REMOVED)),
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

    def _least(self, size: int) -> int:
        """Of kind hard what 111 of 900 cells, or 111 steps across 30 cells, come to at this size, the fewer of both."""
        if self.kind != HARD:
            return 1
        of_cells = _PUBLISHED_STEPS * size * size // _PUBLISHED_SIZE**2
        return min(of_cells, _PUBLISHED_STEPS * size // _PUBLISHED_SIZE)
