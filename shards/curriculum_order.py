"""The order of examples under a curriculum: epochs of the groups that take part, each quarter as often as it should.

An epoch shows every group that took part in the step in which the epoch began, once; so there are more groups from one
epoch to the next, and none joins in the middle of one. With unequal weights (`Curriculum.mix`) each quarter goes
through its groups in epochs of its own, and an epoch of the stream takes up as many of each quarter as its weight says,
in a seeded order. What a sampling says of variants holds as it does without a curriculum: under ``"blocks"`` each of a
group's comes once before one comes again, under ``"published"`` one is drawn each time. But with unequal weights an
epoch of a quarter may end in the middle of one of the stream, in which the next one's groups then come among its last:
a group's visits may change places there, and so may a variant come again before the last one has come.

Two things are not as in `order`. Variants are in no windows, so the whole training set has to be in memory. And the
examples of a puzzle that has several are ordered one by one, as *items*, since how many positions an epoch has must be
known without counting: in an epoch they are of the same variant, and need not follow each other.

A *stretch* is a run of epochs of the same size, in the stream or in a quarter; there are at most as many as the share
of the groups takes values while it grows. So a position is found in a table, not by counting.

Letters: G groups, I items, K stretches.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .curriculum import NUM_QUARTERS, Curriculum
from .curriculum_kernels import (
    EPOCH,
    GROUP,
    JOINED,
    SHARES,
    SIZE,
    SLOTS,
    START,
    items_of_quarter,
    order_by_curriculum,
)
from .errors import CurriculumError
from .order import WITH_REPLACEMENT, Places


class CurriculumOrder:
    """The endless sequence of examples.

    Args:
        seed: of the stream, uint64.
        counts: int64 [G], variants of each group.
        sizes: int64 [G], examples of each puzzle of a group.
        sampling: one of `order.SAMPLINGS`.
        ranked: int64 [G], the groups from the easiest to the hardest.
        curriculum: which of them come when.
        batch_size: positions of a step.

    Raises:
        CurriculumError: no group that takes part at step 0 has a weight.
    """

    def __init__(
        self,
        seed: int,
        counts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        *,
        sampling: str,
        ranked: NDArray[np.int64],
        curriculum: Curriculum,
        batch_size: int,
    ) -> None:
        self._seed = seed
        self._num_groups = len(counts)
        self._repeats = sampling in WITH_REPLACEMENT
        self._in_turn = len(set(curriculum.mix)) == 1
        # How many items the easiest 0, 1, ... groups have.
        ends = np.concatenate([[0], np.cumsum(sizes[ranked])])
        quarters = ends[[len(ranked) * quarter // NUM_QUARTERS for quarter in range(NUM_QUARTERS + 1)]]
        self._stretches, allowed = _stretches(curriculum, ends, quarters, batch_size)
        tables = [_of_quarter(self._stretches[:, SLOTS + q], allowed[:, q]) for q in range(NUM_QUARTERS)]
        self._quarters = np.concatenate(tables)
        self._bounds = np.stack([np.cumsum([0, *map(len, tables)]), quarters])
        groups = np.repeat(ranked, sizes[ranked])
        joined = np.concatenate([_joined(table, size) for table, size in zip(tables, np.diff(quarters), strict=True)])
        self._items = np.stack([groups, counts[groups], joined], axis=1)
        self._examples = np.arange(len(groups)) - np.repeat(ends[:-1], sizes[ranked])

    @property
    def in_turn(self) -> bool:
        """Whether the visits of a group come in their order, which they may not with unequal weights."""
        return self._in_turn

    def at(self, start: int, count: int) -> Places:
        """The examples of `count` positions from `start` on."""
        items, variants = self._items_at(start, count)
        return self._items[items, GROUP], variants, self._examples[items]

    def epochs(self, start: int, count: int) -> Iterator[tuple[int, slice]]:
        """The whole run of positions as one: what is read for an epoch does not depend on it."""
        yield 0, slice(0, count)

    def visits(self, num_examples: int) -> NDArray[np.int64]:
        """int64 [G]: how often each group has come, in part at least, in the first so many positions."""
        row = self._stretches[np.searchsorted(self._stretches[:, START], num_examples, side="right") - 1]
        epochs, rest = divmod(num_examples - int(row[START]), int(row[SIZE]))
        of_items = np.zeros(len(self._items), np.int64)
        for quarter in range(NUM_QUARTERS):
            slots = int(row[SLOTS + quarter] + epochs * row[SHARES + quarter])
            of_items[slice(*self._bounds[1, quarter : quarter + 2])] = self._visits_of_quarter(quarter, slots)
        np.add.at(of_items, self._items_at(num_examples - rest, rest)[0], 1)
        visits = np.zeros(self._num_groups, np.int64)
        np.maximum.at(visits, self._items[:, GROUP], of_items)
        return visits

    def _items_at(self, start: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Items and variants, int64 [count] each, of the positions from `start` on."""
        items, variants = np.empty((2, count), np.int64)
        order_by_curriculum(
            self._seed,
            start,
            self._repeats,
            self._stretches,
            self._quarters,
            self._bounds,
            self._items,
            items,
            variants,
        )
        return items, variants

    def _visits_of_quarter(self, quarter: int, slots: int) -> NDArray[np.int64]:
        """How often each item of a quarter came in the first so many slots of it."""
        rows = self._quarters[slice(*self._bounds[0, quarter : quarter + 2])]
        joined = self._items[slice(*self._bounds[1, quarter : quarter + 2]), JOINED]
        if not slots:
            return np.zeros_like(joined)
        row = rows[np.searchsorted(rows[:, START], slots, side="right") - 1]
        epochs, rest = divmod(slots - int(row[START]), int(row[SIZE]))
        visits: NDArray[np.int64] = np.maximum(0, row[EPOCH] + epochs - joined)
        begun = np.empty(rest, np.int64)
        items_of_quarter(self._seed, quarter, slots - rest, rows, begun)
        visits[begun] += 1
        return visits


def _stretches(
    curriculum: Curriculum, ends: NDArray[np.int64], quarters: NDArray[np.int64], batch_size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The stretches of the stream, and of which of each quarter's items they take theirs.

    Args:
        curriculum: which groups take part when.
        ends: int64 [G + 1], items of the easiest 0, 1, ... groups.
        quarters: int64 [5], the first item of each quarter, and the end.
        batch_size: positions of a step.

    Returns:
        int64 [K, 11], in the columns of `curriculum_kernels`; and int64 [K, 4], how many items take part.

    Raises:
        CurriculumError: no group that takes part at step 0 has a weight.
    """
    num_groups = len(ends) - 1
    rows, allowed, start, epoch, slots = [], [], 0, 0, np.zeros(NUM_QUARTERS, np.int64)
    while True:
        groups = curriculum.num_allowed(start // batch_size, num_groups)
        allowed.append(np.diff(np.minimum(quarters, ends[groups])))
        shares = np.array(curriculum.shares_of(allowed[-1].tolist()), np.int64)
        size = int(shares.sum())
        if not size:
            raise CurriculumError(
                f"a curriculum of {curriculum.words()} begins with {groups:,} of {num_groups:,} puzzles, and none of "
                "them has a weight in its mix; give a larger start, or a weight to an easier quarter"
            )
        rows.append([start, epoch, size, *shares, *slots])
        if groups == num_groups:
            return np.array(rows, np.int64), np.array(allowed, np.int64)
        change = curriculum.first_step_above(groups, num_groups) * batch_size
        epochs = -(-(change - start) // size)
        start, epoch, slots = start + epochs * size, epoch + epochs, slots + epochs * shares


def _of_quarter(starts: NDArray[np.int64], allowed: NDArray[np.int64]) -> NDArray[np.int64]:
    """The stretches of a quarter over its slots: each of its epochs has all items that take part as it begins.

    Args:
        starts: int64 [K], slots before each stretch of the stream.
        allowed: int64 [K], items of the quarter that take part in it, never fewer than before.

    Returns:
        int64 [m, 3].
    """
    rows, start, epoch = [], 0, 0
    while True:
        size = int(allowed[np.searchsorted(starts, start, side="right") - 1])
        rows.append([start, epoch, size])
        change = int(np.searchsorted(allowed, size, side="right"))
        if change == len(allowed):
            return np.array(rows, np.int64)
        epochs = -(-(int(starts[change]) - start) // size)
        start, epoch = start + epochs * size, epoch + epochs


def _joined(rows: NDArray[np.int64], num_items: int) -> NDArray[np.int64]:
    """int64 [num_items]: the first epoch of a quarter, by its stretches, in which each of its items takes part."""
    epochs: NDArray[np.int64] = rows[np.searchsorted(rows[:, SIZE], np.arange(num_items), side="right"), EPOCH]
    return epochs
