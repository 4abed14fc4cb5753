"""Which variants of which groups lie in which shard.

The layout follows the order in which training reads: a shard is a block of groups times a block of variants, and
the blocks of variants are outermost, so that one pass over the shards of a variant block serves many epochs. Groups may
have different numbers of variants: one that has none left is absent from the later blocks.

A **unit** is one block of groups with all its blocks of variants: what one worker makes in one go, so that the
digest of a group never has to be put together from two workers' parts.

A puzzle has as many rows as it has examples. Letters: G groups, A variants, S sequence length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trmpipe.generators.task import runs

from .errors import CorpusError

_VARIANT_BLOCK = 256
_SAMPLE_BYTES = 40_000
"""Least payload of a sample: below it the 4 KB of tar headers would weigh more than a tenth."""
_SHARD_BYTES = 64 << 20
MOST_SHARD_BYTES = 256 << 20
"""Inputs and labels of a shard, or of a chunk with its padding, at most: readers take all of it into memory."""
_MIN_UNIT_BYTES = 1 << 20
_NUM_UNITS = 8
_MIN_GROUPS_TO_SPLIT = 64
_NUM_FIELDS = 2
_COMPRESSION = 16
"""About what gzip makes of padded grids: samples of them hold so many times more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSpec:
    """Place of one shard.

    Attributes:
        index: place in the reading order of its split.
        unit: number of the unit that it belongs to.
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
        examples: int64 [G], examples of each puzzle of a group; by default 1.
        first_identifiers: int32 [G], puzzle identifier of each group's base, its other variants counted on from it;
            by default 0 throughout: no puzzle has one.
        compressed: whether formats without a compression of their own get one.

    Raises:
        CorpusError: inputs and labels of a shard, or a chunk with its padding, are more than `MOST_SHARD_BYTES`.
    """

    split: str
    seq_len: int
    variants: NDArray[np.int64]
    group_block: int
    variant_block: int
    sample_groups: int = 1
    examples: NDArray[np.int64] = None  # type: ignore[assignment]
    first_identifiers: NDArray[np.int32] = None  # type: ignore[assignment]
    compressed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "variants", np.asarray(self.variants, np.int64))
        examples = np.ones(self.num_groups) if self.examples is None else self.examples
        identifiers = np.zeros(self.num_groups) if self.first_identifiers is None else self.first_identifiers
        object.__setattr__(self, "examples", np.asarray(examples, np.int64))
        object.__setattr__(self, "first_identifiers", np.asarray(identifiers, np.int32))
        if min(self.group_block, self.variant_block, self.sample_groups, self.seq_len) < 1:
            raise ValueError(f"blocks and sequence length must be positive: {self}")
        if self.group_block % self.sample_groups:
            raise ValueError(f"sample_groups {self.sample_groups} must divide group_block {self.group_block}")
        if self.num_groups and self.variants.min() < 1:
            raise ValueError("every group needs at least its base as a variant")
        if not len(self.examples) == len(self.first_identifiers) == self.num_groups:
            raise ValueError("every group needs its number of examples and its first identifier")
        if self.num_groups and self.examples.min() < 1:
            raise ValueError("every puzzle needs at least one example")
        if self.has_identifiers and self.first_identifiers.min() < 1:
            raise ValueError("either all groups have identifiers, counted from 1, or none has")
        self._check_sizes()

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
    def num_examples(self) -> int:
        """Rows of all groups together."""
        return int((self.variants * self.examples).sum())

    @property
    def max_examples(self) -> int:
        """Examples of the puzzle that has most, 1 for a split without groups."""
        return int(self.examples.max(initial=1))

    @cached_property
    def has_identifiers(self) -> bool:
        """Whether puzzles have identifiers of their own."""
        return bool(self.first_identifiers.any())

    @property
    def num_shards(self) -> int:
        """Shards of the split, without making a list of them."""
        if not self.num_groups:
            return 0
        return int((-(-np.maximum.reduceat(self.variants, self._unit_starts) // self.variant_block)).sum())

    def _check_sizes(self) -> None:
        rows = np.minimum(self.variants, self.variant_block) * self.examples
        # The first shard of a unit is its largest.
        most_rows = int(np.add.reduceat(rows, self._unit_starts).max(initial=0)) if self.num_groups else 0
        largest = max(most_rows, self.sample_groups * self.variant_block) * self.seq_len * _NUM_FIELDS
        if largest > MOST_SHARD_BYTES:
            raise CorpusError(
                f"a shard of {self.group_block} groups and {self.variant_block} variants takes {largest} bytes of "
                f"memory, {MOST_SHARD_BYTES} are allowed; give fewer groups (--shard-groups) or variants "
                "(--shard-variants) a shard"
            )

    @property
    def _unit_starts(self) -> NDArray[np.int64]:
        return np.arange(0, self.num_groups, min(self.group_block, max(1, self.num_groups)))

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
        return list(self._shards_by_unit[unit])

    def counts(self, shard: ShardSpec) -> NDArray[np.int64]:
        """int64 [g]: how many variants of each of its groups a shard holds."""
        start, stop = shard.variants
        # `np.clip` takes three times as long for the few groups of a shard.
        return np.minimum(np.maximum(self.variants[slice(*shard.groups)] - start, 0), stop - start)

    def rows(self, shard: ShardSpec) -> NDArray[np.int64]:
        """int64 [g]: how many rows of each of its groups a shard holds."""
        return self.counts(shard) * self.examples[slice(*shard.groups)]

    def identifiers(self, shard: ShardSpec) -> NDArray[np.int32]:
        """int32 [puzzles of the shard]: the identifier of each, by rising group and variant; 0 where they have none."""
        if not self.has_identifiers:
            return np.zeros(self.counts(shard).sum(), np.int32)
        counts, first = self.counts(shard), self.first_identifiers[slice(*shard.groups)]
        return runs(first.astype(np.int64) + shard.variants[0], counts).astype(np.int32)

    @cached_property
    def _shards_by_unit(self) -> list[list[ShardSpec]]:
        found: list[list[ShardSpec]] = [[] for _ in range(self.num_units)]
        for shard in self._shards:
            found[shard.unit].append(shard)
        return found

    @cached_property
    def _shards(self) -> tuple[ShardSpec, ...]:
        found: list[ShardSpec] = []
        most = np.maximum.reduceat(self.variants, self._unit_starts) if self.num_groups else self.variants
        for start in range(0, self.max_variants, self.variant_block):
            stop = min(start + self.variant_block, self.max_variants)
            for unit in np.flatnonzero(most > start).tolist():
                groups = self.unit_groups(unit)
                found.append(ShardSpec(index=len(found), unit=unit, groups=groups, variants=(start, stop)))
        return tuple(found)


def default_layout(
    split: str,
    seq_len: int,
    variants: ArrayLike,
    *,
    examples: ArrayLike | None = None,
    first_identifiers: ArrayLike | None = None,
    compressed: bool = False,
    group_block: int | None = None,
    variant_block: int | None = None,
) -> SplitLayout:
    """The layout of a split: a function of its sizes and of what the user asks for, never of the workers.

    A sample holds at least 40 KB (640 KB where it is compressed), a shard about 64 MiB at most, and from 64 groups on
    there are about eight units, unless they would be smaller than 1 MiB. Too large blocks raise as in `SplitLayout`.

    Args:
        split: ``"train"`` or ``"test"``.
        seq_len: tokens of an input.
        variants: [G], how many variants each group has.
        examples: [G], examples of each puzzle; None for one each.
        first_identifiers: [G], see `SplitLayout`; None for none.
        compressed: see `SplitLayout`.
        group_block: groups of a shard, rounded up to whole samples; None leaves it to the rule above.
        variant_block: variants of a shard; None leaves it to the rule above.
    """
    counts = np.asarray(variants, np.int64)
    most, num_groups = max(1, int(counts.max(initial=1))), max(1, len(counts))
    puzzle_bytes = _puzzle_bytes(seq_len, examples)
    sample_bytes = _SAMPLE_BYTES * (_COMPRESSION if compressed else 1)
    shard_variants = min(variant_block or _variant_block(most, puzzle_bytes, sample_bytes), most)
    sample_groups = min(group_block or num_groups, num_groups, -(-sample_bytes // (shard_variants * puzzle_bytes)))
    shard_groups = group_block or _group_block(num_groups, shard_variants * puzzle_bytes, most * puzzle_bytes)
    return SplitLayout(
        split=split,
        seq_len=seq_len,
        variants=counts,
        group_block=-(-shard_groups // sample_groups) * sample_groups,
        variant_block=shard_variants,
        sample_groups=sample_groups,
        examples=examples,  # type: ignore[arg-type]
        first_identifiers=first_identifiers,  # type: ignore[arg-type]
        compressed=compressed,
    )


def _puzzle_bytes(seq_len: int, examples: ArrayLike | None) -> int:
    """Mean size of a puzzle, inputs and labels."""
    sizes = np.asarray(1 if examples is None else examples)
    return int(_NUM_FIELDS * seq_len * (np.mean(sizes) if sizes.size else 1))


def _variant_block(most: int, puzzle_bytes: int, sample_bytes: int) -> int:
    """Variants of a shard: 256, doubled until those of one group fill a sample, or until no group has more."""
    block = _VARIANT_BLOCK
    while block * puzzle_bytes < sample_bytes and block < most:
        block *= 2
    return block


def _group_block(num_groups: int, block_bytes: int, group_bytes: int) -> int:
    """Groups of a shard, from the bytes of a group in one variant block and in all of them."""
    most = max(1, _SHARD_BYTES // block_bytes)
    if num_groups < _MIN_GROUPS_TO_SPLIT:
        return min(num_groups, most)
    spread = max(-(-num_groups // _NUM_UNITS), -(-_MIN_UNIT_BYTES // group_bytes))
    return min(num_groups, most, spread)
