"""Mazes as a task: tokens, groups, variants, classes, what is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..jit import WarmUp
from ..picture import Picture
from ..spec import ANSWERS
from ..symmetric import SymmetricTask, Symmetries, puzzles_of, square_moves
from ..task import PAD, Examined, Groups, Rows, Solutions, TaskSpec, runs
from .alternatives import draw_alternatives
from .asked import RULE, Asked
from .beside import is_shortest
from .grids import OPEN, PATH, SIZES, VOCABULARY, WALL
from .maker import make, make_all, new_workbench, wanted_of
from .paths import check_all, join_all, new_path_room, solve_all
from .text import format_maze, parse_answers, parse_mazes

_SEVERAL = 2
_WALL_COLOUR, _FLOOR_COLOUR = "#3b4252", "#eceff4"


@dataclass(frozen=True, kw_only=True)
class MazeTask(SymmetricTask):
    """Mazes of one size, 5 to 64 cells to a side. A puzzle's rating is the length of its shortest path in steps."""

    size: int
    asked: Asked = field(default_factory=Asked)

    def __post_init__(self) -> None:
        """Refuse a size that there is none of, and a path that no maze of the size has."""
        if self.size not in SIZES:
            raise InputError(f"there is no maze of size {self.size}; expected {SIZES[0]} to {SIZES[-1]}")
        self.asked.steps(self.size)

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know."""
        return TaskSpec(
            name=f"maze{self.size}",
            vocabulary=VOCABULARY,
            grid_shape=(self.size, self.size),
            num_symmetries=len(self.symmetries),
            classes="symmetry",
            scoring="check",
            measures=(ANSWERS, "wall_share"),
            alternatives=self.asked.solutions > 1,
        )

    @property
    def blank(self) -> int:
        """An open cell, which a path may take or not."""
        return OPEN

    @property
    def choices(self) -> tuple[int, ...]:
        """On the path or not, and the latter looks as the puzzle does."""
        return (OPEN, PATH)

    @property
    def verbatim(self) -> bool:
        """A blank is an open cell, and ``#`` a wall."""
        return True

    @property
    def symmetries(self) -> Symmetries:
        """The eight of a square."""
        return _symmetries(self.size)

    def warm_ups(self, *, generates: bool) -> Sequence[WarmUp]:
        """All kernels of a corpus; see `Task.warm_ups`."""
        rows, numbers = np.empty((0, self.size**2), np.uint8), np.empty(0, np.int64)
        found = [
            *self.symmetry_warm_ups(),
            WarmUp(solve_all, (rows, rows, numbers, numbers, new_path_room(self.size)), 2),
        ]
        if self.asked.solutions > 1:
            most = np.empty((0, self.asked.solutions, self.size**2), np.uint8)
            found.append(
                WarmUp(draw_alternatives, (0, rows, rows, numbers, most, numbers, new_path_room(self.size)), 1)
            )
        if generates:
            wanted = wanted_of(self.asked, self.size)
            found.append(WarmUp(make_all, (0, 0, 0, wanted, *new_workbench(self.size), rows, rows, numbers), 6))
        return tuple(found)

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Candidates of a stream, but those without an attempt whose path is as asked for; see `Task.generate`."""
        inputs, labels, lengths = make(seed, purpose, start, count, self.size, wanted_of(self.asked, self.size))
        made = np.flatnonzero(lengths)
        return Groups.single(start + made.astype(np.int64), inputs[made], labels[made])

    def examine(self, groups: Groups) -> Examined:
        """Classes by the smallest image, ratings by the length of the path, and whether it is as asked."""
        lengths = self._solve(puzzles_of(self, groups))[1]
        return replace(
            super().examine(groups), accepted=self.asked.accepts(lengths), ratings=lengths.astype(np.float64)
        )

    def measure(self, groups: Groups) -> NDArray[np.float64]:
        """Number of shortest paths, `MOST_PATHS` at most, and share of cells that are walls, float64 [G, 2]."""
        mazes = puzzles_of(self, groups)
        return np.stack([self._solve(mazes)[2], (mazes == WALL).mean(axis=1)], axis=1).astype(np.float64)

    def with_alternatives(self, groups: Groups, seed: int) -> Groups:
        """Up to `Asked.solutions` shortest paths of each maze, the given one first; see `Task.with_alternatives`."""
        found = np.empty((len(groups), self.asked.solutions, self.size**2), np.uint8)
        sizes, memory = np.empty(len(groups), np.int64), new_path_room(self.size)
        draw_alternatives(seed, groups.inputs, groups.labels, groups.candidates, found, sizes, memory)
        places = runs(np.arange(len(groups)) * self.asked.solutions, sizes)
        return replace(
            groups,
            sizes=sizes,
            inputs=np.repeat(groups.inputs, sizes, axis=0),
            labels=found.reshape(-1, self.size**2)[places],
        )

    def _solve(self, inputs: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
        """Labels [N, C], steps [N] and numbers of shortest paths [N]."""
        labels = np.empty_like(inputs)
        lengths, numbers = (np.empty(len(inputs), np.int64) for _ in range(2))
        solve_all(inputs, labels, lengths, numbers, new_path_room(self.size))
        return labels, lengths, numbers

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Mazes and labels turned and mirrored, uint8 [R, C]; see `Task.augment`.

        The rule by which a label is chosen among several shortest paths is not one for turned mazes, so where it is to
        hold for variants, it chooses anew. Labels that it did not choose, as those of a file, are always turned.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        inputs, labels = super().augment(groups, seed, start, counts)
        if self.asked.ties == RULE and not self.spec.alternatives:
            chosen = (self._solve(groups.inputs)[0] == groups.labels).all(axis=1)
            here = np.repeat(chosen, counts)
            labels[here] = self._solve(inputs[here])[0]
        return inputs, labels

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, C] is its maze with a shortest path, the stored one or another."""
        right = np.empty(len(inputs), np.bool_)
        check_all(inputs, labels, right, new_path_room(self.size))
        return right

    def check_beside(self, inputs: Any, labels: Any, answers: Any) -> Any:
        """See `is_shortest`."""
        return is_shortest(inputs, labels, answers, self.size)

    def verdicts(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Mapping[str, NDArray[np.bool_]]:
        """``joined``: whether each label is its maze with marks that join start and goal, however long their way."""
        joined = np.empty(len(inputs), np.bool_)
        join_all(inputs, labels, joined, new_path_room(self.size))
        return {"joined": joined}

    def picture(self, tokens: NDArray[np.integer]) -> Picture:
        """One sequence [C] with its walls dark."""
        symbols = tuple("" if token in (PAD, OPEN) else VOCABULARY[token] for token in tokens.tolist())
        fills = tuple(_WALL_COLOUR if token == WALL else _FLOOR_COLOUR for token in tokens.tolist())
        return Picture(shape=(self.size, self.size), symbols=symbols, fills=fills)

    def parse(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Mazes row by row, as tokens uint8 [N, C]; see `text.parse_mazes`.

        Raises:
            TextError: one of them is no maze of this size.
        """
        return parse_mazes(texts, self.size)

    def parse_answers(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Mazes with marked paths row by row, as tokens uint8 [N, C]; see `text.parse_answers`.

        Raises:
            TextError: one of them is none of this size.
        """
        return parse_answers(texts, self.size)

    def format(self, tokens: NDArray[np.integer]) -> str:
        """One sequence [C] as a line of characters."""
        return format_maze(tokens.tolist())

    def solve(self, inputs: NDArray[np.uint8]) -> Solutions:
        """Shortest paths of mazes uint8 [N, C], counted up to two."""
        labels, _, numbers = self._solve(inputs)
        counts = np.minimum(numbers, _SEVERAL)
        return Solutions(counts, np.where(counts[:, None] > 0, labels, PAD).astype(np.uint8))


@cache
def _symmetries(size: int) -> Symmetries:
    return Symmetries.of_moves(square_moves(size), len(VOCABULARY))
