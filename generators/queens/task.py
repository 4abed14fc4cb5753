"""n queens completion as a task: what can be asked for, tokens, groups, classes, what is right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, OptionError, TextError
from ..family import Family
from ..jit import WarmUp
from ..options import Interval, Option, Range, spell_options
from ..picture import Picture
from ..symmetric import SymmetricTask, Symmetries, square_moves
from ..task import Examined, Groups, Solutions, TaskSpec
from .beside import is_completed
from .boards import EMPTY, MOST_ATTEMPTS, OPEN, QUEEN, Wanted, check_all, complete_all, make_all, rate_all, solutions_of

SIZES = tuple(range(5, 15))
"""At 4 there are 2 solutions, one the mirror image of the other; at 15 they take 6 CPU seconds and 34 MB a process."""

_DEFAULT_SIZE = 8
_DEFAULT_TEST = {5: 4, 6: 4, 7: 50, 8: 250}
"""Held-out boards where a size has few classes of boards: 19, 22, 253 and 1,407 with as many queens as by default."""

_SEVERAL = 2
_VOCABULARY = "_.-Q"
_READ = {".": OPEN, "-": EMPTY, "Q": QUEEN, "q": QUEEN}
_LIGHT, _DARK = "#f0d9b5", "#b58863"

OPTIONS = (
    Option(
        name="given",
        kind=Interval(whole=True),
        help="MIN:MAX queens on the board, such as 1:3. [default: from 1 to half of them]",
    ),
    Option(
        name="answers",
        kind=Interval(whole=True),
        help="MIN:MAX completions of a board, such as 1 or 10:. [default: any]",
    ),
)
"""What the command line offers; `Asked.parse` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What boards must be.

    Attributes:
        given: queens on the board; None for 1 to half of them.
        answers: completions of a board; None for any number.
    """

    given: Range | None = None
    answers: Range | None = None

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> "Asked":
        """What options spell, values by the names of `OPTIONS` in any spelling.

        Raises:
            OptionError: an option is unknown, or its value is not one of its kind.
        """
        spelled = spell_options("queens", OPTIONS, options)
        return cls(**{name: Range.read(value) for name, value in spelled.items()})

    def wanted(self, size: int) -> Wanted:
        """The same in numbers, for boards of `size` rows.

        Raises:
            OptionError: no such board has so many queens, or so few completions.
        """
        given, answers = self.given or Range(1, size // 2), self.answers or Range(1, math.inf)
        if given.least > size - 1:
            raise OptionError(f"given is {given.spell()!r}; of {size} queens 0 to {size - 1} can be given")
        if answers.most < 1:
            raise OptionError(f"answers is {answers.spell()!r}; a board that can be completed has 1 or more")
        # It is enough to know that there are more than asked for, or as many as there have to be.
        limit = answers.least if math.isinf(answers.most) else answers.most + 1
        return Wanted(
            least_given=int(given.least),
            most_given=int(min(given.most, size - 1)),
            least_answers=int(answers.least),
            most_answers=int(min(answers.most, limit)),
            limit=int(limit) if self.answers else 0,
            attempts=MOST_ATTEMPTS,
        )


@dataclass(frozen=True, kw_only=True)
class QueensTask(SymmetricTask):
    """Boards of one size, 5 to 14 rows.

    A board is cut from a solution that is drawn from all there are, each as likely. A puzzle's rating is how many
    guesses a search takes until it has a completion, the mean over the eight images of the board.
    """

    size: int
    asked: Asked = field(default_factory=Asked)

    def __post_init__(self) -> None:
        """Refuse a size that there is none of, and what no board of the size can be."""
        if self.size not in SIZES:
            raise InputError(f"there are no queens of size {self.size}; expected {SIZES[0]} to {SIZES[-1]}")
        self.asked.wanted(self.size)

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know."""
        return TaskSpec(
            name=f"queens{self.size}",
            vocabulary=_VOCABULARY,
            grid_shape=(self.size, self.size),
            num_symmetries=len(self.symmetries),
            classes="symmetry",
            scoring="check",
        )

    @property
    def default_test(self) -> int:
        """Held-out groups where the user does not say how many."""
        return _DEFAULT_TEST.get(self.size) or super().default_test

    @property
    def blank(self) -> int:
        """A cell that may hold a queen or not."""
        return OPEN

    @property
    def symmetries(self) -> Symmetries:
        """The eight of a square."""
        return _symmetries(self.size)

    def warm_ups(self, *, generates: bool) -> Sequence[WarmUp]:
        """All kernels of a corpus; see `Task.warm_ups`."""
        rows, numbers = np.empty((0, self.size**2), np.uint8), np.empty(0, np.int64)
        found = [
            *self.symmetry_warm_ups(),
            WarmUp(complete_all, (rows, 1, numbers, rows), 1),
            WarmUp(rate_all, (rows, self.symmetries.moves, numbers), 1),
        ]
        if generates:
            solutions, made = np.zeros((1, self.size), np.uint8), np.empty(0, np.bool_)
            wanted = self.asked.wanted(self.size)
            found.append(WarmUp(make_all, (0, 0, 0, wanted, solutions, rows, rows, made), 2))
        return tuple(found)

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Candidates of a stream, but those without a board that has as many completions as asked for.

        The number of queens that are given is drawn evenly from the range asked for, and so are the rows in which they
        are. So a board comes as often as it has completions, its label is any of them as likely as another, and where
        `answers` is asked for, the same holds of the boards that have as many. See `Task.generate`.
        """
        inputs, made = np.empty((count, self.size**2), np.uint8), np.empty(count, np.bool_)
        labels = np.empty_like(inputs)
        make_all(seed, purpose, start, self.asked.wanted(self.size), solutions_of(self.size), inputs, labels, made)
        index = np.flatnonzero(made)
        return Groups.single(start + index.astype(np.int64), inputs[index], labels[index])

    def examine(self, groups: Groups) -> Examined:
        """Classes by the smallest image, ratings by guesses, and whether a board is as asked for."""
        wanted, boards = self.asked.wanted(self.size), groups.inputs
        given = (boards == QUEEN).sum(axis=1)
        accepted = (given >= wanted.least_given) & (given <= wanted.most_given)
        if wanted.limit:
            counts, _ = self._complete(boards, wanted.limit)
            accepted &= (counts >= wanted.least_answers) & (counts <= wanted.most_answers)
        guesses = np.empty(len(groups), np.int64)
        rate_all(boards, self.symmetries.moves, guesses)
        return replace(super().examine(groups), accepted=accepted, ratings=guesses / len(self.symmetries))

    def _complete(self, inputs: NDArray[np.uint8], limit: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Completions of boards [N, C] up to a limit, int64 [N], and the first of each, all pad where there is none."""
        counts, labels = np.empty(len(inputs), np.int64), np.zeros_like(inputs)
        complete_all(inputs, limit, counts, labels)
        return counts, labels

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, C] completes its board, as the stored one or otherwise."""
        right = np.empty(len(inputs), np.bool_)
        check_all(inputs, labels, right)
        return right

    def check_beside(self, inputs: Any, labels: Any, answers: Any) -> Any:
        """See `is_completed`; a label tells nothing more."""
        return is_completed(inputs, answers, self.size)

    def picture(self, tokens: NDArray[np.integer]) -> Picture:
        """One sequence [C] as a chessboard, with a point in the cells that are answered and have no queen."""
        symbols = {QUEEN: "♛", EMPTY: "·"}
        row, column = np.divmod(np.arange(self.size**2), self.size)
        return Picture(
            shape=(self.size, self.size),
            symbols=tuple(symbols.get(token, "") for token in tokens.tolist()),
            fills=tuple(_DARK if dark else _LIGHT for dark in ((row + column) % 2).tolist()),
        )

    def parse(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Boards row by row, 'Q' a queen, '.' a cell that is asked for, '-' one without a queen: uint8 [N, C].

        Raises:
            TextError: one of them is no board of this size.
        """
        boards = np.empty((len(texts), self.size**2), np.uint8)
        for index, text in enumerate(texts):
            if len(text) != self.size**2:
                raise TextError(
                    index, f"a {self.size}x{self.size} board has {self.size**2} characters, this one {len(text)}"
                )
            for place, one in enumerate(text):
                if one not in _READ:
                    raise TextError(index, f"character {place + 1} is {one!r}; expected 'Q', '.' or '-'")
                boards[index, place] = _READ[one]
        return boards

    def solve(self, inputs: NDArray[np.uint8]) -> Solutions:
        """The first completion of boards uint8 [N, C] in reading order, and how many there are, counted up to two."""
        return Solutions(*self._complete(inputs, _SEVERAL))


@cache
def _symmetries(size: int) -> Symmetries:
    return Symmetries.of_moves(square_moves(size), len(_VOCABULARY))


FAMILY = Family(
    name="queens",
    help="""n queens completion: some queens on a board, to be completed to n that do not attack each other.

    Boards are cut from solutions that are drawn from all there are, each as likely. Most have several right answers,
    and an answer is right whichever it is. Variants are turned and mirrored, eight with the board itself.
    """,
    build=lambda size, options: QueensTask(size=size, asked=Asked.parse(options)),
    options=OPTIONS,
    sizes=SIZES,
    default_size=_DEFAULT_SIZE,
    size_help="Rows of the board, 5 to 14.",
)
