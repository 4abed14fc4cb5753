"""Making a corpus: make the plan or read it, write the units that are missing, then the manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import trmpipe
from trmpipe.shards import InputRecord, Manifest, Provenance, Store, write_manifest, write_metadata
from trmpipe.shards.progress import Progress, Silent

from .bases import Drop
from .cluster import Cluster, check_workers, open_cluster
from .layouts import layouts_of
from .plan import Plan
from .planning import make_plan
from .recipe import Recipe
from .resume import begin, clear, finished_corpus, finished_units, save_plan, saved_plan
from .sources import Source, check_sources
from .units import names_of_variants, write_missing

_LIBRARIES = ("numpy", "numba", "pyarrow", "deflate")
"""Those that file digests depend on: of the values, of Parquet and zstd, of gzip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What `generate` did.

    Attributes:
        store: where the corpus lies.
        manifest: of the corpus.
        written: units written by this call; 0 where all was there.
        kept: units that were there.
        skipped: number of candidates passed over, by reason; empty where all was there.
        drops: candidates passed over, by the role of the source that they were in.
        leaks: training candidates that are twins of held-out ones.
        num_short: training groups that have fewer distinct variants than were asked for, and got all of them.
    """

    store: Store
    manifest: Manifest
    written: int
    kept: int
    skipped: Mapping[str, int]
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
        sources: what ``recipe.sources`` notes, in that order.
        workers: threads that work at the same time; by default one a core.
        scheduler: address of an existing Dask scheduler.
        progress: who is told how far it is.

    Raises:
        ArgumentError: `workers` is more than this machine can run.
        RecipeError: the folder holds another corpus, or something else.
        ExhaustedError: there are fewer distinct puzzles than were asked for.
        PuzzleFileError: a puzzle of a file has no solution or several.
        WriteError: the file system refused; what is written so far stays, and the same call completes it.
        ClusterError: the scheduler or its workers cannot be used.
    """
    check_workers(workers, scheduler)
    check_sources(recipe.sources, sources)
    store = Store(out)
    manifest = finished_corpus(store, recipe)
    if manifest is not None:
        return _nothing_to_do(store, manifest)
    listener = progress or Silent()
    with open_cluster(workers, scheduler) as cluster:
        plan = saved_plan(store, recipe)
        if plan is None:
            plan = make_plan(recipe, sources, cluster, listener)
            save_plan(store, recipe, plan)
        begin(store)
        outcome = _carry_out(plan, recipe, store, sources, cluster, listener)
    clear(store)
    return outcome


def _nothing_to_do(store: Store, manifest: Manifest) -> Outcome:
    kept = sum(len({shard.unit for shard in split.shards}) for split in manifest.splits.values())
    return Outcome(store=store, manifest=manifest, written=0, kept=kept, skipped={}, drops={}, leaks=(), num_short=0)


def _carry_out(
    plan: Plan,
    recipe: Recipe,
    store: Store,
    sources: Sequence[Source],
    cluster: Cluster,
    progress: Progress,
) -> Outcome:
    """Write what is missing, and the manifest."""
    spec = recipe.make_task().spec
    layouts = layouts_of(plan, spec, recipe)
    write_metadata(store, recipe.format, layouts.values())
    done = finished_units(store, layouts)
    written = write_missing(store, recipe, plan, layouts, done, cluster, progress)
    # A worker that was killed leaves half a file, although another one has done its unit again.
    store.remove_temporaries()
    manifest = write_manifest(
        store,
        codec_name=recipe.format,
        spec=spec,
        provenance=_provenance(recipe, plan, sources),
        layouts=layouts,
        units=[*done, *written],
        variant_names=names_of_variants(recipe, plan.train, cluster) if spec.variant_identifiers else (),
    )
    return Outcome(
        store=store,
        manifest=manifest,
        written=len(written),
        kept=len(done),
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
        generator={"name": "trmpipe", "version": trmpipe.__version__},
        libraries={name: version(name) for name in _LIBRARIES},
    )
