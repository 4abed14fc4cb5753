"""Which example comes when: the order of positions, a pure function of the seed and of the sizes of the groups.

The order of puzzles: puzzle q belongs to epoch q // G and there to a group, by a permutation of the groups
keyed by the epoch, so that every epoch visits every group once. A group goes through its variants cycle after cycle.
In each cycle its windows of 256 variants (of fewer where sequences are long, see `kernels.order_window`) come in a
seeded order, the same for all groups with as many variants, and the variants of a window in a seeded order of the
group's own: every variant is seen once before one is seen again, and a window is read once for 256 epochs. The order
depends on the task and on the numbers of groups, variants and examples alone, not on format, shards or memory.

Positions count the examples of the puzzles in this order, those of a puzzle one after the other: an epoch has as many
as one variant of each group has examples, and a puzzle that does not fit a batch goes on in the next.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .kernels import order_as_published, order_by_windows

WITH_REPLACEMENT = ("published",)
"""Rules by which a variant may come again before all of its group have come."""

SAMPLINGS = {"blocks": order_by_windows, "published": order_as_published}
"""Rules by the words of `Stream`; ``"blocks"`` is that of the windows."""

Places = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Groups, variants and places in the puzzle, int64 [N] each, of N examples."""


class Order:
    """The endless sequence of examples.

    Attributes:
        in_turn: that the visits of a group come in their order.

    Args:
        seed: of the stream, uint64.
        counts: int64 [G], variants of each group.
        sizes: int64 [G], examples of each puzzle of a group.
        sampling: one of `SAMPLINGS`.
        window_size: variants of a window, see `kernels.order_window`.
    """

    in_turn = True

    def __init__(
        self, seed: int, counts: NDArray[np.int64], sizes: NDArray[np.int64], sampling: str, window_size: int
    ) -> None:
        self._seed = seed
        self._counts = counts
        self._sizes = sizes
        self._fill = SAMPLINGS[sampling]
        self._epoch = -1
        self._puzzles = np.empty((2, 0), np.int64)
        self._ends = np.empty(0, np.int64)
        self.window_size = window_size
        self.epoch_size = int(sizes.sum())

    def at(self, start: int, count: int) -> Places:
        """The examples of `count` positions from `start` on."""
        if self.epoch_size == len(self._counts):
            groups, variants = self._puzzles_at(start, count)
            return groups, variants, np.zeros(count, np.int64)
        parts = [
            self._in_epoch(epoch, start + run.start - epoch * self.epoch_size, run.stop - run.start)
            for epoch, run in self.epochs(start, count)
        ]
        groups, variants, examples = (np.concatenate(part) for part in zip(*parts, strict=True))
        return groups, variants, examples

    def epochs(self, start: int, count: int) -> Iterator[tuple[int, slice]]:
        """The epochs of a run of positions, each with its slice of the run."""
        position = start
        while position < start + count:
            epoch = position // self.epoch_size
            stop = min((epoch + 1) * self.epoch_size, start + count)
            yield epoch, slice(position - start, stop - start)
            position = stop

    def visits(self, num_examples: int) -> NDArray[np.int64]:
        """int64 [G]: how often each group has come, in part at least, in the first so many positions."""
        epochs, rest = divmod(num_examples, self.epoch_size)
        visits = np.full(len(self._counts), epochs, np.int64)
        begun = np.unique(self.at(epochs * self.epoch_size, rest)[0]) if rest else np.zeros(0, np.int64)
        visits[begun] += 1
        return visits

    def _puzzles_at(self, start: int, count: int) -> NDArray[np.int64]:
        """Groups and variants, int64 [2, count], of the puzzles from number `start` on."""
        puzzles = np.empty((2, count), np.int64)
        self._fill(self._seed, start, self._counts, self.window_size, puzzles[0], puzzles[1])
        return puzzles

    def _in_epoch(self, epoch: int, first: int, count: int) -> Places:
        """The examples from the epoch's example `first` on."""
        if epoch != self._epoch:
            # The ends of an epoch's puzzles, at hand for its other batches.
            self._puzzles = self._puzzles_at(epoch * len(self._counts), len(self._counts))
            self._ends = np.cumsum(self._sizes[self._puzzles[0]])
            self._epoch = epoch
        low, high = np.searchsorted(self._ends, [first, first + count - 1], side="right")
        ends = self._ends[low : high + 1]
        groups, variants = self._puzzles[:, low : high + 1]
        starts = ends - self._sizes[groups]
        taken = np.minimum(ends, first + count) - np.maximum(starts, first)
        examples = np.arange(first, first + count) - np.repeat(starts, taken)
        return np.repeat(groups, taken), np.repeat(variants, taken), examples
