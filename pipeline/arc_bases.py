"""Choosing the bases of an ARC corpus: tasks by role, a seeded sample of them, and twins of test tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.task import TRAIN, Groups

from .arc_files import ArcPairs, ArcSet, refuse_repeated_ids
from .arc_groups import ArcGroups, groups_of
from .bases import Bases, Drop, count_reasons
from .errors import RecipeError
from .recipe import Recipe
from .sources import Source

TEST_SET = "test_set"
"""Role of the tasks that are scored; ``train_set`` is that of the others."""
_TWINS = "twins of a test task"
_VERSIONS = "other versions of a test task, by their id"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A task among all that were given.

    Attributes:
        index: its place, in the order of the sets and of their tasks.
        task: its pairs.
        set_index: the set that it came with.
        is_test: whether it is scored.
    """

    index: int
    task: ArcPairs
    set_index: int
    is_test: bool


def bases_of_sets(recipe: Recipe, sources: Sequence[Source]) -> Bases:
    """The groups of both splits, from sets of tasks.

    A task keeps its candidate whatever others are chosen or dropped, so that its variants stay the same.

    Raises:
        RecipeError: no task is left to train on.
        ArcFileError: two sets share a task id.
        ExhaustedError: there are fewer tasks than ``--n``.
    """
    sets = [source for source in sources if isinstance(source, ArcSet)]
    given = [(place, task) for place, arc_set in enumerate(sets) for task in arc_set.tasks]
    chosen = _sample(
        recipe,
        [
            _Candidate(index=i, task=task, set_index=place, is_test=sets[place].role == TEST_SET)
            for i, (place, task) in enumerate(given)
        ],
    )
    groups = {one.index: groups_of([one.task], "test" if one.is_test else "train", one.index) for one in chosen}
    twins = _find_twins(chosen, groups)
    if recipe.exclude_test_twins:
        dropped = {drop.candidate for drop in twins}
        chosen = [one for one in chosen if one.index not in dropped]
    refuse_repeated_ids([(sets[one.set_index].source, one.task.id) for one in chosen])
    if not chosen:
        raise RecipeError("no task is left to train on; give more tasks, or leave out --exclude-test-twins")
    train = [groups[one.index] for one in chosen]
    tested = [one for one in chosen if one.is_test]
    return Bases(
        train=(Groups.join([found.train for found in train]), np.concatenate([found.digests for found in train])),
        test=(
            Groups.join([train[0].test.take(slice(0, 0)), *(groups[one.index].test for one in tested)]),
            np.concatenate([np.empty((0, 32), np.uint8), *(groups[one.index].digests for one in tested)]),
        ),
        skipped=count_reasons(twins) if recipe.exclude_test_twins else {},
        drops={"train_set": tuple(twins)} if recipe.exclude_test_twins else {},
        leaks=() if recipe.exclude_test_twins else tuple(twins),
        names={
            "train": tuple(one.task.id for one in chosen),
            "test": tuple(one.task.id for one in tested),
        },
    )


def _sample(recipe: Recipe, candidates: list[_Candidate]) -> list[_Candidate]:
    """``--n`` of the tasks, drawn uniformly by the seed and nested for a larger n, in their order; all without it."""
    if recipe.n is None:
        return candidates
    count = len(candidates)
    if recipe.n > count:
        raise ExhaustedError(f"--n asks for {recipe.n} tasks, {count} were given; ask for fewer")
    keys = bijection_keys(recipe.seed, SAMPLE, 0, 0, TRAIN)
    return [candidates[i] for i in sorted(int(permute(i, count, keys)) for i in range(recipe.n))]


def _find_twins(chosen: list[_Candidate], groups: dict[int, ArcGroups]) -> list[Drop]:
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
