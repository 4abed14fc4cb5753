"""Choosing the base puzzles of both splits, no two the same under the task's digest.

Test groups come first, so that they are the same whatever the number of training groups; training candidates of a
test group's class are passed over. Generated candidates are taken in the order of their index, those of a file in a
seeded order; either way the choice for a smaller n is a prefix of that for a larger one.
"""

from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.registry import get_task
from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.task import TEST, TRAIN, Groups, Task

from .cluster import Cluster
from .progress import Progress
from .recipe import Recipe

_CANDIDATES_PER_TASK = 64
_DEFAULT_TEST = 1000
_TEST_SHARE = 10
"""Without --test, at most one in ten of the puzzles that there are is held out."""
_SMALL_TASK_TEST = 8
_SMALL_TASK_SYMMETRIES = 10_000

REPEATS = "repeats of another puzzle"
TEST_TWINS = "twins of a held-out puzzle"

Part = tuple[Groups, NDArray[np.uint8]]
"""Groups and their class digests, uint8 [G, 32]."""


class Selection:
    """The groups of one split as they are chosen, one after the other.

    Args:
        wanted: how many to choose; None takes all.
        test: the selection whose classes may not be chosen, where there is one.
    """

    def __init__(self, wanted: int | None, test: "Selection | None" = None) -> None:
        self.wanted = wanted
        self.count = 0
        self.examined = 0
        self.skipped = {REPEATS: 0, TEST_TWINS: 0}
        self.classes: set[bytes] = set()
        self._test_classes = test.classes if test is not None else set()
        self._parts: list[Part] = []

    @property
    def is_full(self) -> bool:
        """Whether all that is wanted is chosen."""
        return self.wanted is not None and self.count >= self.wanted

    def offer(self, groups: Groups, digests: NDArray[np.uint8]) -> None:
        """Choose from `groups` in their order until enough are chosen; digests are uint8 [G, 32]."""
        kept = []
        for i, digest in enumerate(map(bytes, digests)):
            if self.is_full:
                break
            self.examined += 1
            if digest in self._test_classes:
                self.skipped[TEST_TWINS] += 1
            elif digest in self.classes:
                self.skipped[REPEATS] += 1
            else:
                self.classes.add(digest)
                self.count += 1
                kept.append(i)
        index = np.array(kept, np.int64)
        self._parts.append((groups.take(index), digests[index]))

    def chosen(self) -> Part:
        """All groups chosen so far."""
        groups, digests = zip(*self._parts, strict=True)
        return (
            Groups(
                candidates=np.concatenate([part.candidates for part in groups]),
                inputs=np.concatenate([part.inputs for part in groups]),
                labels=np.concatenate([part.labels for part in groups]),
            ),
            np.concatenate(digests),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """The base puzzles of a corpus.

    Attributes:
        train: training groups and their digests.
        test: held-out groups and their digests.
        skipped: candidates passed over, by reason.
    """

    train: Part
    test: Part
    skipped: dict[str, int]


def generate_bases(task: Task, recipe: Recipe, cluster: Cluster, progress: Progress) -> Bases:
    """Choose among generated candidates.

    Raises:
        ExhaustedError: the task does not have so many distinct puzzles.
    """
    assert recipe.n is not None
    test = Selection(default_test(task) if recipe.test is None else recipe.test)
    _fill(test, TEST, task, recipe, cluster, progress)
    train = Selection(recipe.n, test)
    try:
        _fill(train, TRAIN, task, recipe, cluster, progress)
    except ExhaustedError as error:
        raise ExhaustedError(f"{error} ({test.count} more are held out for the test)") from error
    return Bases(train=train.chosen(), test=test.chosen(), skipped=train.skipped)


def default_test(task: Task) -> int:
    """Held-out groups where the user does not say how many: few where a task has few classes (36 at 4x4)."""
    return _SMALL_TASK_TEST if task.spec.num_symmetries < _SMALL_TASK_SYMMETRIES else _DEFAULT_TEST


def _fill(selection: Selection, purpose: int, task: Task, recipe: Recipe, cluster: Cluster, progress: Progress) -> None:
    """Offer candidates in the order of their index until enough are chosen or too many were tried."""
    name, wanted = task.spec.name, selection.wanted or 0
    split = "held-out" if purpose == TEST else "training"
    progress.start(f"{split} puzzles", wanted)
    starts = range(0, max_candidates(wanted), _CANDIDATES_PER_TASK)
    arguments = ((name, recipe.seed, purpose, start, _CANDIDATES_PER_TASK) for start in starts)
    # An empty part, so that a split without groups has arrays of the right shape.
    selection.offer(*_make_candidates(name, recipe.seed, purpose, 0, 0))
    with closing(cluster.map(_make_candidates, arguments)) as parts:
        while not selection.is_full and (part := next(parts, None)) is not None:
            before = selection.count
            selection.offer(*part)
            progress.advance(selection.count - before)
    progress.finish()
    if not selection.is_full:
        raise ExhaustedError(
            f"{name} has too few different puzzles: {selection.count} distinct {split} ones were found among "
            f"{selection.examined} candidates, {wanted} were asked for; ask for fewer"
        )


def max_candidates(wanted: int) -> int:
    """Candidates tried at most for `wanted` distinct ones."""
    return 10_000 + 4 * wanted


def _make_candidates(task_name: str, seed: int, purpose: int, start: int, count: int) -> Part:
    task = get_task(task_name)
    groups = task.generate(seed, purpose, start, count)
    return groups, task.canonical(groups)


def choose_from_file(task: Task, recipe: Recipe, source: Groups, test_source: Groups | None) -> Bases:
    """Choose among the puzzles of a file in a seeded order: the held-out ones from a file of their own, or first.

    Args:
        task: the task.
        recipe: n, test and seed.
        source: all puzzles of the input file.
        test_source: all puzzles of the test file, where there is one.

    Raises:
        ExhaustedError: a file does not hold so many distinct puzzles.
    """
    groups, digests = _shuffled(task, source, recipe.seed, TRAIN)
    if test_source is None:
        default = min(_DEFAULT_TEST, len(source) // _TEST_SHARE)
        test = Selection(default if recipe.test is None else recipe.test)
        test.offer(groups, digests)
        left = slice(test.examined, None)
        groups, digests = groups.take(left), digests[left]
    else:
        test = Selection(recipe.test)
        test.offer(*_shuffled(task, test_source, recipe.seed, TEST))
    _require(test, "--test", least=0)
    train = Selection(recipe.n, test)
    train.offer(groups, digests)
    _require(train, "--n", least=1)
    skipped = {reason: count + test.skipped[reason] for reason, count in train.skipped.items()}
    return Bases(train=train.chosen(), test=test.chosen(), skipped=skipped)


def _require(selection: Selection, option: str, least: int) -> None:
    wanted = max(least, selection.wanted or 0)
    if selection.count < wanted:
        raise ExhaustedError(
            f"{option} asks for {wanted} puzzles, the file leaves {selection.count} distinct ones for it; ask for fewer"
        )


def _shuffled(task: Task, groups: Groups, seed: int, purpose: int) -> Part:
    keys = bijection_keys(seed, SAMPLE, 0, 0, purpose)
    order = np.array([permute(i, len(groups), keys) for i in range(len(groups))], np.int64)
    shuffled = groups.take(order)
    return shuffled, task.canonical(shuffled)
