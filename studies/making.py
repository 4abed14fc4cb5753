"""From setups to jobs: what is measured, what is tried, what is trained; and what tries chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trmpipe.trainer.judging import solved_column
from trmpipe.trainer.training.costs import Costs

from .errors import StudyError
from .fitting import kept_setups, try_steps, tuned_once, tuning_name
from .jobs import COSTS, RUN, TRY, Job, Outcome, outcome_of
from .lengths import Length, cost_key, lengths_of
from .plan import Settings
from .record import Record, located
from .setups import Setup, joined, key_of, setups_of, slug, tries_of

TRY_SEED = 1_000_000
"""Root seed of tries: none that runs have."""
_PACE_SECONDS = 1.5
"""For which the steps of a setup are timed."""
_ON_A_CPU: Settings = ("num_slices=1", "precision=fp32")
"""Of every run there, unless the plan says otherwise: one thread each, and one precision for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a setup is trained with.

    Attributes:
        variant: its name; empty where there is none to choose.
        rate: that was chosen; empty likewise.
        settings: all of them.
        costs: of it; None where they could not be measured.
        reason: why the setup cannot be trained; empty where it can.
    """

    variant: str
    rate: str
    settings: Settings
    costs: Costs | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A run of a study.

    Attributes:
        setup: that it is of.
        choice: what it is trained with.
        length: how long, and which budgets that serves.
        seed: its root seed.
        job: that does it; None where it cannot be done.
        reason: why it cannot.
    """

    setup: Setup
    choice: Choice
    length: Length
    seed: int
    job: Job | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes the jobs of a study.

    Attributes:
        folder: of the study.
        record: what it is.
    """

    folder: Path
    record: Record

    def cost_jobs(self) -> dict[str, Job]:
        """What is measured, by `lengths.cost_key`."""
        plan, found = self.record.plan, {}
        for setup in setups_of(plan):
            for _, _, settings in tries_of(plan, setup):
                key = cost_key(plan, setup, settings)
                if key not in found:
                    found[key] = self._job(COSTS, f"costs/{key}", setup, settings, seconds=_PACE_SECONDS, whole=True)
        return found

    def try_jobs(self) -> dict[str, list[tuple[str, str, Job]]]:
        """The tries of every tuning, by `tuning_name`: variant, rate and job of each; none where nothing is tuned."""
        plan, known = self.record.plan, self.record.known
        found: dict[str, list[tuple[str, str, Job]]] = {}
        for name, setup in tuned_once(plan, self.setups()).items():
            tries = tries_of(plan, setup)
            if len(tries) < 2:
                continue
            found[name] = []
            for variant, rate, settings in tries:
                costs = known.costs.get(cost_key(plan, setup, settings))
                if costs is not None:
                    steps = try_steps(plan, setup, costs, known.costs, known.fitted.share)
                    own = slug(name.removeprefix(setup.data))
                    folder = f"tries/{slug(setup.data)}/{own}/{slug(' '.join(('try', variant, rate)))}"
                    job = self._job(
                        TRY, folder, setup, settings, seed=TRY_SEED, steps=steps, monitor=plan.tuning.puzzles
                    )
                    found[name].append((variant, rate, job))
        return found

    def setups(self) -> list[Setup]:
        """Those that are not left out."""
        return kept_setups(self.record.plan, self.record.known.fitted.dropped)

    def planned(self, choices: Mapping[str, Choice]) -> list[Planned]:
        """All runs, in the order of the plan."""
        return [run for setup in self.setups() for run in self._planned(setup, choices)]

    def _planned(self, setup: Setup, choices: Mapping[str, Choice]) -> Iterable[Planned]:
        plan, known = self.record.plan, self.record.known
        choice, reason = choices[tuning_name(plan, setup)], ""
        lengths: Sequence[Length] = [Length(kinds=plan.budget.kinds, steps=1)]
        try:
            if choice.costs is None:
                raise StudyError(choice.reason)
            lengths = lengths_of(plan, setup, choice.costs, known.costs, known.fitted.share)
        except StudyError as error:
            reason = str(error)
        for length in lengths:
            for seed in range(known.fitted.seeds):
                job = None if reason else self._run_job(setup, choice, length, seed)
                yield Planned(setup=setup, choice=choice, length=length, seed=seed, job=job, reason=reason)

    def _run_job(self, setup: Setup, choice: Choice, length: Length, seed: int) -> Job:
        plan, asked = self.record.plan, self.record.plan.evaluation
        several = f"{'-'.join(length.kinds)}-" if len(plan.budget.kinds) > 1 else ""
        across = {}
        if asked.across:
            across = {
                name: located(self.folder, place) for name, place in self.record.corpora.items() if name != setup.data
            }
        return self._job(
            RUN,
            f"runs/{slug(setup.data)}/{setup.folder}/{several}seed-{seed}",
            setup,
            joined([choice.settings, (f"evaluation.train_limit={asked.trained}",)]),
            seed=seed,
            steps=length.steps,
            puzzles=asked.puzzles,
            restarts=asked.restarts,
            across=across,
        )

    def _job(
        self, kind: str, folder: str, setup: Setup, settings: Settings, *, whole: bool = False, **more: object
    ) -> Job:
        """A job of a setup; one on the `whole` of the data takes no subset of it.

        The settings are those of the machine first, which the plan may change, and how runs are scored last.
        """
        scoring = (
            f"evaluation.steps={self.record.plan.evaluation.steps}",
            *("evaluation.every=0", "checkpoint_keep=1"),
        )
        limit = tuple(one for one in settings if key_of(one) == "evaluation.train_limit") or (
            "evaluation.train_limit=0",
        )
        place = self.record.corpora[setup.data]
        return Job(
            kind=kind,  # type: ignore[arg-type]
            folder=str(self.folder / folder),
            corpus=located(self.folder, place),
            content=place.content,
            preset=setup.preset,
            settings=joined([_ON_A_CPU if self.record.device == "cpu" else (), settings, scoring, limit]),
            device=self.record.device,
            groups=None if whole else setup.groups,
            variants=None if whole else setup.variants,
            **more,  # type: ignore[arg-type]
        )


def choices_of(maker: Maker) -> dict[str, Choice]:
    """What tries chose, by `tuning_name`: most puzzles kept aside solved, then most cells right, then the first."""
    plan, known = maker.record.plan, maker.record.known
    tries = maker.try_jobs()
    found = {}
    for name, setup in tuned_once(plan, maker.setups()).items():
        every = tries_of(plan, setup)
        if name not in tries:
            found[name] = _choice(maker.record, setup, *every[0])
            continue
        done = [(variant, rate, outcome_of(job)) for variant, rate, job in tries[name]]
        judged = [
            (solved_and_cells(outcome), variant, rate)
            for variant, rate, outcome in done
            if outcome is not None and not outcome.failed
        ]
        if not judged:
            reasons = [outcome.reason for _, _, outcome in done if outcome is not None]
            keys = (cost_key(plan, setup, settings) for _, _, settings in every)
            reasons += [known.failed[key] for key in keys if key in known.failed]
            reason = f"no try came to an end: {'; '.join(dict.fromkeys(reasons))}"
            found[name] = Choice(variant="", rate="", settings=setup.settings, costs=None, reason=reason[:900])
            continue
        # The first of equal ones: max takes it.
        _, variant, rate = max(judged, key=lambda one: one[0])
        chosen = next(one for one in every if one[:2] == (variant, rate))
        found[name] = _choice(maker.record, setup, *chosen)
    return found


def _choice(record: Record, setup: Setup, variant: str, rate: str, settings: Settings) -> Choice:
    known, key = record.known, cost_key(record.plan, setup, settings)
    costs = known.costs.get(key)
    reason = "" if costs is not None else known.failed.get(key, "its costs could not be measured")
    return Choice(variant=variant, rate=rate, settings=settings, costs=costs, reason=reason)


def solved_and_cells(outcome: Outcome) -> tuple[float, float]:
    """By which tries are judged: puzzles kept aside that are solved, and right cells, after the last step."""
    columns = outcome.found["monitor"]["columns"]
    return columns[solved_column(columns)][-1], columns["cell"][-1]
