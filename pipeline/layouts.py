"""How the splits of a plan are cut into shards, and which identifiers their variants have.

Shapes: G groups.
"""

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Groups, TaskSpec
from trmpipe.shards import SplitLayout, default_layout

from .plan import Plan
from .recipe import Recipe
from .split_plan import SplitPlan


def training_groups(train: Groups, test: Groups) -> NDArray[np.int64]:
    """int64 [G]: which training group each held-out one is, by its candidate."""
    order = np.argsort(train.candidates)
    places = np.minimum(np.searchsorted(train.candidates, test.candidates, sorter=order), len(order) - 1)
    found: NDArray[np.int64] = order[places]
    assert (train.candidates[found] == test.candidates).all(), "a held-out group is no training group"
    return found


def layouts_of(plan: Plan, spec: TaskSpec, recipe: Recipe) -> dict[str, SplitLayout]:
    """The layouts of both splits."""
    train, test = _first_identifiers(plan, spec)
    return {
        "train": _layout("train", plan.train, train, spec, recipe),
        "test": _layout("test", plan.test, test, spec, recipe),
    }


def _first_identifiers(plan: Plan, spec: TaskSpec) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """The identifiers of the bases of both splits: of the training variants in order, of held-out ones by their group.

    A held-out group that no model has trained on has none, nor has any where variants have no identifiers.
    """
    if not spec.variant_identifiers:
        return None, None
    first = 1 + np.cumsum(plan.train.variants) - plan.train.variants
    if not spec.test_groups_train:
        return first, None
    return first, first[training_groups(plan.train.groups, plan.test.groups)]


def _layout(
    split: str, part: SplitPlan, first_identifiers: NDArray[np.int64] | None, spec: TaskSpec, recipe: Recipe
) -> SplitLayout:
    return default_layout(
        split,
        spec.seq_len,
        part.variants,
        examples=part.groups.sizes,
        first_identifiers=first_identifiers,
        compressed=spec.compressed,
        group_block=recipe.shard_groups,
        variant_block=recipe.shard_variants,
    )
