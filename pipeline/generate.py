"""Making a corpus: choose the bases, write the units that are missing, then the manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

import trmpipe
from trmpipe.generators.arc import ArcTask
from trmpipe.generators.registry import get_task
from trmpipe.generators.sudoku import SudokuTask
from trmpipe.generators.task import Groups, Task
from trmpipe.shards import (
    Manifest,
    Provenance,
    SplitLayout,
    Store,
    UnitRecord,
    UnitWriter,
    default_layout,
    write_manifest,
    write_metadata,
)

from .arc_bases import bases_of_sets
from .bases import Bases, Drop, Part, generate_bases
from .cluster import Cluster, open_cluster
from .errors import RecipeError
from .file_bases import bases_of_files
from .progress import Progress, Silent
from .recipe import Recipe
from .resume import begin, clear, finished_corpus, finished_units, keep_record
from .sources import Source, check_sources

_LIBRARIES = ("numpy", "numba", "pyarrow")
_GROUPS_PER_TASK = 1024
_NAMED_GROUPS_PER_TASK = 64
_TASKS_PER_WORKER = 8
_MAX_UNITS_PER_TASK = 64
_AS_GIVEN = "nothing"
"""What a corpus guarantees of tasks that people made: they are taken as they are given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `generate` did.

    Attributes:
        store: where the corpus lies.
        manifest: of the corpus.
        written: units written by this call; 0 where all was there.
        kept: units that were there.
        skipped: number of candidates passed over, by reason; empty where all was there.
        drops: lines of the input files passed over, by the file's role.
        leaks: training candidates that are twins of held-out ones.
        num_short: training groups that have fewer distinct variants than were asked for, and got all of them.
    """

    store: Store
    manifest: Manifest
    written: int
    kept: int
    skipped: dict[str, int]
    drops: Mapping[str, tuple[Drop, ...]]
    leaks: tuple[Drop, ...]
    num_short: int


def generate(
    recipe: Recipe,
    out: str,
    *,
    sources: Sequence[Source] = (),
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Make the corpus of `recipe` at `out`, or complete it.

    Args:
        recipe: what to make.
        out: folder or fsspec URL of the corpus itself.
        sources: the files that ``recipe.sources`` names, in that order.
        workers: threads that work at the same time; by default one a core.
        scheduler: address of an existing Dask scheduler.
        progress: who is told how far it is.

    Raises:
        RecipeError: the folder holds another corpus, or something else.
        ExhaustedError: there are fewer distinct puzzles than were asked for.
        PuzzleFileError: a puzzle of a file has no solution or several.
        WriteError: the file system refused; what is written so far stays, and the same call completes it.
        ClusterError: the scheduler or its workers cannot be used.
    """
    task = recipe.make_task()
    check_sources(recipe, sources)
    store = Store(out)
    manifest = finished_corpus(store, recipe)
    if manifest is not None:
        kept = sum(len({shard.unit for shard in split.shards}) for split in manifest.splits.values())
        return Outcome(
            store=store, manifest=manifest, written=0, kept=kept, skipped={}, drops={}, leaks=(), num_short=0
        )
    listener = progress or Silent()
    with open_cluster(workers, scheduler) as cluster:
        bases = _choose_bases(task, recipe, sources, cluster, listener)
        layouts = _layouts(task, recipe, bases, _count_variants(recipe, bases.train[0], cluster))
        begin(store, recipe)
        write_metadata(store, recipe.format, layouts.values())
        done = finished_units(store, layouts)
        written = _write_missing(store, recipe, bases, layouts, done, cluster, listener)
        manifest = write_manifest(
            store,
            codec_name=recipe.format,
            spec=task.spec,
            provenance=_provenance(recipe, task, bases, sources),
            layouts=layouts,
            units=[*done, *written],
            variant_names=_variant_names(recipe, bases, layouts["train"], cluster)
            if task.spec.variant_identifiers
            else (),
        )
    clear(store)
    return Outcome(
        store=store,
        manifest=manifest,
        written=len(written),
        kept=len(done),
        skipped=bases.skipped,
        drops=bases.drops,
        leaks=bases.leaks,
        num_short=int((layouts["train"].variants <= recipe.aug).sum()),
    )


def _choose_bases(
    task: Task,
    recipe: Recipe,
    sources: Sequence[Source],
    cluster: Cluster,
    progress: Progress,
) -> Bases:
    if not sources:
        return generate_bases(task, recipe, cluster, progress)
    if isinstance(task, SudokuTask):
        return bases_of_files(task, recipe, sources, cluster, progress)
    if isinstance(task, ArcTask):
        return bases_of_sets(recipe, sources)
    raise RecipeError(f"{task.spec.name} is generated and takes no input; leave the input out")


def _count_variants(recipe: Recipe, groups: Groups, cluster: Cluster) -> NDArray[np.int64]:
    """How many variants each training group gets: up to ``--aug`` beside its base, or all that it has."""
    parts = (groups.take(slice(start, start + _GROUPS_PER_TASK)) for start in range(0, len(groups), _GROUPS_PER_TASK))
    found = cluster.map(num_variants, ((recipe.task, part) for part in parts))
    variants: NDArray[np.int64] = np.minimum(np.concatenate(list(found)), recipe.aug + 1)
    return variants


def num_variants(task_name: str, groups: Groups) -> NDArray[np.int64]:
    """`Task.num_variants` by the task's name: the function that runs on the workers."""
    return get_task(task_name).num_variants(groups)


def _layouts(task: Task, recipe: Recipe, bases: Bases, variants: NDArray[np.int64]) -> dict[str, SplitLayout]:
    """Layouts of both splits; `variants` [G] are those of the training groups."""
    train, test = bases.train[0], bases.test[0]
    if not task.spec.variant_identifiers:
        # The held-out split shows bases alone.
        of_test = _layout("test", task, recipe, test, np.ones(len(test), np.int64))
        return {"train": _layout("train", task, recipe, train, variants), "test": of_test}
    # A held-out group shows the variants of the training group of its task, under their identifiers.
    first = 1 + np.cumsum(variants) - variants
    order = np.argsort(train.candidates)
    twins = order[np.searchsorted(train.candidates, test.candidates, sorter=order)]
    return {
        "train": _layout("train", task, recipe, train, variants, first),
        "test": _layout("test", task, recipe, test, variants[twins], first[twins]),
    }


def _layout(
    split: str,
    task: Task,
    recipe: Recipe,
    groups: Groups,
    variants: NDArray[np.int64],
    first_identifiers: NDArray[np.int64] | None = None,
) -> SplitLayout:
    return default_layout(
        split,
        task.spec.seq_len,
        variants,
        examples=groups.sizes,
        first_identifiers=first_identifiers,
        compressed=task.spec.compressed,
        group_block=recipe.shard_groups,
        variant_block=recipe.shard_variants,
    )


def _variant_names(recipe: Recipe, bases: Bases, layout: SplitLayout, cluster: Cluster) -> Iterator[Sequence[str]]:
    """Names of all training variants, in portions by rising group and variant."""
    groups, names = bases.train[0], bases.names["train"]
    steps = [slice(start, start + _NAMED_GROUPS_PER_TASK) for start in range(0, len(groups), _NAMED_GROUPS_PER_TASK)]
    return cluster.map(
        variant_names, ((recipe, groups.take(step), names[step], layout.variants[step]) for step in steps)
    )


def variant_names(recipe: Recipe, groups: Groups, names: Sequence[str], counts: NDArray[np.int64]) -> list[str]:
    """`Task.variant_names` by the recipe: the function that runs on the workers."""
    task = recipe.make_task()
    return task.variant_names(groups, names, recipe.seed, counts)


Work = tuple[int, Groups, NDArray[np.uint8], Sequence[str] | None]
"""A unit: its number, its groups, their class digests, and their names where they have any."""


def _write_missing(
    store: Store,
    recipe: Recipe,
    bases: Bases,
    layouts: dict[str, SplitLayout],
    done: list[UnitRecord],
    cluster: Cluster,
    progress: Progress,
) -> list[UnitRecord]:
    """Write all units that are not `done`."""
    present = {(record.split, record.unit) for record in done}
    total = sum(layout.num_puzzles for layout in layouts.values())
    progress.start("writing variants", total)
    progress.advance(sum(sum(record.variants) for record in done))
    records: list[UnitRecord] = []
    for split, part in (("train", bases.train), ("test", bases.test)):
        missing = [unit for unit in range(layouts[split].num_units) if (split, unit) not in present]
        size = min(_MAX_UNITS_PER_TASK, max(1, len(missing) // (_TASKS_PER_WORKER * cluster.num_workers)))
        layout = cluster.share(layouts[split])
        arguments = (
            (store, recipe, layout, [_work(layouts[split], part, bases.names.get(split), unit) for unit in units])
            for units in (missing[start : start + size] for start in range(0, len(missing), size))
        )
        for written in cluster.map(write_units, arguments):
            records += written
            progress.advance(sum(sum(record.variants) for record in written))
    progress.finish()
    return records


def _work(layout: SplitLayout, part: Part, names: Sequence[str] | None, unit: int) -> Work:
    index = slice(*layout.unit_groups(unit))
    return unit, part[0].take(index), part[1][index], names[index] if names else None


def write_units(store: Store, recipe: Recipe, layout: SplitLayout, works: list[Work]) -> list[UnitRecord]:
    """Make and write some units: the function that runs on the workers.

    Args:
        store: the corpus.
        recipe: task, seed and format.
        layout: of the split.
        works: the units.

    Returns:
        Their records, each of which is also kept beside the shards for a later run.
    """
    return [_write_unit(store, recipe, layout, *work) for work in works]


def _write_unit(
    store: Store,
    recipe: Recipe,
    layout: SplitLayout,
    unit: int,
    groups: Groups,
    canonical: NDArray[np.uint8],
    names: Sequence[str] | None,
) -> UnitRecord:
    task = recipe.make_task()
    writer = UnitWriter(
        store=store,
        codec_name=recipe.format,
        layout=layout,
        unit=unit,
        candidates=groups.candidates,
        canonical=canonical,
        difficulty=task.rate(task.examine(groups)).ratings,
        names=names,
    )
    for shard in layout.shards_of(unit):
        writer.write(shard, *task.augment(groups, recipe.seed, shard.variants[0], layout.counts(shard)))
    record = writer.finish()
    keep_record(store, record)
    return record


def _provenance(recipe: Recipe, task: Task, bases: Bases, sources: Sequence[Source]) -> Provenance:
    return Provenance(
        name=recipe.name,
        recipe=recipe.to_json(),
        inputs=tuple(
            {"role": source.role, "name": source.name, "bytes": source.size_bytes, "sha256": source.sha256}
            for source in sources
        ),
        guarantees={
            "distinct_up_to": _AS_GIVEN if task.spec.named_groups else task.spec.classes,
            "skipped": bases.skipped,
            "train_twins_of_test": len(bases.leaks),
        },
        generator={"name": "trmpipe", "version": trmpipe.__version__},
        libraries={name: version(name) for name in _LIBRARIES},
    )
