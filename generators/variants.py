"""Adapters for kernels that make the same number of variants for every group, and that take one example a group.

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


def augment_alternatives(groups: Groups, counts: NDArray[np.int64], singly: Callable[..., Rows]) -> Rows:
    """Rows of groups whose examples have one input each, for a task whose maps do not depend on labels.

    Args:
        groups: of one example or more.
        counts: int64 [G], variants of each group, 0 or more.
        singly: `Task.augment` for groups of one example, of these and of numbers of variants.

    Returns:
        Inputs and labels, uint8 [R, S], by rising group, variant and example.
    """
    if (groups.sizes == 1).all():
        return singly(groups, counts)
    of_examples = np.repeat(counts, groups.sizes)
    single = Groups.single(np.repeat(groups.candidates, groups.sizes), groups.inputs, groups.labels)
    inputs, labels = singly(single, of_examples)
    # They come by group, example and variant.
    totals = counts * groups.sizes
    places, sizes = runs(np.zeros_like(totals), totals), np.repeat(groups.sizes, totals)
    first = np.repeat(np.cumsum(totals) - totals, totals)
    order = first + places % sizes * np.repeat(counts, totals) + places // sizes
    return inputs[order], labels[order]
