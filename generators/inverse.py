"""Answers to variants, mapped back to their bases: the inverse of a variant's map, read off what it does to probes.

It serves tasks whose symmetries move cells and rename tokens, and leave pad and the blank as they are. `Task.augment`
is given probes in the place of labels: one for each bit of a cell's number, written in those two tokens, says where
every cell went, and one that holds every token says what each is called. So a task needs no second home of its maps,
and both ways cannot come apart. At 9x9 that is 8 calls, some 10 microseconds a variant, where an answer takes a network
milliseconds.

Shapes: G groups, R rows (variants of all groups), S sequence, V vocabulary.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .task import Groups, Task


def map_back_by_probes(
    task: Task, groups: Groups, seed: int, start: int, counts: NDArray[np.int64], answers: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """`Task.map_back` for symmetries as this file takes them; arguments as there.

    Args:
        task: gives each variant one map for inputs and labels, which does not depend on the labels.
        groups: of one example each.
        seed: as for `Task.augment`.
        start: first variant of every group.
        counts: int64 [G], how many variants of each group.
        answers: uint8 [R, S].

    Returns:
        uint8 [R, S].
    """
    assert (groups.sizes == 1).all(), "groups of several examples need an inverse of their own"
    cells = np.arange(groups.inputs.shape[1])

    def images(probe: NDArray[np.int64]) -> NDArray[np.uint8]:
        labels = np.tile(probe.astype(np.uint8), (len(groups), 1))
        return task.augment(replace(groups, labels=labels), seed, start, counts)[1]

    places = np.zeros(answers.shape, np.int64)
    for bit in range(int(cells[-1]).bit_length()):
        places |= images(cells >> bit & 1).astype(np.int64) << bit
    vocab_size = task.spec.vocab_size
    names = np.zeros((len(answers), vocab_size), np.uint8)
    for first in range(0, vocab_size, len(cells)):
        probe = np.minimum(first + cells, vocab_size - 1)
        np.put_along_axis(names, images(probe).astype(np.int64), probe[places].astype(np.uint8), axis=1)
    found = np.empty_like(answers)
    np.put_along_axis(found, places, np.take_along_axis(names, answers.astype(np.int64), axis=1), axis=1)
    return found
