"""A training set that is larger than memory: of every group only the window of variants that it reads at present.

Groups with equal numbers of variants change windows in the same epoch, so that then every shard of the next window
is read once, in the background, while the present one is trained on. With unequal numbers only the groups that
change are read. The sequence of batches is the same as from memory.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import runs

from .errors import CorpusError
from .kernels import windows_of_epoch
from .table import Span, fill_table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Change:
    """The first epoch from which on some groups read other windows."""

    epoch: int
    groups: NDArray[np.int64]
    windows: NDArray[np.int64]


_Read = tuple[_Change, NDArray[np.uint8]]
"""A change and the rows of its windows."""


class WindowHolder:
    """Holds one window of variants of every group.

    Args:
        spans: where the groups lie.
        counts: int64 [G], variants of each group.
        sizes: int64 [G], examples of each puzzle of a group.
        seq_len: S.
        window_size: variants of a window.
        seed: of the stream, uint64.
        memory_limit_bytes: what table and read-ahead may take; without room for both nothing is read ahead.

    Raises:
        CorpusError: not even one window of every group fits.
    """

    def __init__(
        self,
        spans: Sequence[Span],
        counts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        seq_len: int,
        *,
        window_size: int,
        seed: int,
        memory_limit_bytes: int,
    ) -> None:
        self._spans = spans
        self._counts = counts
        self._seed = seed
        self._window_size = window_size
        self._widths = np.minimum(window_size, counts) * sizes
        table_bytes = int(self._widths.sum()) * 2 * seq_len
        if table_bytes > memory_limit_bytes:
            raise CorpusError(
                f"one window of {window_size} variants of {len(counts)} groups takes {table_bytes} bytes, "
                f"memory_limit_bytes is {memory_limit_bytes}; train on fewer groups (--groups) or on fewer variants "
                "than a window has (--variants), or, in Python, give the Stream a larger memory_limit_bytes"
            )
        self._thread = ThreadPoolExecutor(1) if 2 * table_bytes <= memory_limit_bytes else None
        self._ahead: Future[_Read | None] | None = None
        self._epoch = -1
        self._windows = np.full(len(counts), -1, np.int64)
        self.table = np.empty((int(self._widths.sum()), 2, seq_len), np.uint8)
        self.starts = np.zeros_like(counts)
        self.rows = np.cumsum(self._widths) - self._widths

    def hold(self, epoch: int) -> None:
        """Read the windows that `epoch` needs and that are not here."""
        if epoch == self._epoch:
            return
        change = self._change_at(epoch, self._windows)
        if change:
            if not self._take_ahead(change):
                self._read(change, self.table, self.rows[change.groups])
            self._windows[change.groups] = change.windows
            self.starts[change.groups] = change.windows * self._window_size
            if self._thread:
                self._ahead = self._thread.submit(self._read_ahead, epoch, self._windows.copy())
        self._epoch = epoch

    def _change_at(self, epoch: int, present: NDArray[np.int64]) -> _Change | None:
        """How the windows of `epoch` differ from the `present` ones, int64 [G]."""
        wanted = np.empty_like(present)
        windows_of_epoch(self._seed, epoch, self._counts, self._window_size, wanted)
        groups = np.flatnonzero(wanted != present)
        return _Change(epoch=epoch, groups=groups, windows=wanted[groups]) if len(groups) else None

    def _read(self, change: _Change, table: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        """Read the new windows of the groups that change into `table`, from `rows` on, one a group."""
        starts, stops, first_rows = np.zeros((3, len(self._counts)), np.int64)
        starts[change.groups] = change.windows * self._window_size
        stops[change.groups] = np.minimum(starts[change.groups] + self._window_size, self._counts[change.groups])
        first_rows[change.groups] = rows
        fill_table(table, self._spans, starts, stops, first_rows)

    def _read_ahead(self, epoch: int, present: NDArray[np.int64]) -> _Read | None:
        """The first change after `epoch`, with its rows; None where there is none, as of groups of one window each."""
        # A window lasts for as many epochs as it has variants, and twice as many where it ends a cycle and begins the
        # next one too.
        later = range(epoch + 1, epoch + 2 * self._window_size + 1)
        change = next(filter(None, (self._change_at(epoch, present) for epoch in later)), None)
        if change is None:
            return None
        widths = self._widths[change.groups]
        table = np.empty((int(widths.sum()), *self.table.shape[1:]), np.uint8)
        self._read(change, table, np.cumsum(widths) - widths)
        return change, table

    def _take_ahead(self, change: _Change) -> bool:
        """Take over what was read ahead, if that is what is needed: after a jump to another step it is not."""
        ahead, self._ahead = self._ahead, None
        found = ahead.result() if ahead is not None else None
        if found is None:
            return False
        read, table = found
        if not (np.array_equal(read.groups, change.groups) and np.array_equal(read.windows, change.windows)):
            return False
        if len(read.groups) == len(self._counts):
            self.table = table
        else:
            self.table[runs(self.rows[read.groups], self._widths[read.groups])] = table
        return True
