"""Mazes as a task: tokens, groups, variants, classes, what is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .. import dihedral
from ..errors import InputError
from ..inverse import map_back_by_probes
from ..jit import WarmUp
from ..picture import Picture
from ..task import PAD, Examined, Groups, Rows, Solutions, Task, TaskSpec
from .asked import Asked
from .grids import OPEN, SIZES, VOCABULARY, WALL
from .maker import make, make_all, new_workbench, wanted_of
from .paths import check_all, join_all, new_path_room, solve_all
from .text import format_maze, parse_mazes

_SEVERAL = 2
_WALL_COLOUR, _FLOOR_COLOUR = "#3b4252", "#eceff4"


@dataclass(frozen=True, kw_only=True)
class MazeTask(Task):
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
            num_symmetries=dihedral.NUM_MAPS,
            classes="symmetry",
            scoring="check",
        )

    @property
    def blank(self) -> int:
        """An open cell, which a path may take or not."""
        return OPEN

    @cached_property
    def _images(self) -> NDArray[np.int64]:
        return dihedral.maps(self.size)

    def warm_ups(self, *, generates: bool) -> Sequence[WarmUp]:
        """All kernels of a corpus; see `Task.warm_ups`."""
        rows, numbers = np.empty((0, self.size**2), np.uint8), np.empty(0, np.int64)
        solving = WarmUp(solve_all, (rows, rows, numbers, numbers, new_path_room(self.size)), 2)
        found = [*dihedral.warm_ups(self._images), solving]
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
        """Classes by SHA-256 of the smallest image, ratings by the length of the path, and whether it is as asked."""
        forms, _ = dihedral.forms_of(groups.inputs, self._images)
        _, lengths, _ = self._solve(groups.inputs)
        least, most = self.asked.steps(self.size)
        return Examined(
            groups=groups,
            digests=dihedral.digests_of(self.spec.name, forms),
            accepted=(lengths >= least) & (lengths <= most),
            ratings=lengths.astype(np.float64),
            forms=np.empty((len(groups), 0), np.uint8),
        )

    def _solve(self, inputs: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
        """Labels [N, C], steps [N] and numbers of shortest paths [N]."""
        labels = np.empty_like(inputs)
        lengths, numbers = (np.empty(len(inputs), np.int64) for _ in range(2))
        solve_all(inputs, labels, lengths, numbers, new_path_room(self.size))
        return labels, lengths, numbers

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: distinct images of each maze, 8 for nearly all."""
        return dihedral.NUM_MAPS // dihedral.forms_of(groups.inputs, self._images)[1]

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Mazes and labels turned and mirrored, uint8 [R, C]; see `Task.augment`.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        return dihedral.augment(groups, seed, start, counts, self._images, "maze")

    def map_back(
        self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64], answers: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Cells back in their places; see `Task.map_back`."""
        return map_back_by_probes(self, groups, seed, start, counts, answers)

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, C] is its maze with a shortest path, the stored one or another."""
        right = np.empty(len(inputs), np.bool_)
        check_all(inputs, labels, right, new_path_room(self.size))
        return right

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

    def format(self, tokens: NDArray[np.integer]) -> str:
        """One sequence [C] as a line of characters."""
        return format_maze(tokens.tolist())

    def solve(self, inputs: NDArray[np.uint8]) -> Solutions:
        """Shortest paths of mazes uint8 [N, C], counted up to two."""
        labels, _, numbers = self._solve(inputs)
        counts = np.minimum(numbers, _SEVERAL)
        return Solutions(counts, np.where(counts[:, None] > 0, labels, PAD).astype(np.uint8))
