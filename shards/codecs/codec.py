"""What a format must do: turn a shard's arrays into the bytes of its files, and back.

A codec does no I/O and keeps no state, so that any thread of any process may use it. Letters: g groups of a shard,
K variants of its block, S sequence length, R rows (variants of all its groups).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..layout import ShardSpec, SplitLayout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """The content of one shard.

    Attributes:
        inputs: uint8 [g, K, S]; what lies beyond a group's last variant is not read.
        labels: uint8 [g, K, S].
        candidates: int64 [g], index of each group in its random stream or input file.
        canonical: uint8 [g, 32], digest of each group's class.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    candidates: NDArray[np.int64]
    canonical: NDArray[np.uint8]


Rows = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Inputs and labels, uint8 [R, S] each, by rising group and within it by rising variant."""


class Codec(Protocol):
    """One format of shards; add it to `CODECS` and the conformance suite tests it."""

    @property
    def name(self) -> str:
        """The word for ``--format``."""
        ...

    def metadata(self, layout: SplitLayout) -> dict[str, bytes]:
        """Files of a split that are known before any shard, by path."""
        ...

    def paths(self, layout: SplitLayout, shard: ShardSpec) -> tuple[str, ...]:
        """Paths of the files of a shard."""
        ...

    def encode(self, layout: SplitLayout, shard: ShardSpec, block: Block) -> tuple[bytes, ...]:
        """The bytes of the files at `paths`."""
        ...

    def decode(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes]) -> Rows:
        """All rows of a shard from the bytes of its files, copied out of them.

        Raises:
            ValueError: the bytes are not such a shard.
        """
        ...


def valid_rows(block: NDArray[np.uint8], counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Rows uint8 [R, S] of `block` [g, K, S]: the first `counts` [g] variants of each group, as a view if it can."""
    num_variants = block.shape[1]
    if (counts == num_variants).all():
        return block.reshape(-1, block.shape[2])
    return block[np.arange(num_variants) < counts[:, None]]


def sample_bounds(layout: SplitLayout, shard: ShardSpec) -> list[tuple[int, int]]:
    """First group and the one after the last of every sample of a shard, counted from the shard's first group."""
    num_groups = shard.groups[1] - shard.groups[0]
    step = layout.sample_groups
    return [(start, min(start + step, num_groups)) for start in range(0, num_groups, step)]
