"""Rows of many shards in one array: the whole of a training set, or one window of variants of it (`windows`).

A table is uint8 [R, 2, S], with the examples of a puzzle one after the other; `starts` and `rows`, int64 [G], say which
variant of a group comes first in it and where.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.threads import num_cores

from .corpus import Corpus
from .kernels import place_rows
from .layout import ShardSpec

_MAX_THREADS = 4


@dataclass(frozen=True, slots=True)
class Span:
    """A run of the stream's groups that lie in one corpus.

    Attributes:
        corpus: where they lie.
        split: and in which split.
        first_group: the stream's number of the split's first group.
        num_groups: how many of the split's groups belong to the stream.
    """

    corpus: Corpus
    split: str
    first_group: int
    num_groups: int


def fill_table(
    table: NDArray[np.uint8],
    spans: Sequence[Span],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Read some variants of every group into a table.

    Shards without a wanted row are not opened; the others are read by a few threads.

    Args:
        table: uint8 [R, 2, S], filled in.
        spans: where the groups lie.
        starts: int64 [G], first wanted variant of each group.
        stops: int64 [G], the one after the last.
        rows: int64 [G], row of the table for the first wanted variant.

    Raises:
        DamagedError: a shard is missing, cut off or changed.
    """
    jobs = [
        (span, shard)
        for span in spans
        for shard in span.corpus.layout(span.split).shards()
        if _is_wanted(span, shard, starts, stops)
    ]

    def load(job: tuple[Span, ShardSpec]) -> None:
        span, shard = job
        _place_shard(table, span, shard, starts, stops, rows)

    with ThreadPoolExecutor(min(_MAX_THREADS, num_cores())) as pool:
        for future in [pool.submit(load, job) for job in jobs]:
            future.result()


def _stream_groups(span: Span, shard: ShardSpec) -> slice:
    """The stream's groups that lie in a shard."""
    stop = min(shard.groups[1], span.num_groups)
    return slice(span.first_group + shard.groups[0], span.first_group + max(stop, shard.groups[0]))


def _is_wanted(span: Span, shard: ShardSpec, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> bool:
    groups = _stream_groups(span, shard)
    first = np.maximum(starts[groups], shard.variants[0])
    last = np.minimum(stops[groups], shard.variants[1])
    return bool((first < last).any())


def _place_shard(
    table: NDArray[np.uint8],
    span: Span,
    shard: ShardSpec,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    groups = _stream_groups(span, shard)
    inputs, labels = span.corpus.read_shard(span.split, shard)
    layout = span.corpus.layout(span.split)
    counts = layout.counts(shard)[: groups.stop - groups.start]
    sizes = layout.examples[slice(*shard.groups)][: len(counts)]
    place_rows(table, inputs, labels, counts, sizes, shard.variants[0], starts[groups], stops[groups], rows[groups])


class Holder(Protocol):
    """A table that holds the rows that an epoch needs."""

    table: NDArray[np.uint8]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]

    def hold(self, epoch: int) -> None:
        """Make sure that the rows of `epoch` are in the table."""
        ...


class WholeHolder:
    """The whole training set, read once, on first use.

    Args:
        spans: where the groups lie.
        counts: int64 [G], variants of each group.
        sizes: int64 [G], examples of each puzzle of a group.
        seq_len: S.
    """

    def __init__(
        self, spans: Sequence[Span], counts: NDArray[np.int64], sizes: NDArray[np.int64], seq_len: int
    ) -> None:
        self._spans = spans
        self._counts = counts
        self._is_filled = False
        self.table = np.empty((int((counts * sizes).sum()), 2, seq_len), np.uint8)
        self.starts = np.zeros_like(counts)
        self.rows = np.cumsum(counts * sizes) - counts * sizes

    def hold(self, epoch: int) -> None:
        """Read everything on the first call."""
        if not self._is_filled:
            fill_table(self.table, self._spans, self.starts, self._counts, self.rows)
            self._is_filled = True
