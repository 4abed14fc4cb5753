"""What the tests of the suite share: the puzzles that they look at."""

import numpy as np
from numpy.typing import NDArray

from .. import contract
from ..task import TRAIN, Groups, Task
from .rules import expect, looked_at

PARTS = ("candidates", "sizes", "inputs", "labels", "traits")
"""The arrays of groups."""


class Looking:
    """How much is looked at; see `TaskConformance`."""

    seed = 12
    num_candidates = 9
    most_variants = 40

    def groups(self, task: Task) -> Groups:
        """The first training candidates."""
        groups = looked_at(contract.generate, task, self.seed, TRAIN, 0, self.num_candidates)
        found = f"of {self.num_candidates} candidates {len(groups)} are there; the suite needs 3 or more"
        expect(task, "accepted", len(groups) > 2, found)
        return groups

    def num_common(self, task: Task, groups: Groups) -> int:
        """Variants that every group has, up to `most_variants`."""
        return min(self.most_variants, int(task.num_variants(groups).min()))


def same(one: Groups, other: Groups) -> bool:
    """Whether two groups are equal in all their arrays."""
    pairs = ((getattr(one, name), getattr(other, name)) for name in PARTS)
    return all(first.dtype == second.dtype and np.array_equal(first, second) for first, second in pairs)


def by_group(task: Task, groups: Groups, seed: int, start: int, count: int) -> list[list[NDArray[np.uint8]]]:
    """`count` variants of every group: of each its inputs and labels, uint8 [count, examples, S].

    Args:
        task: makes them.
        groups: the bases.
        seed: root seed.
        start: the first variant.
        count: how many.
    """
    rows = looked_at(contract.augment, task, groups, seed, start, np.full(len(groups), count))
    stops = np.cumsum(groups.sizes * count).tolist()
    return [
        [tokens[stop - size * count : stop].reshape(count, size, task.spec.seq_len) for tokens in rows]
        for size, stop in zip(groups.sizes.tolist(), stops, strict=True)
    ]
