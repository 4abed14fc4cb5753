"""Choosing the bases of an ARC corpus: tasks by role, a seeded sample of them, and twins of test tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trmpipe.generators.arc.pairs import ArcPairs
from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.task import TRAIN, Examined

from ..bases import Bases, Drop, count_reasons
from ..errors import RecipeError
from .files import ArcSet, refuse_repeated_ids
from .groups import ArcGroups, groups_of

TRAIN_SET, TEST_SET = "train_set", "test_set"
"""Roles: tasks that are learned whole, and tasks that are scored."""
_TWINS = "twins of a test task"
_VERSIONS = "other versions of a test task, by their id"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A task among all that were given.

    Attributes:
        index: its place, in the order of the sets and of their tasks.
        task: its pairs.
        given: the set that it came with.
        is_test: whether it is scored.
    """

    index: int
    task: ArcPairs
    given: str
    is_test: bool


def bases_of_sets(sets: Sequence[ArcSet], n: int | None, seed: int, *, exclude_twins: bool) -> Bases:
    """The groups of both splits, from sets of tasks.

    A task keeps its candidate whatever others are chosen or dropped, so that its variants stay the same.

    Args:
        sets: the tasks, by the roles of their sets.
        n: how many to take, drawn by the seed; None takes all.
        seed: root seed.
        exclude_twins: whether tasks to learn that are twins of a test task are dropped.

    Raises:
        RecipeError: no task is left to train on.
        ArcFileError: two sets share a task id.
        ExhaustedError: there are fewer tasks than `n`.
    """
    given = [(one, task) for one in sets for task in one.tasks]
    candidates = [
        _Candidate(index=i, task=task, given=one.given, is_test=one.role == TEST_SET)
        for i, (one, task) in enumerate(given)
    ]
    chosen = _sample(candidates, n, seed)
    groups = {one.index: groups_of([one.task], "test" if one.is_test else "train", one.index) for one in chosen}
    twins = _find_twins(chosen, groups)
    if exclude_twins:
        dropped = {drop.candidate for drop in twins}
        chosen = [one for one in chosen if one.index not in dropped]
    refuse_repeated_ids([(one.given, one.task.id) for one in chosen])
    if not chosen:
        raise RecipeError("no task is left to train on; give more tasks, or leave out --exclude-test-twins")
    tested = [one for one in chosen if one.is_test]
    train = [Examined.plain(groups[one.index].train, groups[one.index].digests) for one in chosen]
    test = [Examined.plain(groups[one.index].test, groups[one.index].digests) for one in tested]
    return Bases(
        train=Examined.join(train),
        test=Examined.join([train[0].take(slice(0, 0)), *test]),
        skipped=count_reasons(twins) if exclude_twins else {},
        drops={TRAIN_SET: tuple(twins)} if exclude_twins else {},
        leaks=() if exclude_twins else tuple(twins),
        names={"train": tuple(one.task.id for one in chosen), "test": tuple(one.task.id for one in tested)},
    )


def _sample(candidates: list[_Candidate], n: int | None, seed: int) -> list[_Candidate]:
    """`n` of the tasks, drawn uniformly by the seed and nested for a larger n, in their order; all without it."""
    if n is None:
        return candidates
    count = len(candidates)
    if n > count:
        raise ExhaustedError(f"--n asks for {n} tasks, {count} were given; ask for fewer")
    keys = bijection_keys(seed, SAMPLE, 0, 0, TRAIN)
    return [candidates[i] for i in sorted(int(permute(i, count, keys)) for i in range(n))]


def _find_twins(chosen: Sequence[_Candidate], groups: Mapping[int, ArcGroups]) -> list[Drop]:
    """Training tasks that are a test task up to symmetry, colours and order of pairs, or share its id."""
    tested = [one for one in chosen if one.is_test]
    classes = {groups[one.index].digests.tobytes(): one for one in tested}
    ids = {one.task.id: one for one in tested}
    found = []
    for one in chosen:
        if one.is_test:
            continue
        twin = classes.get(groups[one.index].digests.tobytes())
        version = ids.get(one.task.id)
        like = twin or version
        if like is not None:
            reason = _TWINS if twin else _VERSIONS
            names = (one.task.id, like.task.id)
            found.append(Drop(candidate=one.index, reason=reason, twin=like.index, names=names))
    return found
