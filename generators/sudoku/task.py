"""Sudoku as a task: tokens, groups, variants, classes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..inverse import map_back_by_probes
from ..jit import WarmUp
from ..options import Range
from ..picture import Picture
from ..task import PAD, Examined, Groups, Rows, Solutions, Task, TaskSpec, with_traits
from ..variants import augment_evenly
from . import forms
from .classes import automorphisms
from .geometry import BOXES, SIZES, Geometry, geometry
from .rating import rate_forms
from .symmetry import MOST_VARIANTS, symmetry_tables
from .targets import LEVELS, UNRATED, Target, has_pattern
from .text import VALUES, format_puzzle, parse_puzzles
from .variants import augment_groups
from .walk import build_goal, find
from .warm_ups import warm_ups
from .workbench import make, solve

BLANK = 1
"""Token of an empty cell; value v is token v + 1 (the published vocabulary)."""


_MOST_SYMMETRIES = 2**16 - 1
"""A trait that says: so many symmetries or more."""

_SMALL_SIZE = 4
_SMALL_SIZE_TEST = 8
"""There are only 36 classes of minimal 4x4 puzzles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SudokuTask(Task):
    """Sudoku of one size: 4 (2x2 boxes), 6 (2x3), 9 (3x3) or 16 (4x4).

    Generated puzzles have one solution and no clue that could be left out. A group that was examined has one trait, the
    number of its symmetries (1 for most puzzles), so that its variants need no search.
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
    def default_test(self) -> int:
        """Held-out groups where the user does not say how many."""
        return _SMALL_SIZE_TEST if self.size == _SMALL_SIZE else super(SudokuTask, self).default_test

    @property
    def trait_ranges(self) -> tuple[tuple[int, int], ...]:
        """One trait, the number of symmetries."""
        return ((1, _MOST_SYMMETRIES),)

    @property
    def _num_symmetries(self) -> int:
        tables = symmetry_tables(self.size)
        return tables.num_spatial * tables.num_relabellings

    @property
    def _geometry(self) -> Geometry:
        return geometry(self.size)

    @property
    def blank(self) -> int:
        """A cell without a clue."""
        return BLANK

    @property
    def levels(self) -> Mapping[str, Range]:
        """Those of `targets.LEVELS` that the size has."""
        return {name: ranges[self.size] for name, ranges in LEVELS.items() if self.size in ranges}

    def warm_ups(self, *, generates: bool) -> Sequence[WarmUp]:
        """Those that `warm_ups` lists; see `Task.warm_ups`."""
        return tuple(warm_ups(self.size, generates=generates))

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Candidates of a stream, but those whose walk met no puzzle; see `Task.generate`."""
        candidates = np.arange(start, start + count)
        if self.target.options:
            goal = build_goal(self.target, self.size)
            puzzles, grids, minimal = find(seed, purpose, start, count, self.size, goal)
            return self.groups_of(candidates[minimal], puzzles[minimal], grids[minimal])
        return self.groups_of(candidates, *make(seed, purpose, start, count, self.size))

    def groups_of(self, candidates: NDArray[np.int64], puzzles: NDArray[np.uint8], grids: NDArray[np.uint8]) -> Groups:
        """Groups from puzzles (0 = blank) and their solutions, uint8 [G, C] each."""
        return Groups.single(candidates.astype(np.int64), puzzles + BLANK, grids + BLANK)

    def examine(self, groups: Groups) -> Examined:
        """Classes by SHA-256 of the canonical form, and whether the target is met; ratings only where it asks for them.

        Whether a puzzle is proper and minimal is not asked.
        """
        canonical_forms, orders = forms.canonical(groups.inputs - BLANK, self.size)
        traits = np.minimum(orders, _MOST_SYMMETRIES).astype(np.uint16)[:, None]
        accepted, ratings = self._meets_target(groups.inputs - BLANK, canonical_forms)
        return Examined(
            groups=with_traits(groups, traits),
            digests=self._digests(canonical_forms),
            accepted=accepted,
            ratings=ratings,
            forms=canonical_forms,
        )

    def _digests(self, canonical_forms: NDArray[np.uint8]) -> NDArray[np.uint8]:
        name = self.spec.name.encode()
        digests = [hashlib.sha256(name + form.tobytes()).digest() for form in canonical_forms]
        return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)

    def _meets_target(
        self, puzzles: NDArray[np.uint8], canonical_forms: NDArray[np.uint8]
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Whether each puzzle [G, C] meets the target, and the ratings that were needed to say so, else NaN."""
        target = self.target
        meets = np.ones(len(puzzles), np.bool_)
        rating = np.full(len(puzzles), np.nan)
        if target.clues is not None:
            meets &= target.clues.holds((puzzles > 0).sum(axis=1))
        if target.pattern is not None:
            meets &= has_pattern(puzzles, target.pattern, self.size)
        wanted = target.ratings(self.size)
        if wanted is not None:
            rating[meets] = rate_forms(canonical_forms[meets], self.size)
            meets[meets] = wanted.holds(rating[meets])
        return meets, rating

    def rate(self, examined: Examined) -> Examined:
        """Mean guesses of the solver over 8 symmetric copies, see `rating`; NaN at 16x16."""
        unknown = np.isnan(examined.ratings)
        if self.size in UNRATED or not unknown.any():
            return examined
        ratings = examined.ratings.copy()
        ratings[unknown] = rate_forms(examined.forms[unknown], self.size)
        return replace(examined, ratings=ratings)

    def _automorphisms(self, groups: Groups) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Those of each group but the identity, and their offsets, see `classes.automorphisms`."""
        puzzles = groups.inputs - BLANK
        if groups.traits.shape[1] == 0:
            return automorphisms(puzzles, self.size)
        orders = groups.traits[:, 0].astype(np.int64)
        many = np.flatnonzero(orders == _MOST_SYMMETRIES)
        orders[many] = forms.canonical(puzzles[many], self.size)[1]
        return automorphisms(puzzles, self.size, orders)

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: how many distinct variants each group has, its base included; 2**62 where there are more."""
        _, offsets = self._automorphisms(groups)
        counts = [min(self._num_symmetries // (1 + others), MOST_VARIANTS) for others in np.diff(offsets).tolist()]
        return np.array(counts, np.int64)

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Inputs and labels, uint8 [R, C], of `counts` [G] variants of each group from `start` on; see `Task.augment`.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        return augment_evenly(groups, counts, lambda some, count: self._augment_evenly(some, seed, start, count))

    def map_back(
        self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64], answers: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Cells and digits back in their places, exactly; see `Task.map_back`."""
        return map_back_by_probes(self, groups, seed, start, counts, answers)

    def _augment_evenly(self, groups: Groups, seed: int, start: int, count: int) -> Rows:
        """Inputs and labels, uint8 [G, count, C]."""
        moves, offsets = self._automorphisms(groups)
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

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, C] obeys all rules and keeps the clues of its input [N, C]."""
        keeps = ((inputs == BLANK) | (inputs == labels)).all(axis=1)
        in_units = np.sort(labels[:, self._geometry.units], axis=2)
        full = np.arange(BLANK + 1, BLANK + 1 + self.size, dtype=np.uint8)
        return keeps & (in_units == full).all(axis=(1, 2))  # type: ignore[no-any-return]

    def picture(self, tokens: NDArray[np.integer]) -> Picture:
        """One sequence [C] as a grid with lines between the boxes."""
        box_rows, box_columns = BOXES[self.size]
        vocabulary = self.spec.vocabulary
        return Picture(
            shape=(self.size, self.size),
            symbols=tuple(vocabulary[token] for token in tokens.tolist()),
            row_rules=tuple(range(box_rows, self.size, box_rows)),
            column_rules=tuple(range(box_columns, self.size, box_columns)),
        )

    def parse(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Puzzles row by row, '.' or '0' for a blank, as tokens uint8 [N, C]; solutions can be given likewise.

        Raises:
            TextError: one of them is no puzzle of this size.
        """
        return parse_puzzles(texts, self.size) + BLANK

    def format(self, tokens: NDArray[np.integer]) -> str:
        """One sequence [C] as a line of characters, '.' for a blank and '?' for a token that is no value of a cell."""
        return "".join(format_puzzle([token - BLANK]) if token >= BLANK else "?" for token in tokens.tolist())

    def solve(self, inputs: NDArray[np.uint8]) -> Solutions:
        """Solutions of puzzles uint8 [N, C], counted up to two."""
        counts, solutions, _ = solve(inputs - BLANK, limit=2)
        return Solutions(counts, np.where(counts[:, None] > 0, solutions + BLANK, PAD).astype(np.uint8))
