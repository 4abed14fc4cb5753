"""Making a corpus: choose the bases, write the units that are missing, then the manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

import trmpipe
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

from .bases import Bases, Drop, Part, generate_bases
from .cluster import Cluster, open_cluster
from .errors import RecipeError
from .file_bases import Lines, choose_from_file, examine
from .progress import Progress, Silent
from .puzzle_files import PuzzleFile, solve_puzzle_file
from .recipe import Recipe
from .resume import begin, clear, finished_corpus, finished_units, keep_record

_LIBRARIES = ("numpy", "numba", "pyarrow")
_GROUPS_PER_TASK = 1024
_TASKS_PER_WORKER = 8
_MAX_UNITS_PER_TASK = 64


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
        num_short: training groups that have fewer distinct variants than were asked for, and got all of them.
    """

    store: Store
    manifest: Manifest
    written: int
    kept: int
    skipped: dict[str, int]
    drops: Mapping[str, tuple[Drop, ...]]
    num_short: int


def generate(
    recipe: Recipe,
    out: str,
    *,
    source: PuzzleFile | None = None,
    test_source: PuzzleFile | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Make the corpus of `recipe` at `out`, or complete it.

    Args:
        recipe: what to make.
        out: folder or fsspec URL of the corpus itself.
        source: the file that ``recipe.input_sha256`` names.
        test_source: the file that ``recipe.test_input_sha256`` names.
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
    _check_sources(task, source, test_source)
    store = Store(out)
    manifest = finished_corpus(store, recipe)
    if manifest is not None:
        kept = sum(len({shard.unit for shard in split.shards}) for split in manifest.splits.values())
        return Outcome(store=store, manifest=manifest, written=0, kept=kept, skipped={}, drops={}, num_short=0)
    listener = progress or Silent()
    with open_cluster(workers, scheduler) as cluster:
        bases = _choose_bases(task, recipe, source, test_source, cluster, listener)
        layouts = {
            "train": _layout("train", task, recipe, _count_variants(recipe, bases.train[0], cluster)),
            # The held-out split shows bases alone.
            "test": _layout("test", task, recipe, np.ones(len(bases.test[0]), np.int64)),
        }
        begin(store, recipe)
        write_metadata(store, recipe.format, layouts.values())
        done = finished_units(store, layouts)
        written = _write_missing(store, recipe, bases, layouts, done, cluster, listener)
    manifest = write_manifest(
        store,
        codec_name=recipe.format,
        spec=task.spec,
        provenance=_provenance(recipe, task, bases, source, test_source),
        layouts=layouts,
        units=[*done, *written],
    )
    clear(store)
    return Outcome(
        store=store,
        manifest=manifest,
        written=len(written),
        kept=len(done),
        skipped=bases.skipped,
        drops=bases.drops,
        num_short=int((layouts["train"].variants <= recipe.aug).sum()),
    )


def _check_sources(task: Task, source: PuzzleFile | None, test_source: PuzzleFile | None) -> None:
    if source is None and test_source is not None:
        raise RecipeError("--test-input needs --input: generated puzzles come with generated held-out ones")
    if source is not None and not isinstance(task, SudokuTask):
        raise RecipeError(f"--input takes files of Sudokus, not of {task.spec.name}")


def _choose_bases(
    task: Task,
    recipe: Recipe,
    source: PuzzleFile | None,
    test_source: PuzzleFile | None,
    cluster: Cluster,
    progress: Progress,
) -> Bases:
    if source is None:
        return generate_bases(task, recipe, cluster, progress)
    assert isinstance(task, SudokuTask)

    def read(file: PuzzleFile) -> Lines:
        solved = solve_puzzle_file(file, task, cluster, progress, drop_improper=recipe.drop_improper)
        return examine(recipe, solved, cluster, progress)

    return choose_from_file(recipe, read(source), None if test_source is None else read(test_source))


def _count_variants(recipe: Recipe, groups: Groups, cluster: Cluster) -> NDArray[np.int64]:
    """How many variants each training group gets: up to ``--aug`` beside its base, or all that it has."""
    parts = (groups.take(slice(start, start + _GROUPS_PER_TASK)) for start in range(0, len(groups), _GROUPS_PER_TASK))
    found = cluster.map(num_variants, ((recipe.task, part) for part in parts))
    variants: NDArray[np.int64] = np.minimum(np.concatenate(list(found)), recipe.aug + 1)
    return variants


def num_variants(task_name: str, groups: Groups) -> NDArray[np.int64]:
    """`Task.num_variants` by the task's name: the function that runs on the workers."""
    return get_task(task_name).num_variants(groups)


def _layout(split: str, task: Task, recipe: Recipe, variants: NDArray[np.int64]) -> SplitLayout:
    return default_layout(
        split,
        task.spec.seq_len,
        variants,
        group_block=recipe.shard_groups,
        variant_block=recipe.shard_variants,
    )


Work = tuple[int, Groups, NDArray[np.uint8]]
"""A unit: its number, its groups, their class digests."""


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
            (store, recipe, layout, [_work(layouts[split], part, unit) for unit in units])
            for units in (missing[start : start + size] for start in range(0, len(missing), size))
        )
        for written in cluster.map(write_units, arguments):
            records += written
            progress.advance(sum(sum(record.variants) for record in written))
    progress.finish()
    return records


def _work(layout: SplitLayout, part: Part, unit: int) -> Work:
    index = slice(*layout.unit_groups(unit))
    return unit, part[0].take(index), part[1][index]


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
    store: Store, recipe: Recipe, layout: SplitLayout, unit: int, groups: Groups, canonical: NDArray[np.uint8]
) -> UnitRecord:
    task = recipe.make_task()
    writer = UnitWriter(
        store=store,
        codec_name=recipe.format,
        layout=layout,
        unit=unit,
        candidates=groups.candidates,
        canonical=canonical,
        difficulty=task.rate(groups),
    )
    for shard in layout.shards_of(unit):
        writer.write(shard, *_variants(task, groups, recipe.seed, shard.variants, layout.counts(shard)))
    record = writer.finish()
    keep_record(store, record)
    return record


def _variants(
    task: Task, groups: Groups, seed: int, variants: tuple[int, int], counts: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Inputs and labels [g, K, S] of a shard; groups that have fewer variants leave their rest unset."""
    start, stop = variants
    if (counts == stop - start).all():
        return task.augment(groups, seed, start, stop)
    shape = (len(groups), stop - start, task.spec.seq_len)
    inputs, labels = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for count in np.unique(counts[counts > 0]):
        index = np.flatnonzero(counts == count)
        inputs[index, :count], labels[index, :count] = task.augment(groups.take(index), seed, start, start + int(count))
    return inputs, labels


def _provenance(
    recipe: Recipe, task: Task, bases: Bases, source: PuzzleFile | None, test_source: PuzzleFile | None
) -> Provenance:
    files = {"input": source, "test_input": test_source}
    return Provenance(
        name=recipe.name,
        recipe=recipe.to_json(),
        inputs=tuple(
            {"role": role, "name": file.name, "bytes": file.size_bytes, "sha256": file.sha256}
            for role, file in files.items()
            if file is not None
        ),
        guarantees={"distinct_up_to": task.spec.twins, "skipped": bases.skipped},
        generator={"name": "trmpipe", "version": trmpipe.__version__},
        libraries={name: version(name) for name in _LIBRARIES},
    )
