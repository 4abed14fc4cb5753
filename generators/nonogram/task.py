"""Nonograms as a task: what can be asked for, groups, classes, what is right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, OptionError
from ..family import MADE, Family
from ..jit import WarmUp
from ..options import Interval, Option, Range, Word, spell_options
from ..picture import Picture
from ..symmetric import SymmetricTask, Symmetries
from ..task import PAD, Examined, Groups, Solutions, TaskSpec
from .grids import EMPTY, FILLED, OPEN, SIZES, format_puzzle, margin_of, moves_of, parse_puzzles, vocabulary
from .maker import MOST_ATTEMPTS, Wanted, check_all, make_all
from .solver import new_desk, solve_all

LINES, ANY = LOGICS = ("lines", "any")
"""Every step follows from one row or column alone; any puzzle with one solution."""

_DEFAULT_SIZE = 8
_FILL, _ROUNDS = Range(40, 70), Range(1, math.inf)
_HUNDRED = 100
_NO_LIMIT = 2**62
_SEVERAL = 2
_PAPER, _INK, _CLUE = "#ffffff", "#2e3440", "#e5e9f0"

OPTIONS = (
    Option(
        name="fill",
        kind=Interval(whole=True),
        help="MIN:MAX per cent of the cells that are filled, rounded to whole cells. [default: 40:70]",
    ),
    Option(
        name="logic",
        kind=Word(LOGICS),
        help="lines: every step follows from one row or column alone; any: guesses may be needed. [default: any]",
    ),
    Option(
        name="rounds",
        kind=Interval(whole=True),
        help="MIN:MAX rounds over all rows and columns until the picture is found, such as 6:. [default: any]",
    ),
)
"""What the command line offers; `Asked.parse` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What puzzles must be.

    Attributes:
        fill: per cent of the cells that are filled.
        logic: one of `LOGICS`.
        rounds: of the solver.
    """

    fill: Range = _FILL
    logic: str = ANY
    rounds: Range = _ROUNDS

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> "Asked":
        """What options spell, values by the names of `OPTIONS` in any spelling.

        Raises:
            OptionError: an option is unknown, or its value is not one of its kind.
        """
        spelled = spell_options("nonogram", OPTIONS, options)
        ranges = {name: Range.read(spelled[name]) for name in ("fill", "rounds") if name in spelled}
        return cls(logic=spelled.get("logic", ANY), **ranges)

    def wanted(self, size: int) -> Wanted:
        """The same in numbers, for pictures of `size` rows.

        Raises:
            OptionError: no picture has so many filled cells, or no puzzle takes so few rounds.
        """
        if self.fill.least > _HUNDRED:
            raise OptionError(f"fill is {self.fill.spell()!r}; expected per cent, 0 to 100")
        least, most = (int(_HUNDRED + 2 * size * size * min(share, _HUNDRED)) // (2 * _HUNDRED) for share in self.fill)
        if self.rounds.most < 1:
            raise OptionError(f"rounds is {self.rounds.spell()!r}; every puzzle takes 1 or more")
        return Wanted(
            least_filled=least,
            most_filled=most,
            most_guesses=0 if self.logic == LINES else _NO_LIMIT,
            least_rounds=int(self.rounds.least),
            most_rounds=_NO_LIMIT if math.isinf(self.rounds.most) else int(self.rounds.most),
            attempts=MOST_ATTEMPTS,
        )


@dataclass(frozen=True, kw_only=True)
class NonogramTask(SymmetricTask):
    """Nonograms of one size, 5 to 12 rows, each with one solution.

    A puzzle's rating is how many rounds over all rows and columns find its picture, each from what was known before it;
    where rounds alone do not, those after guesses count too.
    """

    size: int
    asked: Asked = field(default_factory=Asked)

    def __post_init__(self) -> None:
        """Refuse a size that there is none of, and what no puzzle of the size can be."""
        if self.size not in SIZES:
            raise InputError(f"there is no nonogram of size {self.size}; expected {SIZES[0]} to {SIZES[-1]}")
        self.asked.wanted(self.size)

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know."""
        side = margin_of(self.size) + self.size
        return TaskSpec(
            name=f"nonogram{self.size}",
            vocabulary=vocabulary(self.size),
            grid_shape=(side, side),
            num_symmetries=len(self.symmetries),
            classes="symmetry",
        )

    @property
    def blank(self) -> int:
        """A cell of the picture."""
        return OPEN

    @property
    def choices(self) -> tuple[int, ...]:
        """Filled or not: clues have tokens of their own."""
        return (EMPTY, FILLED)

    @property
    def symmetries(self) -> Symmetries:
        """The eight of a square, clues with their lines."""
        return _symmetries(self.size)

    @property
    def _listed(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        return self.symmetries.moves, self.symmetries.names

    @cached_property
    def _margin(self) -> int:
        return margin_of(self.size)

    def warm_ups(self, *, generates: bool) -> Sequence[WarmUp]:
        """All kernels of a corpus; see `Task.warm_ups`."""
        desk, numbers, made = new_desk(self.size), np.empty(0, np.int64), np.empty(0, np.bool_)
        rows, tallies = np.empty((0, self.spec.seq_len), np.uint8), np.empty((0, 2), np.int64)
        found = [
            *self.symmetry_warm_ups(),
            WarmUp(solve_all, (rows, _SEVERAL, desk, rows, numbers, tallies), 3),
        ]
        if generates:
            wanted = self.asked.wanted(self.size)
            found.append(WarmUp(make_all, (0, 0, 0, wanted, *self._listed, desk, rows, rows, made), 5))
        return tuple(found)

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Candidates of a stream, but those without a picture whose puzzle is as asked for; see `Task.generate`.

        Every number of filled cells in the range asked for is as likely before puzzles are passed over, and among
        pictures with the same number every one whose puzzle is as asked for.
        """
        desk, made = new_desk(self.size), np.empty(count, np.bool_)
        inputs = np.empty((count, self.spec.seq_len), np.uint8)
        labels = np.empty_like(inputs)
        make_all(seed, purpose, start, self.asked.wanted(self.size), *self._listed, desk, inputs, labels, made)
        index = np.flatnonzero(made)
        return Groups.single(start + index.astype(np.int64), inputs[index], labels[index])

    def examine(self, groups: Groups) -> Examined:
        """Classes by the smallest image, ratings by rounds, and whether a puzzle is as asked for."""
        wanted = self.asked.wanted(self.size)
        counts, _, tallies = self._solve(self.smallest_images(groups))
        guesses, rounds = tallies.T
        filled = (groups.labels == FILLED).sum(axis=1)
        accepted = (counts == 1) & (filled >= wanted.least_filled) & (filled <= wanted.most_filled)
        accepted &= (guesses <= wanted.most_guesses) & (rounds >= wanted.least_rounds) & (rounds <= wanted.most_rounds)
        return replace(super().examine(groups), accepted=accepted, ratings=rounds.astype(np.float64))

    def _solve(self, inputs: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Solutions of puzzles [N, C] up to two, int64 [N], the first of each or pad, guesses and rounds [N, 2]."""
        counts, tallies = np.empty(len(inputs), np.int64), np.empty((len(inputs), 2), np.int64)
        labels = np.full_like(inputs, PAD)
        solve_all(inputs, _SEVERAL, new_desk(self.size), labels, counts, tallies)
        return counts, labels, tallies

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, C] is a picture with the clues of its puzzle, which it repeats."""
        right = np.empty(len(inputs), np.bool_)
        check_all(inputs, labels, self.size, self._margin, right)
        return right

    def picture(self, tokens: NDArray[np.integer]) -> Picture:
        """One sequence [C]: ink on paper, clues on a ground of their own."""
        letters, fills = self.spec.vocabulary, {FILLED: _INK, EMPTY: _PAPER, OPEN: _PAPER, PAD: ""}
        symbols = {PAD: "", OPEN: "", EMPTY: "·", FILLED: "█"}
        values = tokens.tolist()
        return Picture(
            shape=self.spec.grid_shape,
            symbols=tuple(symbols.get(token, letters[token]) for token in values),
            fills=tuple(fills.get(token, _CLUE) for token in values),
            row_rules=(self._margin,),
            column_rules=(self._margin,),
        )

    def parse(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Clues, or pictures with the clues that they have, as tokens uint8 [N, C]; see `grids.format_puzzle`.

        Raises:
            TextError: one of them is neither.
        """
        return parse_puzzles(texts, self.size)

    def format(self, tokens: NDArray[np.integer]) -> str:
        """One sequence [C] as text: the clues of a puzzle, the picture of an answer; see `grids.format_puzzle`."""
        return format_puzzle(tokens, self.size)

    def solve(self, inputs: NDArray[np.uint8]) -> Solutions:
        """Pictures of puzzles uint8 [N, C] with their clues, counted up to two."""
        counts, labels, _ = self._solve(inputs)
        return Solutions(counts, labels)


@cache
def _symmetries(size: int) -> Symmetries:
    return Symmetries.of_moves(moves_of(size), len(vocabulary(size)))


FAMILY = Family(
    name="nonogram",
    help="""Nonograms: a picture from the lengths of the runs of filled cells in its rows and columns.

    Every puzzle has one solution. A sequence is the picture with its clues left of it and above it. Variants are turned
    and mirrored, eight with the puzzle itself.
    """,
    build=lambda size, options: NonogramTask(size=size, asked=Asked.parse(options)),
    options=OPTIONS,
    suppliers=(MADE, "lines"),
    sizes=SIZES,
    default_size=_DEFAULT_SIZE,
    size_help="Rows of the picture, 5 to 12.",
)
