"""Tasks of files as the groups of both splits.

A task for training gives all its pairs with known outputs to the train split. A task for testing gives its
demonstrations to the train split and its test inputs to the test split, under the same candidate and the same maps, so
that variant k of both is one puzzle. What a task for testing gives to the train split, and which maps it has, never
depends on the outputs of its tests.

Shapes: G groups, N tasks, S = 900 tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.arc import NUM_TRAITS, SEQ_LEN, TRANSLATES, class_digests, encode, traits_of
from trmpipe.generators.arc.pairs import ArcPairs, Grid
from trmpipe.generators.task import PAD, Groups

Role = Literal["train", "test"]
_Pairs = Sequence[tuple[Grid, Grid | None]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArcGroups:
    """The groups of some tasks.

    Attributes:
        train: groups of the train split, one a task.
        test: groups of the test split, one a task for testing, none for training.
        digests: uint8 [N, 32], classes of the whole tasks: of their demonstrations and test inputs.
    """

    train: Groups
    test: Groups
    digests: NDArray[np.uint8]


def groups_of(tasks: Sequence[ArcPairs], role: Role, start: int = 0) -> ArcGroups:
    """Make the groups of tasks.

    Args:
        tasks: the tasks, all of one role.
        role: what they are for.
        start: candidate of the first task; the others count on.
    """
    train, test = [_no_groups()], [_no_groups()]
    for candidate, task in enumerate(tasks, start):
        learned: list[tuple[Grid, Grid | None]] = [*task.demonstrations]
        shown = learned + [(given, None) for given, _ in task.tests]
        if role == "train":
            learned += [pair for pair in task.tests if pair[1] is not None]
            shown = learned
        traits = traits_of(_tokens([side for pair in shown for side in pair]), translates=True)
        train.append(_group(candidate, learned, traits))
        if role == "test":
            untranslated = traits.copy()
            untranslated[TRANSLATES] = 0
            test.append(_group(candidate, task.tests, untranslated))
    return ArcGroups(train=Groups.join(train), test=Groups.join(test), digests=_digests(tasks))


def _tokens(grids: Sequence[Grid | None]) -> NDArray[np.uint8]:
    """uint8 [N, S], grids stored at (0, 0), pad where there is none."""
    tokens = np.full((len(grids), SEQ_LEN), PAD, np.uint8)
    for row, grid in zip(tokens, grids, strict=True):
        if grid is not None:
            row[:] = encode(grid)
    return tokens


def _group(candidate: int, pairs: _Pairs, traits: NDArray[np.uint16]) -> Groups:
    return Groups(
        candidates=np.array([candidate], np.int64),
        sizes=np.array([len(pairs)], np.int64),
        inputs=_tokens([given for given, _ in pairs]),
        labels=_tokens([output for _, output in pairs]),
        traits=traits[None],
    )


def _no_groups() -> Groups:
    return Groups(
        candidates=np.empty(0, np.int64),
        sizes=np.empty(0, np.int64),
        inputs=np.empty((0, SEQ_LEN), np.uint8),
        labels=np.empty((0, SEQ_LEN), np.uint8),
        traits=np.empty((0, NUM_TRAITS), np.uint16),
    )


def _digests(tasks: Sequence[ArcPairs]) -> NDArray[np.uint8]:
    """uint8 [N, 32], see `class_digests`."""
    pairs = [pair for task in tasks for pair in (*task.demonstrations, *((given, None) for given, _ in task.tests))]
    return class_digests(
        _tokens([given for given, _ in pairs]),
        _tokens([output for _, output in pairs]),
        np.array([len(task.demonstrations) + len(task.tests) for task in tasks], np.int64),
        np.array([len(task.demonstrations) for task in tasks], np.int64),
    )
