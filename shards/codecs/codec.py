"""What a format must do: turn a shard's arrays into the bytes of its files, and back.

A codec does no I/O and keeps no state, so that any thread of any process may use it. Letters: g groups of a shard,
S sequence length, R rows (examples of the variants of all its groups).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Rows

from ..layout import ShardSpec, SplitLayout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShardContent:
    """What one shard holds.

    Attributes:
        inputs: uint8 [R, S], by rising group, then variant, then example.
        labels: uint8 [R, S].
        candidates: int64 [g], index of each group in its random stream or input file.
        canonical: uint8 [g, 32], digest of each group's class.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    candidates: NDArray[np.int64]
    canonical: NDArray[np.uint8]


class Codec(Protocol):
    """One format of shards; list it in `CODECS` and the conformance suite tests it."""

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

    def encode(self, layout: SplitLayout, shard: ShardSpec, content: ShardContent) -> tuple[bytes, ...]:
        """The bytes of the files at `paths`.

        Args:
            layout: of the split.
            shard: which shard of it.
            content: its rows, and what is said of its groups.
        """
        ...

    def decode(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes]) -> Rows:
        """All rows of a shard from the bytes of its files, by rising group, variant and example; copied out of them.

        Raises:
            ValueError: the bytes are not such a shard. `Corpus.read_shard` takes any other exception for the same.
        """
        ...


@runtime_checkable
class CheckingCodec(Codec, Protocol):
    """A format whose files hold more than the rows: descriptions, padding, room between parts. `verify` asks it."""

    def check(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes], content: ShardContent) -> None:
        """Compare all that `decode` passes over with what `encode` would write, however it was packed.

        Args:
            layout: of the split.
            shard: which shard of it.
            files: its files, which `decode` has taken.
            content: their rows, and what the catalog says of its groups.

        Raises:
            ValueError: the files say something else, or hold bytes that say nothing.
        """
        ...


@runtime_checkable
class IndexedCodec(Codec, Protocol):
    """A format whose shards hold an index with a place for every part of a block, groups or not. `generate` asks it."""

    def index_bytes(self, layout: SplitLayout) -> int:
        """Memory that the index of a shard takes."""
        ...


def samples(layout: SplitLayout, shard: ShardSpec) -> Iterator[tuple[slice, slice]]:
    """The samples of a shard that hold anything: their groups, counted from the shard's first, and their rows."""
    num_groups = shard.groups[1] - shard.groups[0]
    step = layout.sample_groups
    ends = np.concatenate([[0], np.cumsum(layout.rows(shard))]).tolist()
    for start in range(0, num_groups, step):
        stop = min(start + step, num_groups)
        if ends[start] < ends[stop]:
            yield slice(start, stop), slice(ends[start], ends[stop])
