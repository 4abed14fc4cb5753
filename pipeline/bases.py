"""Choosing the base puzzles of both splits, no two the same under the task's digest.

Test groups come first, so that they are the same whatever the number of training groups; training candidates of a
test group's class are passed over. Generated candidates are taken in the order of their index, those of a file in a
seeded order; either way the choice for a smaller n is a prefix of that for a larger one.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.options import in_words
from trmpipe.generators.task import TEST, TRAIN, Groups, Task

from .cluster import Cluster
from .progress import Progress
from .recipe import Recipe

_FIRST_BLOCK = 4
_LARGEST_BLOCK = 64
_SECONDS_PER_BLOCK = 0.25
_PATIENCE = 512
"""Candidates in a row that may miss the options before the command gives up."""
DEFAULT_TEST = 1000

REPEATS = "repeats of another puzzle"
TEST_TWINS = "twins of a held-out puzzle"

Part = tuple[Groups, NDArray[np.uint8]]
"""Groups and their class digests, uint8 [G, 32]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A candidate that was passed over.

    Attributes:
        candidate: its index in the random stream, or its line in the file.
        reason: why.
        twin: the candidate of which it is a copy; None where that is not the reason.
        names: of both, where candidates have names.
    """

    candidate: int
    reason: str
    twin: int | None
    names: tuple[str, str] | None = None


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
        self.drops: list[Drop] = []
        self.classes: dict[bytes, int] = {}
        self._test_classes = test.classes if test is not None else {}
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
            candidate = int(groups.candidates[i])
            if digest in self._test_classes:
                self.drops.append(Drop(candidate=candidate, reason=TEST_TWINS, twin=self._test_classes[digest]))
            elif digest in self.classes:
                self.drops.append(Drop(candidate=candidate, reason=REPEATS, twin=self.classes[digest]))
            else:
                self.classes[digest] = candidate
                self.count += 1
                kept.append(i)
        index = np.array(kept, np.int64)
        self._parts.append((groups.take(index), digests[index]))

    def chosen(self) -> Part:
        """All groups chosen so far."""
        groups, digests = zip(*self._parts, strict=True)
        return Groups.join(groups), np.concatenate(digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """The base puzzles of a corpus.

    Attributes:
        train: training groups and their digests.
        test: held-out groups and their digests.
        skipped: number of candidates passed over, by reason.
        drops: the lines passed over, by the file's role (see `Recipe`); empty where puzzles are generated.
        names: of the groups of each split; empty where they have none.
        leaks: training candidates that are twins of held-out ones and stay, as the recipe does not exclude them.
    """

    train: Part
    test: Part
    skipped: dict[str, int]
    drops: Mapping[str, tuple[Drop, ...]]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaks: tuple[Drop, ...] = ()


def count_reasons(*drops: list[Drop]) -> dict[str, int]:
    """How many drops there are of each reason."""
    return dict(Counter(drop.reason for some in drops for drop in some))


def generate_bases(task: Task, recipe: Recipe, cluster: Cluster, progress: Progress) -> Bases:
    """Choose among generated candidates.

    Raises:
        ExhaustedError: the task does not have so many distinct puzzles, or hardly any that meets its options.
    """
    assert recipe.n is not None
    test = Selection(task.default_test if recipe.test is None else recipe.test)
    _fill(test, TEST, task, recipe, cluster, progress)
    train = Selection(recipe.n, test)
    try:
        _fill(train, TRAIN, task, recipe, cluster, progress)
    except ExhaustedError as error:
        raise ExhaustedError(f"{error} ({test.count} more are held out for the test)") from error
    return Bases(train=train.chosen(), test=test.chosen(), skipped=count_reasons(train.drops), drops={})


class _Blocks:
    """Candidates in blocks that take about a quarter of a second each, so that hard puzzles keep all workers busy.

    The choice of puzzles does not depend on the blocks, as candidates are taken in order whatever the block.

    Args:
        recipe: task, options and seed.
        purpose: the stream.
        limit: number of candidates.
    """

    def __init__(self, recipe: Recipe, purpose: int, limit: int) -> None:
        self._recipe, self._purpose, self._limit = recipe, purpose, limit
        self._size = _FIRST_BLOCK

    def __iter__(self) -> Iterator[tuple[Recipe, int, int, int]]:
        start = 0
        while start < self._limit:
            count = min(self._size, self._limit - start)
            yield self._recipe, self._purpose, start, count
            start += count

    def took(self, seconds: float, count: int) -> None:
        """Learn from a block of `count` candidates."""
        self._size = int(np.clip(_SECONDS_PER_BLOCK * count / max(seconds, 1e-6), 1, _LARGEST_BLOCK))


def _fill(selection: Selection, purpose: int, task: Task, recipe: Recipe, cluster: Cluster, progress: Progress) -> None:
    """Offer candidates in the order of their index until enough are chosen or too many were tried."""
    split = "held-out" if purpose == TEST else "training"
    wanted = selection.wanted or 0
    progress.start(f"{split} puzzles", wanted)
    blocks = _Blocks(recipe, purpose, max_candidates(wanted))
    # An empty part, so that a split without groups has arrays of the right shape.
    selection.offer(*make_candidates(recipe, purpose, 0, 0)[:2])
    last, stop = -1, 0
    with closing(cluster.map(make_candidates, blocks)) as parts:
        while not selection.is_full and (part := next(parts, None)) is not None:
            groups, digests, seconds, count = part
            blocks.took(seconds, count)
            before = selection.count
            last, stop = _offer_in_order(selection, groups, digests, last, stop + count, recipe), stop + count
            progress.advance(selection.count - before)
    progress.finish()
    if not selection.is_full:
        raise ExhaustedError(
            f"{task.spec.name} has too few different puzzles: {selection.count} distinct {split} ones were found among "
            f"{selection.examined} candidates, {wanted} were asked for; ask for fewer"
        )


def _offer_in_order(
    selection: Selection, groups: Groups, digests: NDArray[np.uint8], last: int, stop: int, recipe: Recipe
) -> int:
    """Offer the groups of a block that ends at candidate `stop`, unless too many candidates in a row are missing.

    Returns:
        The last candidate that was there; `last` where the block has none.
    """
    gaps = np.diff(groups.candidates, prepend=last, append=stop)
    wide = np.flatnonzero(gaps > _PATIENCE)
    reach = int(wide[0]) if len(wide) else len(groups)
    selection.offer(groups.take(slice(0, reach)), digests[:reach])
    if len(wide) and not selection.is_full:
        raise ExhaustedError(
            f"{_PATIENCE} candidates of {recipe.task} in a row miss {in_words(recipe.options)} "
            f"({selection.count} puzzles were found, {selection.wanted} were asked for); ask for a wider range"
        )
    return int(groups.candidates[-1]) if len(groups) else last


def max_candidates(wanted: int) -> int:
    """Candidates tried at most for `wanted` distinct ones."""
    return 10_000 + 4 * wanted


def make_candidates(
    recipe: Recipe, purpose: int, start: int, count: int
) -> tuple[Groups, NDArray[np.uint8], float, int]:
    """Some candidates and their digests, the seconds that they took, and `count`: runs on the workers."""
    started = time.perf_counter()
    task = recipe.make_task()
    examined = task.examine(task.generate(recipe.seed, purpose, start, count))
    kept = examined.take(np.flatnonzero(examined.accepted))
    return kept.groups, kept.digests, time.perf_counter() - started, count
