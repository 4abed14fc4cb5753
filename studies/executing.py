"""Executing a study: corpora, costs, tries, runs, results; each part is done once, and found where it was done.

Whatever moment a study is killed at, the same command goes on with it and comes to the same results: a job's outcome is
a file of its own that is whole or absent, which job there is follows from study.json, and nothing else is remembered.
"""

import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from trmpipe.pipeline.mapping import map_on_cluster, threads_of_cluster
from trmpipe.shards import Corpus, Store
from trmpipe.shards.json_files import convert
from trmpipe.shards.ownership import owned
from trmpipe.shards.places import STUDY, refuse_strangers
from trmpipe.shards.urls import is_local
from trmpipe.shards.words import counted
from trmpipe.trainer.device import GPUS, num_devices, visible_gpus
from trmpipe.trainer.training.costs import Costs

from .checking import check_corpus, check_plan, check_settings_of
from .collecting import results_of
from .corpora import made, tell_of_urls, with_corpora
from .errors import OtherJobError, StudyError, StudyInterrupted
from .fitting import fit, in_words
from .jobs import RUN, Job, outcome_of
from .lengths import cost_key, reference_of
from .listener import StudyListener, Unheard
from .making import Maker, choices_of
from .plan import FLOPS, Plan
from .processes import Worker, do_apart, do_side_by_side
from .record import RECORD, Measured, Place, Record, begin_record, new_record, read_record, write_record
from .results import RESULTS, TUNING, StudyResults, write_rows
from .setups import setups_of, slug, tries_of
from .table import TABLE, write_table

_LOG = "processes.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a study is executed; nothing of it changes what comes out.

    Attributes:
        jobs: runs side by side; None for one a core, or one a GPU.
        scheduler: address of a Dask scheduler whose workers do the runs; None for processes of this machine.
        retry: whether what failed is tried again.
    """

    jobs: int | None = None
    scheduler: str | None = None
    retry: bool = False


def run_study(
    plan: Plan,
    out: str | Path | None = None,
    *,
    corpora: Sequence[str] = (),
    seeds: int | None = None,
    budget_seconds: float | None = None,
    device: str = "auto",
    how: How | None = None,
    listener: StudyListener | None = None,
) -> StudyResults:
    """Execute a study, or go on with it.

    Args:
        plan: of `reading.find_plan`.
        out: folder of everything; by default ``study-`` and the plan's name.
        corpora: paths that take the place of the plan's data, in their order.
        seeds: instead of the plan's.
        budget_seconds: that all of it is to fit; None for as long as it takes.
        device: as of `trmpipe train`.
        how: how it is executed.
        listener: the front end.

    Returns:
        The results, which also stand in the folder.

    Raises:
        PlanError: the plan cannot be executed.
        StudyError: the folder holds another study, or it does not fit the time.
        TrmpipeError: anything else that the user can mend, in one line.
        KeyboardInterrupt: the user asked to stop; the same call goes on.
    """
    started, how, told = time.monotonic(), how or How(), listener or Unheard()
    folder = _folder_of(plan, out)
    plan = with_corpora(plan if seeds is None else replace(plan, seeds=seeds), corpora)
    check_plan(plan)
    tell_of_urls(plan, corpora, told)
    opened = {one.name: Corpus.open(one.path) for one in plan.data if one.path}
    for one in plan.data:
        if one.name in opened:
            check_corpus(plan, one, opened[one.name])
    check_settings_of(plan, opened, device)
    with owned(Store(folder.absolute())):
        wanted = _Study(plan, folder, budget_seconds, device, how, told)
        return wanted.execute(started)


def _folder_of(plan: Plan, out: str | Path | None) -> Path:
    """The folder of a study, which may hold what one that was broken off has made before its record."""
    folder = Path(out or f"study-{plan.name}")
    refuse_strangers(folder, STUDY, (RECORD, "corpora", "runs"))
    return folder


class _Study:
    """A study in its folder, which is owned meanwhile.

    Args:
        plan: resolved.
        folder: of everything.
        budget_seconds: that all of it is to fit.
        device: to train on.
        how: how it is executed.
        told: the front end.
    """

    def __init__(
        self, plan: Plan, folder: Path, budget_seconds: float | None, device: str, how: How, told: StudyListener
    ) -> None:
        self._plan, self._folder, self._budget = plan, folder, budget_seconds
        self._device, self._how, self._told = device, how, told

    @cached_property
    def _jobs(self) -> int:
        """Runs side by side; a cluster is asked when that has to be known, and by no study that is done."""
        how = self._how
        return how.jobs or (threads_of_cluster(how.scheduler) if how.scheduler else num_devices(self._device))

    def execute(self, started: float) -> StudyResults:
        """All of it; see `run_study`."""
        self._refuse_other_plan()
        record = begin_record(self._folder, new_record(self._plan, self._corpora(), self._budget, self._device))
        if record.measured is None:
            record = self._measure(record, started)
        elif self._how.retry and record.measured.failed:
            record = self._measure_again(record, record.measured)
        self._tell(record)
        maker = Maker(folder=self._folder, record=record)
        tries = [job for one in maker.try_jobs().values() for _, _, job in one]
        self._do("tuning", tries)
        choices = choices_of(maker)
        runs = [one.job for one in maker.planned(choices) if one.job is not None]
        # Whoever waits sees what there is.
        self._do("runs", runs, after=lambda: write_table(self._folder / TABLE, results_of(maker, choices)))
        found = results_of(maker, choices)
        write_rows(self._folder / TUNING, found.tries)
        write_rows(self._folder / RESULTS, found.runs)
        write_table(self._folder / TABLE, found)
        return found

    def _refuse_other_plan(self) -> None:
        """Before corpora are made for nothing; what corpora hold is compared when they are there."""
        if (self._folder / "study.json").exists():
            there = read_record(self._folder)
            begin_record(self._folder, new_record(self._plan, there.corpora, self._budget, self._device))

    def _corpora(self) -> dict[str, Place]:
        """The corpora, made where they are not there yet."""
        found = {}
        for one in self._plan.data:
            if one.path:
                corpus, path = Corpus.open(one.path), one.path
            else:
                path = f"corpora/{slug(one.name)}"
                recipe = {**one.recipe}
                task = recipe.pop("task")
                corpus = made(one, task, str(self._folder / path), recipe, self._told)
            check_corpus(self._plan, one, corpus)
            found[one.name] = Place(path=path, content=corpus.manifest.content_digest)
        return found

    def _measure(self, record: Record, started: float) -> Record:
        """Measure what setups cost, fit the study to its time, and write that down."""
        costs, failed = self._costs(record)
        left = None if self._budget is None else self._budget - (time.monotonic() - started)
        fitted = fit(record.plan, costs, self._jobs, left)
        measured = Measured(costs=costs, failed=failed, fitted=fitted, jobs=self._jobs)
        record = replace(record, measured=measured)
        write_record(self._folder, record)
        return record

    def _measure_again(self, record: Record, measured: Measured) -> Record:
        """Measure once more what could not be measured; what is known stays, and so does what was fitted."""
        costs, failed = self._costs(record)
        record = replace(record, measured=replace(measured, costs={**costs, **measured.costs}, failed=failed))
        write_record(self._folder, record)
        return record

    def _costs(self, record: Record) -> tuple[dict[str, Costs], dict[str, str]]:
        """Costs of setups, and why those of others could not be measured."""
        jobs = Maker(folder=self._folder, record=record).cost_jobs()
        self._do("measuring", list(jobs.values()))
        outcomes = {key: outcome_of(job) for key, job in jobs.items()}
        costs = {
            key: convert(one.found, Costs, str(jobs[key].place), "delete it, and run the study again")
            for key, one in outcomes.items()
            if one is not None and not one.failed
        }
        failed = {key: one.reason for key, one in outcomes.items() if one is not None and one.failed}
        return _without_reference(record.plan, costs, failed)

    def _tell(self, record: Record) -> None:
        """What is going to be done, and what was given up."""
        known = record.known
        setups = Maker(folder=self._folder, record=record).setups()
        jobs = known.jobs if self._how.scheduler and not self._how.jobs else self._jobs
        self._told.note(
            f"{counted(len(setups), 'setup')}, {counted(known.fitted.seeds, 'seed')} each, {jobs} side by side: "
            f"about {in_words(known.fitted.seconds * known.jobs / jobs)} if all is still to be done"
        )
        for cut in known.fitted.cuts:
            self._told.note(f"cut to fit {in_words(record.budget_seconds or 0)}: {cut}")
        for reason in dict.fromkeys(known.failed.values()):
            self._told.note(f"cannot be trained: {reason}")

    def _do(self, stage: str, jobs: Sequence[Job], after: Callable[[], None] = lambda: None) -> None:
        """Have done what is not done yet; `after` is called after each.

        Raises:
            StudyError: an outcome cannot be kept.
        """
        missing = [job for job in jobs if not self._is_done(job)]
        if not missing:
            return
        # What an earlier end put together is no longer what there is.
        for file in (RESULTS, TUNING):
            (self._folder / file).unlink(missing_ok=True)
        self._told.start(stage, len(missing))
        done = 0
        try:
            with closing(self._doing(missing)) as doing:
                for job in doing:
                    done += 1
                    outcome = outcome_of(job)
                    if outcome is not None and outcome.failed:
                        name = Path(job.folder).relative_to(self._folder)
                        self._told.note(f"failed: {name}: {outcome.reason}")
                    after()
                    self._told.advance(1)
        except KeyboardInterrupt:
            raise StudyInterrupted(
                f"interrupted; {done} of {len(missing)} in this stage ({stage}) are done and kept, as are all before; "
                "run the same command again to go on"
            ) from None
        self._told.finish()
        stopped = sum(outcome_of(job) is None for job in missing)
        if stopped:
            raise StudyError(
                f"{stopped} of {len(missing)} in this stage ({stage}) were stopped by another process and saved; run "
                "the same command again to go on"
            )

    def _is_done(self, job: Job) -> bool:
        try:
            outcome = outcome_of(job)
        except OtherJobError:
            # Tries that were done again may have chosen otherwise: then the run is another one.
            if not (self._how.retry and job.kind == RUN and self._plan.tuning.rates):
                raise
            self._told.note(f"done again, as tuning chose otherwise: {Path(job.folder).relative_to(self._folder)}")
            shutil.rmtree(job.folder)
            return False
        if outcome is not None and outcome.failed and self._how.retry:
            job.place.unlink()
            return False
        return outcome is not None

    def _doing(self, jobs: Sequence[Job]) -> Generator[Job, None, None]:
        log = (self._folder / _LOG).absolute()
        if self._how.scheduler is not None:
            items = [(_absolute(job).to_json(), str(log)) for job in jobs]
            answers = map_on_cluster(do_apart, items, self._how.scheduler)
            return (job for job, _ in zip(jobs, answers, strict=True))
        gpus = visible_gpus(self._device)
        places = range(min(self._jobs, len(jobs)))
        workers = [Worker(log, {GPUS: gpus[i % len(gpus)]} if gpus else None) for i in places]
        return do_side_by_side(jobs, workers)


def _absolute(job: Job) -> Job:
    """For workers whose working folder is another."""
    across = {name: _found(path) for name, path in job.across.items()}
    return replace(job, folder=str(Path(job.folder).absolute()), corpus=_found(job.corpus), across=across)


def _found(corpus: str) -> str:
    return str(Path(corpus).absolute()) if is_local(corpus) else corpus


def _without_reference(
    plan: Plan, costs: dict[str, Costs], failed: dict[str, str]
) -> tuple[dict[str, Costs], dict[str, str]]:
    """Costs and failures; where a reference arm failed whose FLOPs all others get, they cannot be trained either."""
    if FLOPS not in plan.budget.kinds:
        return costs, failed
    for data in plan.data:
        setup, settings = reference_of(plan, data)
        why = failed.get(cost_key(plan, setup, settings))
        if why is None:
            continue
        for other in setups_of(plan):
            for _, _, own in tries_of(plan, other):
                key = cost_key(plan, other, own)
                if other.data == data.name and key in costs:
                    costs.pop(key)
                    failed[key] = f"the reference arm {setup.arm!r} failed, whose FLOPs all others get: {why}"[:900]
    return costs, failed
