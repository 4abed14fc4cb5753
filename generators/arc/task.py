"""ARC as a task: groups of several examples, a map a variant, names that say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..picture import Picture
from ..task import PAD, Examined, Groups, Rows, Task, TaskSpec
from .classes import class_digests
from .grids import END, SIDE, are_stored_grids
from .maps import NUM_MOVES, SEPARATOR
from .ranks import TRAIT_RANGES, num_ranks
from .variants import augment_groups, variant_maps

PALETTE = (
    "#f4f4f4",
    "#dcdcdc",
    "#000000",
    "#0074d9",
    "#ff4136",
    "#2ecc40",
    "#ffdc00",
    "#aaaaaa",
    "#f012be",
    "#ff851b",
    "#7fdbff",
    "#870c25",
)
"""A colour for every token: pad, end, and the colours 0..9 as the ARC Prize shows them."""


@dataclass(frozen=True, slots=True)
class ArcTask(Task):
    """Tasks of the Abstraction and Reasoning Corpus: grids up to 30 x 30 of ten colours, a few examples a task.

    Groups come from files alone. Their traits are `ranks.traits_of`; a group of test inputs has the traits of its task,
    but for the translation.
    """

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know."""
        return TaskSpec(
            name="arc",
            vocabulary="_$0123456789",
            grid_shape=(SIDE, SIDE),
            num_symmetries=NUM_MOVES * factorial(9),
            classes="symmetry",
            scoring="votes",
            named_groups=True,
            variant_identifiers=True,
            test_variants=True,
            test_groups_train=True,
            compressed=True,
        )

    @property
    def trait_ranges(self) -> tuple[tuple[int, int], ...]:
        """Those of `ranks`."""
        return TRAIT_RANGES

    @property
    def frame(self) -> tuple[int, ...]:
        """What says where a grid ends, too."""
        return (PAD, END)

    def examine(self, groups: Groups) -> Examined:
        """Classes of each group's examples, all of them taken as demonstrations; ARC tasks have no options, no rating.

        A group may hold a part of its task: `classes.class_digests` tells whole tasks.
        """
        return Examined.plain(groups, class_digests(groups.inputs, groups.labels, groups.sizes, groups.sizes))

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: how many distinct images each task has, itself included; at most 2,903,040."""
        return np.array([num_ranks(traits) for traits in groups.traits], np.int64)

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Inputs and labels, uint8 [R, S], of variants `start` to `start` + counts[g] of each group.

        See `Task.augment`; what a variant is, `variants` says.

        Raises:
            InputError: a group has fewer distinct variants.
        """
        self._refuse_too_many(groups, start, counts)
        num_rows = int((counts * groups.sizes).sum())
        inputs = np.empty((num_rows, self.spec.seq_len), np.uint8)
        labels = np.empty_like(inputs)
        augment_groups(
            groups.inputs,
            groups.labels,
            groups.offsets,
            groups.traits,
            groups.candidates,
            seed,
            start,
            counts,
            inputs,
            labels,
        )
        return inputs, labels

    def variant_names(self, groups: Groups, names: Sequence[str], seed: int, counts: NDArray[np.int64]) -> list[str]:
        """Published names of variants 0 to counts[g] of each group: ``id``, then ``id|||t{move}|||{10 digits}``.

        Args:
            groups: the groups.
            names: id of each group's task.
            seed: root seed.
            counts: int64 [G], 0 or more.

        Raises:
            InputError: a group has fewer distinct variants.
        """
        self._refuse_too_many(groups, 0, counts)
        moves = np.empty(counts.sum(), np.uint8)
        colours = np.empty((counts.sum(), 10), np.uint8)
        variant_maps(groups.traits, groups.candidates, seed, counts, moves, colours)
        digits = (colours + ord("0")).tobytes().decode("ascii")
        numbers = moves.tolist()
        found, place = [], 0
        for name, count in zip(names, counts.tolist(), strict=True):
            found += [name] * min(count, 1)
            found += [
                f"{name}{SEPARATOR}t{numbers[i]}{SEPARATOR}{digits[10 * i : 10 * i + 10]}"
                for i in range(place + 1, place + count)
            ]
            place += count
        return found

    def _refuse_too_many(self, groups: Groups, start: int, counts: NDArray[np.int64]) -> None:
        most = self.num_variants(groups)
        short = np.flatnonzero((counts > 0) & (start + counts > most))
        if len(short):
            group = short[0]
            raise InputError(
                f"task {groups.candidates[group]} has {most[group]} distinct variants; "
                f"{start + counts[group]} were asked for"
            )

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether input and label [N, S] are stored grids; a task's rule is known by its examples only."""
        inputs_are, labels_are = np.empty(len(inputs), np.bool_), np.empty(len(inputs), np.bool_)
        are_stored_grids(inputs, inputs_are)
        are_stored_grids(labels, labels_are)
        return inputs_are & labels_are

    def picture(self, tokens: NDArray[np.integer]) -> Picture:
        """One sequence [S] as coloured cells; pad at the end of a row shows no symbol."""
        vocabulary = self.spec.vocabulary
        grid = tokens.reshape(SIDE, SIDE)
        shown = np.flip(np.logical_or.accumulate(np.flip(grid != PAD, 1), 1), 1)
        # A grid of pad alone still shows that it is there.
        shown[0, 0] |= not shown.any()
        cells = zip(tokens.tolist(), shown.ravel().tolist(), strict=True)
        return Picture(
            shape=(SIDE, SIDE),
            symbols=tuple(vocabulary[token] if is_shown else "" for token, is_shown in cells),
            fills=tuple(PALETTE[token] for token in tokens.tolist()),
        )
