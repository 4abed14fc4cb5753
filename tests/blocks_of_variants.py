"""Variants of groups of one example each as arrays of three axes, which tests index by group and variant."""

import numpy as np


def augment(task, groups, seed, start, stop):
    """Inputs and labels, uint8 [G, stop - start, S], of variants `start` to `stop` of every group."""
    counts = np.full(len(groups), stop - start)
    shape = (len(groups), stop - start, task.spec.seq_len)
    inputs, labels = task.augment(groups, seed, start, counts)
    return inputs.reshape(shape), labels.reshape(shape)
