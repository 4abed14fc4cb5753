"""Examples as they leave a corpus: arrays of equal length, one row an example. The one home of what rows mean.

Letters: N examples, S sequence length; of a run of groups, g groups, p puzzles (variants of its groups), R rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import runs

from .layout import ShardSpec, SplitLayout

BLANK_IDENTIFIER = 0
"""Puzzle identifier of tasks whose puzzles have none of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """N examples.

    Attributes:
        inputs: uint8 [N, S] tokens.
        labels: uint8 [N, S] tokens; the pad token is ignored by losses and scores.
        identifiers: int32 [N] puzzle identifiers, `BLANK_IDENTIFIER` where puzzles have none.
        groups: int64 [N], group of each example; over several corpora counted on.
        variants: int64 [N], variant of each example within its group; 0 is the base.
        examples: int64 [N], place of each example in its puzzle.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    identifiers: NDArray[np.int32]
    groups: NDArray[np.int64]
    variants: NDArray[np.int64]
    examples: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.groups)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, not copied."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def take(self, index: NDArray[np.int64] | slice) -> "Examples":
        """The examples at `index`, in its order; those of a slice are views."""
        return Examples(**{name: values[index] for name, values in self.arrays().items()})

    @classmethod
    def join(cls, parts: Sequence["Examples"]) -> "Examples":
        """The examples of one part or more, one after the other."""
        columns = [part.arrays() for part in parts]
        return cls(**{name: np.concatenate([column[name] for column in columns]) for name in columns[0]})

    @classmethod
    def empty(cls, seq_len: int) -> "Examples":
        """No examples, of S tokens each."""
        rows = np.empty((0, seq_len), np.uint8)
        none = np.empty(0, np.int64)
        return cls(
            inputs=rows, labels=rows, identifiers=none.astype(np.int32), groups=none, variants=none, examples=none
        )

    @classmethod
    def of_shard(
        cls, layout: SplitLayout, shard: ShardSpec, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]
    ) -> "Examples":
        """All examples of a shard.

        Args:
            layout: of the split.
            shard: which shard of it.
            inputs: uint8 [R, S], its rows by rising group, variant and example.
            labels: uint8 [R, S], likewise.
        """
        return cls.of_groups(
            inputs,
            labels,
            first_group=shard.groups[0],
            first_variant=shard.variants[0],
            counts=layout.counts(shard),
            sizes=layout.examples[slice(*shard.groups)],
            identifiers=layout.identifiers(shard),
        )

    @classmethod
    def of_groups(
        cls,
        inputs: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        *,
        first_group: int,
        first_variant: int,
        counts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        identifiers: NDArray[np.int32],
    ) -> "Examples":
        """The examples of a run of groups, as shards and samples have them: variants from the same first one on.

        Args:
            inputs: uint8 [R, S], by rising group, variant and example.
            labels: uint8 [R, S], likewise.
            first_group: of the run.
            first_variant: of each group.
            counts: int64 [g], how many variants of each group there are.
            sizes: int64 [g], examples of each of its puzzles.
            identifiers: int32 [p], of the puzzles by rising group and variant.
        """
        groups = np.repeat(np.arange(first_group, first_group + len(counts)), counts)
        variants = runs(np.full(len(counts), first_variant), counts)
        of_puzzles = np.repeat(sizes, counts)
        return cls(
            inputs=inputs,
            labels=labels,
            identifiers=np.repeat(identifiers, of_puzzles),
            groups=np.repeat(groups, of_puzzles),
            variants=np.repeat(variants, of_puzzles),
            examples=runs(np.zeros_like(of_puzzles), of_puzzles),
        )


Batch = Examples
"""The examples of one training step on one rank."""
