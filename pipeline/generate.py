"""Making a corpus: make the plan or read it, write the units that are missing, then the manifest."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import trmpipe
from trmpipe.generators.contract import check_spec
from trmpipe.generators.registry import package_that_brings
from trmpipe.shards import CODECS, PROGRESS, InputRecord, Manifest, Provenance, Store, write_manifest, write_metadata
from trmpipe.shards.ownership import Ownership, owned
from trmpipe.shards.progress import Progress, Silent

from .bases import Drop
from .cluster import Cluster, check_workers, open_cluster
from .code import library_versions
from .estimate import check_layouts, check_plan_fits, check_recipe
from .layouts import layouts_of
from .plan import Plan
from .planning import make_plan
from .recipe import Recipe
from .resume import (
    SavedPlan,
    begin,
    check_plan,
    clear,
    finished_corpus,
    is_littered,
    refuse_links,
    refuse_strangers,
    save_plan,
    saved_plan,
)
from .sources import Source, check_sources
from .suppliers import SUPPLIERS
from .unit_records import finished_units
from .units import names_of_variants, write_missing
from .warm_up import warm_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `generate` did.

    Attributes:
        store: where the corpus lies.
        manifest: of the corpus.
        written: units written by this call; 0 where all was there.
        kept: units that were there.
        remade: how much of what was there did not count and was made again, by reason.
        skipped: number of candidates passed over, by reason; empty where all was there.
        drops: candidates passed over, by the role of the source that they were in.
        leaks: training candidates that are twins of held-out ones.
        num_short: training groups that have fewer distinct variants than were asked for, and got all of them.
        was_finished: whether the corpus was there with its manifest, so that nothing was made or compared.
    """

    store: Store
    manifest: Manifest
    written: int
    kept: int
    remade: Mapping[str, int]
    skipped: Mapping[str, int]
    drops: Mapping[str, tuple[Drop, ...]]
    leaks: tuple[Drop, ...]
    num_short: int
    was_finished: bool = False


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
        sources: what ``recipe.sources`` notes, in that order.
        workers: threads that work at the same time; by default one a core.
        scheduler: address of an existing Dask scheduler.
        progress: who is told how far it is.

    Raises:
        ArgumentError: `workers` is more than this machine can run.
        RecipeError: the folder holds another corpus, or something else; or the corpus fits neither disk nor memory.
        OwnedError: another command is writing there.
        ExhaustedError: there are fewer distinct puzzles than were asked for.
        PuzzleFileError: a puzzle of a file has no solution or several.
        WriteError, ContractError: the file system refused, or the task failed; the same call completes what is there.
        ClusterError: the scheduler or its workers cannot be used.
    """
    check_workers(workers, scheduler)
    check_sources(recipe.sources, sources)
    store = Store(out)
    manifest = finished_corpus(store, recipe)
    if manifest is not None and not is_littered(store):
        return _nothing_to_do(store, manifest)
    with _owned(store) as ownership:
        # Again, as another command may have been at work here until now.
        manifest = finished_corpus(store, recipe)
        if manifest is not None:
            outcome = _nothing_to_do(store, manifest)
        else:
            check_recipe(recipe, store)
            with store.scratch(PROGRESS) as scratch:
                outcome = _make(recipe, scratch, sources, ownership, workers, scheduler, progress or Silent())
        clear(store)
    return outcome


def _owned(store: Store) -> AbstractContextManager[Ownership]:
    """Own a corpus's folder, from whose notes no link leads elsewhere: the lock is written there."""
    refuse_links(store)
    return owned(store, PROGRESS)


def _nothing_to_do(store: Store, manifest: Manifest) -> Outcome:
    kept = sum(len({shard.unit for shard in split.shards}) for split in manifest.splits.values())
    return Outcome(
        store=store,
        manifest=manifest,
        written=0,
        kept=kept,
        remade={},
        skipped={},
        drops={},
        leaks=(),
        num_short=0,
        was_finished=True,
    )


def makers(task: str) -> dict[str, str]:
    """Name and version of this program, and of the package that brings a task where one does, as a manifest has them.

    Args:
        task: its name.
    """
    return {"name": "trmpipe", "version": trmpipe.__version__} | package_that_brings(task)


def _make(
    recipe: Recipe,
    store: Store,
    sources: Sequence[Source],
    ownership: Ownership,
    workers: int | None,
    scheduler: str | None,
    progress: Progress,
) -> Outcome:
    """Make what is missing of a corpus, from the plan to the manifest."""
    with open_cluster(workers, scheduler) as cluster:
        saved, reason = saved_plan(store, recipe)
        if saved is None:
            check_spec(recipe.make_task())
            if scheduler is None:
                warm_up(recipe, generates=SUPPLIERS[recipe.supplier].generates, workers=workers)
            plan = make_plan(recipe, sources, cluster, progress)
            check_plan_fits(plan, recipe, store)
            layouts = layouts_of(plan, recipe.make_task().spec, recipe)
            check_layouts(layouts, CODECS[recipe.format])
            if reason:
                refuse_strangers(store, recipe, layouts)
            ownership.check()
            saved = save_plan(store, recipe, plan)
        begin(store)
        outcome = _carry_out(saved, recipe, store, sources, ownership, cluster, progress)
    return replace(outcome, remade={**({reason: 1} if reason else {}), **outcome.remade})


def _carry_out(
    saved: SavedPlan,
    recipe: Recipe,
    store: Store,
    sources: Sequence[Source],
    ownership: Ownership,
    cluster: Cluster,
    progress: Progress,
) -> Outcome:
    """Write what is missing, and the manifest."""
    plan, spec = saved.plan, recipe.make_task().spec
    layouts = layouts_of(plan, spec, recipe)
    write_metadata(store, recipe.format, layouts.values())
    done, remade = finished_units(store, recipe.format, saved, layouts, len(spec.measures))
    written = write_missing(store, recipe, saved, layouts, done, cluster, progress)

    def check() -> None:
        ownership.check()
        check_plan(store, saved)

    manifest = write_manifest(
        store,
        codec_name=recipe.format,
        spec=spec,
        provenance=_provenance(recipe, plan, sources),
        layouts=layouts,
        units=[*done, *written],
        variant_names=names_of_variants(recipe, plan.train, cluster) if spec.variant_identifiers else (),
        check=check,
    )
    return Outcome(
        store=store,
        manifest=manifest,
        written=len(written),
        kept=len(done),
        remade=remade,
        skipped=plan.skipped,
        drops=plan.drops,
        leaks=plan.leaks,
        num_short=int((plan.train.variants <= recipe.aug).sum()),
    )


def _provenance(recipe: Recipe, plan: Plan, sources: Sequence[Source]) -> Provenance:
    return Provenance(
        name=recipe.name,
        recipe=recipe.to_json(),
        inputs=tuple(
            InputRecord(role=source.role, name=source.name, bytes=source.size_bytes, sha256=source.sha256)
            for source in sources
        ),
        guarantees=plan.guarantees,
        generator=makers(recipe.task),
        libraries=library_versions(),
    )
