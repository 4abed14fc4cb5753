"""ARC as a task: groups of several examples, a map a variant, names that say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..task import Groups, TaskSpec
from .classes import class_digests
from .grids import SIDE, are_stored_grids
from .maps import NUM_MOVES, SEPARATOR
from .ranks import num_ranks
from .variants import augment_groups, variant_maps


@dataclass(frozen=True, slots=True)
class ArcTask:
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
    def options(self) -> dict[str, str]:
        """None: ARC tasks are taken as they are."""
        return {}

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Refuse: nobody generates ARC tasks.

        Raises:
            InputError: always.
        """
        raise InputError("ARC tasks are not generated; give a data set or files of tasks")

    def accepts(self, groups: Groups) -> NDArray[np.bool_]:
        """bool [G]: True, as there are no options."""
        return np.ones(len(groups), np.bool_)

    def rate(self, groups: Groups) -> NDArray[np.float64]:
        """float64 [G]: NaN, as there is no measure of difficulty."""
        return np.full(len(groups), np.nan)

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: how many distinct images each task has, itself included; at most 2,903,040."""
        return np.array([num_ranks(traits) for traits in groups.traits], np.int64)

    def augment(
        self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Inputs and labels, uint8 [R, S], of variants `start` to `start` + counts[g] of each group, see `variants`.

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

    def canonical(self, groups: Groups) -> NDArray[np.uint8]:
        """uint8 [G, 32]: digest of the class of each group's examples, all of them taken as demonstrations.

        A group may hold a part of its task: `classes.class_digests` tells whole tasks.
        """
        return class_digests(groups.inputs, groups.labels, groups.sizes, groups.sizes)

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether input and label [N, S] are stored grids; a task's rule is known by its examples only."""
        inputs_are, labels_are = np.empty(len(inputs), np.bool_), np.empty(len(inputs), np.bool_)
        are_stored_grids(inputs, inputs_are)
        are_stored_grids(labels, labels_are)
        return inputs_are & labels_are

    def render(self, tokens: NDArray[np.uint8]) -> str:
        """One sequence [S] row by row, without the pad on the right and below; ``_`` where all is pad."""
        vocabulary = self.spec.vocabulary
        rows = ("".join(vocabulary[token] for token in row) for row in tokens.reshape(SIDE, SIDE))
        return "\n".join(row.rstrip("_") for row in rows).rstrip("\n") or "_"
