"""Sudoku as a task: tokens, groups, variants, classes."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..task import Groups, Rows, TaskSpec
from ..variants import augment_evenly
from .classes import automorphisms, canonical
from .geometry import SIZES, Geometry, geometry
from .rating import rate
from .symmetry import MOST_VARIANTS, symmetry_tables
from .targets import UNRATED, Target, has_pattern
from .text import VALUES, render_grid
from .variants import augment_groups
from .walk import build_goal, find
from .workbench import make

BLANK = 1
"""Token of an empty cell; value v is token v + 1 (the published vocabulary)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SudokuTask:
    """Sudoku of one size: 4 (2x2 boxes), 6 (2x3), 9 (3x3) or 16 (4x4).

    Generated puzzles have one solution and no clue that could be left out, and they meet the target.
    """

    size: int
    target: Target = field(default_factory=Target)

    def __post_init__(self) -> None:
        """Refuse a size that there are no tables for, and a target that no puzzle of the size can meet."""
        if self.size not in SIZES:
            raise InputError(f"there is no Sudoku of size {self.size}; expected one of {', '.join(map(str, SIZES))}")
        self.target.check_size(self.size)

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know."""
        return TaskSpec(
            name=f"sudoku{self.size}",
            vocabulary="_." + VALUES[: self.size],
            grid_shape=(self.size, self.size),
            num_symmetries=self._num_symmetries,
            classes="symmetry",
        )

    @property
    def options(self) -> dict[str, str]:
        """What puzzles are asked to meet, each option in one form."""
        return self.target.options

    @property
    def _num_symmetries(self) -> int:
        tables = symmetry_tables(self.size)
        return tables.num_spatial * tables.num_relabellings

    @property
    def _geometry(self) -> Geometry:
        return geometry(self.size)

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Those of candidates `start` to `start + count` of the stream (seed, purpose) that meet the target."""
        candidates = np.arange(start, start + count)
        if self.options:
            goal = build_goal(self.target, self.size)
            puzzles, grids, minimal = find(seed, purpose, start, count, self.size, goal)
            groups = self.groups_of(candidates[minimal], puzzles[minimal], grids[minimal])
            return groups.take(np.flatnonzero(self.accepts(groups)))
        return self.groups_of(candidates, *make(seed, purpose, start, count, self.size))

    def groups_of(self, candidates: NDArray[np.int64], puzzles: NDArray[np.uint8], grids: NDArray[np.uint8]) -> Groups:
        """Groups from puzzles (0 = blank) and their solutions, uint8 [G, C] each."""
        return Groups.single(candidates.astype(np.int64), puzzles + BLANK, grids + BLANK)

    def accepts(self, groups: Groups) -> NDArray[np.bool_]:
        """bool [G]: whether each base meets the target; whether it is proper and minimal is not asked."""
        puzzles, target = groups.inputs - BLANK, self.target
        meets = np.ones(len(groups), np.bool_)
        if target.clues is not None:
            meets &= target.clues.holds((puzzles > 0).sum(axis=1))
        if target.pattern is not None:
            meets &= has_pattern(puzzles, target.pattern, self.size)
        ratings = target.ratings(self.size)
        if ratings is not None:
            meets[meets] = ratings.holds(rate(puzzles[meets], self.size))
        return meets

    def rate(self, groups: Groups) -> NDArray[np.float64]:
        """float64 [G]: mean guesses of the solver over 8 symmetric copies, see `rating`; NaN at 16x16."""
        if self.size in UNRATED:
            return np.full(len(groups), np.nan)
        return rate(groups.inputs - BLANK, self.size)

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: how many distinct variants each group has, its base included; 2**62 where there are more."""
        _, offsets = automorphisms(groups.inputs - BLANK, self.size)
        counts = [min(self._num_symmetries // (1 + others), MOST_VARIANTS) for others in np.diff(offsets).tolist()]
        return np.array(counts, np.int64)

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Inputs and labels, uint8 [R, C], of `counts` [G] variants of each group from `start` on; see `Task.augment`.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        return augment_evenly(groups, counts, lambda some, count: self._augment_evenly(some, seed, start, count))

    def _augment_evenly(self, groups: Groups, seed: int, start: int, count: int) -> Rows:
        """Inputs and labels, uint8 [G, count, C]."""
        moves, offsets = automorphisms(groups.inputs - BLANK, self.size)
        inputs = np.empty((len(groups), count, self.spec.seq_len), np.uint8)
        labels = np.empty_like(inputs)
        tables = symmetry_tables(self.size)
        short = augment_groups(
            groups.inputs, groups.labels, groups.candidates, seed, start, tables, moves, offsets, inputs, labels
        )
        if short >= 0:
            most = self.num_variants(groups)[short]
            raise InputError(
                f"puzzle {groups.candidates[short]} has {most} distinct variants; {start + count} were asked for"
            )
        return inputs, labels

    def canonical(self, groups: Groups) -> NDArray[np.uint8]:
        """uint8 [G, 32]: SHA-256 of each puzzle's representative."""
        forms = canonical(groups.inputs - BLANK)
        name = self.spec.name.encode()
        digests = [hashlib.sha256(name + form.tobytes()).digest() for form in forms]
        return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, C] obeys all rules and keeps the clues of its input [N, C]."""
        keeps = ((inputs == BLANK) | (inputs == labels)).all(axis=1)
        in_units = np.sort(labels[:, self._geometry.units], axis=2)
        full = np.arange(BLANK + 1, BLANK + 1 + self.size, dtype=np.uint8)
        return keeps & (in_units == full).all(axis=(1, 2))  # type: ignore[no-any-return]

    def render(self, tokens: NDArray[np.uint8]) -> str:
        """One sequence [C] as a grid."""
        vocabulary = self.spec.vocabulary
        return render_grid("".join(vocabulary[token] for token in tokens), self.size)
