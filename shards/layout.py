"""Which variants of which groups lie in which shard.

The layout follows the order in which training reads: a shard is a block of groups times a block of variants, and
the blocks of variants are outermost, so that one pass over the shards of a variant block serves many epochs. Groups may
have different numbers of variants: one that has none left is absent from the later blocks.

A **unit** is one block of groups with all its blocks of variants: what one worker makes in one go, so that the
digest of a group never has to be put together from two workers' parts.

Letters: G groups, A variants, K variants of a block, S sequence length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

_VARIANT_BLOCK = 256
_SAMPLE_BYTES = 40_000
"""Least payload of a sample: below it the 4 KB of tar headers would weigh more than a tenth."""
_SHARD_BYTES = 64 << 20
_MIN_UNIT_BYTES = 1 << 20
_NUM_UNITS = 8
_MIN_GROUPS_TO_SPLIT = 64
_NUM_FIELDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSpec:
    """Place of one shard.

    Attributes:
        index: place in the reading order of its split.
        unit: the block of groups that it belongs to.
        groups: first group and the one after the last.
        variants: first variant and the one after the last; a group may have fewer.
    """

    index: int
    unit: int
    groups: tuple[int, int]
    variants: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitLayout:
    """How one split is cut into shards, samples and chunks.

    Attributes:
        split: ``"train"`` or ``"test"``.
        seq_len: tokens of an input.
        variants: int64 [G], how many variants each group has, its base included.
        group_block: groups of a shard.
        variant_block: variants of a shard, hence of a sample.
        sample_groups: groups of a sample (WebDataset) or chunk (Zarr); divides `group_block`.
    """

    split: str
    seq_len: int
    variants: NDArray[np.int64]
    group_block: int
    variant_block: int
    sample_groups: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", np.asarray(self.variants, np.int64))
        if min(self.group_block, self.variant_block, self.sample_groups, self.seq_len) < 1:
            raise ValueError(f"blocks and sequence length must be positive: {self}")
        if self.group_block % self.sample_groups:
            raise ValueError(f"sample_groups {self.sample_groups} must divide group_block {self.group_block}")
        if self.num_groups and self.variants.min() < 1:
            raise ValueError("every group needs at least its base as a variant")

    @property
    def num_groups(self) -> int:
        """Groups of the split."""
        return len(self.variants)

    @property
    def max_variants(self) -> int:
        """Variants of the group that has most."""
        return int(self.variants.max(initial=0))

    @property
    def num_puzzles(self) -> int:
        """Variants of all groups together."""
        return int(self.variants.sum())

    @property
    def num_units(self) -> int:
        """Blocks of groups."""
        return -(-self.num_groups // self.group_block)

    def unit_groups(self, unit: int) -> tuple[int, int]:
        """First group of a unit and the one after the last."""
        start = unit * self.group_block
        return start, min(start + self.group_block, self.num_groups)

    def shards(self) -> Sequence[ShardSpec]:
        """All shards in reading order: the variant block outermost."""
        return self._shards

    def shards_of(self, unit: int) -> list[ShardSpec]:
        """The shards of one unit, by rising variants."""
        return [shard for shard in self._shards if shard.unit == unit]

    def counts(self, shard: ShardSpec) -> NDArray[np.int64]:
        """int64 [g]: how many variants of each of its groups a shard holds."""
        start, stop = shard.variants
        return np.clip(self.variants[slice(*shard.groups)] - start, 0, stop - start)

    @cached_property
    def _shards(self) -> tuple[ShardSpec, ...]:
        found: list[ShardSpec] = []
        for start in range(0, self.max_variants, self.variant_block):
            stop = min(start + self.variant_block, self.max_variants)
            for unit in range(self.num_units):
                groups = self.unit_groups(unit)
                if self.variants[slice(*groups)].max() > start:
                    found.append(ShardSpec(index=len(found), unit=unit, groups=groups, variants=(start, stop)))
        return tuple(found)


def default_layout(
    split: str,
    seq_len: int,
    variants: ArrayLike,
    *,
    group_block: int | None = None,
    variant_block: int | None = None,
) -> SplitLayout:
    """The layout of a split: a function of its sizes and of what the user asks for, never of the workers.

    A sample holds at least 40 KB, a shard at most 64 MiB, and from 64 groups on there are about eight units, unless
    they would be smaller than 1 MiB.

    Args:
        split: ``"train"`` or ``"test"``.
        seq_len: tokens of an input.
        variants: [G], how many variants each group has.
        group_block: groups of a shard, rounded up to whole samples; None leaves it to the rule above.
        variant_block: variants of a shard; None leaves it to the rule above.
    """
    counts = np.asarray(variants, np.int64)
    most = max(1, int(counts.max(initial=1)))
    num_groups = max(1, len(counts))
    row_bytes = _NUM_FIELDS * seq_len
    if variant_block is None:
        variant_block = _VARIANT_BLOCK
        while variant_block * row_bytes < _SAMPLE_BYTES and variant_block < most:
            variant_block *= 2
    variant_block = min(variant_block, most)
    sample_groups = min(group_block or num_groups, num_groups, -(-_SAMPLE_BYTES // (variant_block * row_bytes)))
    if group_block is None:
        group_block = _group_block(num_groups, variant_block * row_bytes, most * row_bytes)
    group_block = -(-group_block // sample_groups) * sample_groups
    return SplitLayout(
        split=split,
        seq_len=seq_len,
        variants=counts,
        group_block=group_block,
        variant_block=variant_block,
        sample_groups=sample_groups,
    )


def _group_block(num_groups: int, block_bytes: int, group_bytes: int) -> int:
    """Groups of a shard, from the bytes of a group in one variant block and in all of them."""
    most = max(1, _SHARD_BYTES // block_bytes)
    if num_groups < _MIN_GROUPS_TO_SPLIT:
        return min(num_groups, most)
    spread = max(-(-num_groups // _NUM_UNITS), -(-_MIN_UNIT_BYTES // group_bytes))
    return min(num_groups, most, spread)
