"""Adapter for kernels that make the same number of variants for every group.

`Task.augment` asks for a number of its own for each group: groups of one number are given to the kernel together.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .task import Groups, Rows, runs

Even = Callable[[Groups, int], Rows]
"""From g groups and a number K: inputs and labels, uint8 [g, K, S], of K variants of each group."""


def augment_evenly(groups: Groups, counts: NDArray[np.int64], even: Even) -> Rows:
    """Rows of `counts` variants of each group, by one call for all groups that are to have the same number.

    Args:
        groups: of one example each.
        counts: int64 [G], variants of each group, 0 or more.
        even: makes the same number of variants for each of some groups.

    Returns:
        Inputs and labels, uint8 [R, S], by rising group and variant.
    """
    assert (groups.sizes == 1).all(), "groups of several examples need a kernel of their own"
    seq_len = groups.inputs.shape[1]
    distinct = np.unique(counts)
    if len(distinct) == 1 and distinct[0]:
        inputs, labels = even(groups, int(distinct[0]))
        return inputs.reshape(-1, seq_len), labels.reshape(-1, seq_len)
    firsts = np.cumsum(counts) - counts
    rows = np.empty((2, int(counts.sum()), seq_len), np.uint8)
    for count in distinct[distinct > 0]:
        index = np.flatnonzero(counts == count)
        places = runs(firsts[index], counts[index])
        for target, variants in zip(rows, even(groups.take(index), int(count)), strict=True):
            target[places] = variants.reshape(-1, seq_len)
    return rows[0], rows[1]
