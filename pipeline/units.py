"""Writing the units of a corpus: what workers do once the plan is made.

A unit is a block of groups with all their variants, and a pure function of its arguments.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators import contract
from trmpipe.generators.task import Groups
from trmpipe.shards import SplitLayout, Store, UnitRecord, UnitWriter
from trmpipe.shards.progress import Progress

from .cluster import Cluster
from .recipe import Recipe
from .resume import SavedPlan
from .split_plan import SplitPlan
from .unit_records import keep_record

_NAMED_GROUPS_PER_TASK = 64
_TASKS_PER_WORKER = 8
_MAX_UNITS_PER_TASK = 64

Work = tuple[int, SplitPlan]
"""A unit: its number, and its groups."""


def write_missing(
    store: Store,
    recipe: Recipe,
    saved: SavedPlan,
    layouts: Mapping[str, SplitLayout],
    done: Sequence[UnitRecord],
    cluster: Cluster,
    progress: Progress,
) -> list[UnitRecord]:
    """Write all units that are not `done`.

    Args:
        store: the corpus.
        recipe: task, seed and format.
        saved: the groups.
        layouts: of both splits.
        done: records of the units that are there.
        cluster: writes them.
        progress: who is told how far it is.

    Returns:
        Records of the units that were written.

    Raises:
        WriteError: the file system refused.
    """
    present = {(record.split, record.unit) for record in done}
    progress.start("writing variants", sum(layout.num_puzzles for layout in layouts.values()))
    progress.advance(sum(sum(record.variants) for record in done))
    records: list[UnitRecord] = []
    for split, part in saved.plan.splits.items():
        missing = [unit for unit in range(layouts[split].num_units) if (split, unit) not in present]
        size = min(_MAX_UNITS_PER_TASK, max(1, len(missing) // (_TASKS_PER_WORKER * cluster.num_workers)))
        layout = cluster.share(layouts[split])
        arguments = (
            (store, recipe, saved.digest, layout, [_work(layouts[split], part, unit) for unit in some])
            for some in (missing[start : start + size] for start in range(0, len(missing), size))
        )
        for written in cluster.map(write_units, arguments):
            records += written
            progress.advance(sum(sum(record.variants) for record in written))
    progress.finish()
    return records


def _work(layout: SplitLayout, part: SplitPlan, unit: int) -> Work:
    return unit, part.take(slice(*layout.unit_groups(unit)))


def write_units(
    store: Store, recipe: Recipe, plan_digest: str, layout: SplitLayout, works: Sequence[Work]
) -> list[UnitRecord]:
    """Make and write some units: runs on the workers.

    Args:
        store: the corpus.
        recipe: task, seed and format.
        plan_digest: of the plan, for the records.
        layout: of the split.
        works: the units.

    Returns:
        Their records, each of which is also kept beside the shards for a later run.

    Raises:
        ContractError: the task breaks its contract; what is finished stays.
        WriteError: the file system refused.
    """
    records = []
    for unit, part in works:
        records.append(_write_unit(store, recipe, layout, unit, part))
        keep_record(store, records[-1], plan_digest)
    return records


def _write_unit(store: Store, recipe: Recipe, layout: SplitLayout, unit: int, part: SplitPlan) -> UnitRecord:
    task = recipe.make_task()
    writer = UnitWriter(
        store=store,
        codec_name=recipe.format,
        layout=layout,
        unit=unit,
        candidates=part.groups.candidates,
        canonical=part.digests,
        difficulty=part.ratings,
        names=part.names or None,
        measures=contract.measure(task, part.groups),
        blank=task.blank,
        alternatives=task.spec.alternatives,
    )
    for shard in layout.shards_of(unit):
        counts = layout.counts(shard)
        writer.write(shard, *contract.augment(task, part.groups, recipe.seed, shard.variants[0], counts))
    return writer.finish()


def names_of_variants(recipe: Recipe, part: SplitPlan, cluster: Cluster) -> Iterator[Sequence[str]]:
    """Names of all training variants, in portions by rising group and variant."""
    starts = range(0, len(part.groups), _NAMED_GROUPS_PER_TASK)
    some = (part.take(slice(start, start + _NAMED_GROUPS_PER_TASK)) for start in starts)
    arguments = ((recipe, one.groups, one.names, one.variants) for one in some)
    return cluster.map(variant_names, arguments)


def variant_names(recipe: Recipe, groups: Groups, names: Sequence[str], counts: NDArray[np.int64]) -> list[str]:
    """`Task.variant_names` by the recipe: runs on the workers.

    Args:
        recipe: task and seed.
        groups: the bases.
        names: of the groups.
        counts: int64 [G], variants of each.
    """
    return contract.variant_names(recipe.make_task(), groups, names, recipe.seed, counts)
