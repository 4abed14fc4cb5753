"""Making the plan: the supplier's choice, what each base is rated, and how many variants each group gets.

Shapes: G groups.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators import contract
from trmpipe.generators.task import Examined, Groups, TaskSpec
from trmpipe.shards.progress import Progress

from .bases import Bases
from .cluster import Cluster
from .layouts import training_groups
from .plan import Plan
from .recipe import Recipe
from .sources import Source
from .split_plan import SplitPlan
from .suppliers import SUPPLIERS

_GROUPS_PER_TASK = 128
_NOTHING = "nothing"
"""What a corpus guarantees of groups that are taken as they were given."""

Measures = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Ratings, float64 [G], and numbers of distinct variants, int64 [G]."""


def make_plan(recipe: Recipe, sources: Sequence[Source], cluster: Cluster, progress: Progress) -> Plan:
    """Choose the bases of both splits and measure them.

    Args:
        recipe: what is asked for.
        sources: those that it notes.
        cluster: runs functions on workers.
        progress: who is told how far it is.

    Raises:
        TrmpipeError: of the supplier.
    """
    supplier, spec = SUPPLIERS[recipe.supplier], recipe.make_task().spec
    bases = supplier.choose(recipe, sources, cluster, progress)
    train = _with_alternatives(recipe, spec, bases.train.groups, cluster)
    progress.start("measuring puzzles", len(bases.train) + len(bases.test))
    train_ratings, train_counts = _measure(recipe, bases.train, cluster, progress)
    test_ratings, test_counts = _measure(recipe, bases.test, cluster, progress)
    progress.finish()
    train_variants = np.minimum(train_counts, recipe.aug + 1)
    if not spec.test_variants:
        test_variants = np.ones_like(test_counts)
    elif spec.test_groups_train:
        test_variants = train_variants[training_groups(bases.train.groups, bases.test.groups)]
    else:
        test_variants = np.minimum(test_counts, recipe.aug + 1)
    return Plan(
        train=_split_plan("train", bases, train, spec, train_ratings, train_variants),
        test=_split_plan("test", bases, bases.test.groups, spec, test_ratings, test_variants),
        distinct_up_to=spec.classes if supplier.distinct else _NOTHING,
        skipped=bases.skipped,
        drops=bases.drops,
        leaks=bases.leaks,
    )


def _with_alternatives(recipe: Recipe, spec: TaskSpec, groups: Groups, cluster: Cluster) -> Groups:
    """Training groups with all the answers that are stored of each; held-out ones have one answer."""
    if not spec.alternatives or not len(groups):
        return groups
    starts = range(0, len(groups), _GROUPS_PER_TASK)
    parts = ((recipe, groups.take(slice(start, start + _GROUPS_PER_TASK))) for start in starts)
    return Groups.join(list(cluster.map(with_alternatives, parts)))


def with_alternatives(recipe: Recipe, groups: Groups) -> Groups:
    """`Task.with_alternatives` by the recipe: runs on the workers."""
    return contract.with_alternatives(recipe.make_task(), groups, recipe.seed)


def _split_plan(
    split: str,
    bases: Bases,
    groups: Groups,
    spec: TaskSpec,
    ratings: NDArray[np.float64],
    variants: NDArray[np.int64],
) -> SplitPlan:
    """The groups of a split.

    Args:
        split: its name.
        bases: what the supplier chose; its own ratings, where it gives some, stand for the measured ones.
        groups: of the split, with all examples.
        spec: of the task.
        ratings: float64 [G], as they were measured.
        variants: int64 [G], how many each group gets.
    """
    chosen: Examined = getattr(bases, split)
    return SplitPlan(
        groups=groups,
        digests=chosen.digests,
        ratings=bases.ratings.get(split, ratings),
        variants=variants,
        names=_names(split, bases, spec),
    )


def _names(split: str, bases: Bases, spec: TaskSpec) -> tuple[str, ...]:
    """Names of the groups, where the task has them; those to which the supplier gives none are called by number."""
    if not spec.named_groups:
        return ()
    numbers = getattr(bases, split).groups.candidates.tolist()
    return bases.names.get(split) or tuple(map(str, numbers))


def _measure(recipe: Recipe, examined: Examined, cluster: Cluster, progress: Progress) -> Measures:
    ratings, counts = [np.empty(0)], [np.empty(0, np.int64)]
    starts = range(0, len(examined), _GROUPS_PER_TASK)
    parts = ((recipe, examined.take(slice(start, start + _GROUPS_PER_TASK))) for start in starts)
    for some_ratings, some_counts in cluster.map(measure, parts):
        ratings.append(some_ratings)
        counts.append(some_counts)
        progress.advance(len(some_counts))
    return np.concatenate(ratings), np.concatenate(counts)


def measure(recipe: Recipe, examined: Examined) -> Measures:
    """Ratings of groups, and how many distinct variants they have: runs on the workers."""
    task = recipe.make_task()
    return contract.rate(task, examined).ratings, contract.num_variants(task, examined.groups)
