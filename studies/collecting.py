"""From outcomes to results: a row for every run and try that is done, at the end of a study or in the midst of it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trmpipe.trainer.judging import solved_column

from .errors import NoStudyError, StudyError
from .fitting import tuned_once
from .jobs import outcome_of
from .making import Choice, Maker, Planned, choices_of, solved_and_cells
from .record import RECORD, Record, read_record
from .results import RESULTS, InTraining, RunRow, Shares, StudyResults, TryRow, read_study

_UNDONE = "it was not done"
_MOST_RUNS = 100_000
_UNSCORED = "no held-out puzzle has a known solution, so there is nothing to score it on"


def read_so_far(path: str | Path) -> StudyResults:
    """What the study in a folder has come to, whether it is finished, running or was broken off.

    Raises:
        NoStudyError: the folder holds no study, or one without a run that is done.
        StudyError: a file of it is damaged.
    """
    folder = Path(path)
    record = read_record(folder)
    if record.measured is not None:
        if (folder / RESULTS).exists():
            return read_study(folder)
        _refuse_too_many(folder, record)
        maker = Maker(folder=folder, record=record)
        tries = [job for one in maker.try_jobs().values() for _, _, job in one]
        # What tries choose is known when all are done, and which runs there are with it.
        if all(outcome_of(job) is not None for job in tries):
            found = results_of(maker, choices_of(maker))
            if found.runs:
                return found
    raise NoStudyError(
        f"{folder} holds a study of which no run is done yet; wait for one, or run the same command again"
    )


def _refuse_too_many(folder: Path, record: Record) -> None:
    """Refuse a study.json, which may be anybody's, whose runs would take for ever to count."""
    plan = record.plan
    points = (math.prod(len(axis.values) for axis in (*arm.axes, *plan.axes)) for arm in plan.arms)
    runs = sum(points) * len(plan.data) * record.known.fitted.seeds
    if runs > _MOST_RUNS:
        raise StudyError(f"{folder / RECORD} is damaged: it asks for more than {_MOST_RUNS:,} runs")


def results_of(maker: Maker, choices: Mapping[str, Choice]) -> StudyResults:
    """What is done of a study.

    Args:
        maker: of its jobs.
        choices: what tries chose, by `tuning_name`.

    Raises:
        StudyError: an outcome is damaged.
    """
    rows = [_run_row(maker.folder, one) for one in maker.planned(choices)]
    runs = tuple(row for row in rows if row is not None)
    tries = tuple(_try_rows(maker, choices))
    return StudyResults(folder=maker.folder, record=maker.record, runs=runs, tries=tries, missing=len(rows) - len(runs))


def _run_row(folder: Path, one: Planned) -> RunRow | None:
    """None where the run is yet to be done."""
    outcome = outcome_of(one.job) if one.job is not None else None
    if one.job is not None and outcome is None:
        return None
    reason = one.reason if outcome is None else outcome.reason
    if outcome is not None and not outcome.failed and outcome.found["scores"] is None:
        reason = _UNSCORED
    about: dict[str, Any] = {
        "data": one.setup.data,
        "arm": one.setup.arm,
        "point": one.setup.point,
        "equal": one.length.kinds,
        "seed": one.seed,
        "variant": one.choice.variant,
        "rate": one.choice.rate,
    }
    costs = one.choice.costs
    if costs is not None and one.job is not None:
        about |= {
            "parameters": costs.parameters,
            "steps": one.length.steps,
            "step_flops": costs.step_flops,
            "training_flops": float(one.length.steps * costs.step_flops),
            "answer_flops": costs.answer_flops,
        }
    if one.job is not None and one.job.run.exists():
        about["run"] = one.job.run.relative_to(folder).as_posix()
    if outcome is not None:
        about["trmpipe"] = outcome.trmpipe
    if reason or outcome is None:
        return RunRow(status="failed", reason=reason, **about)
    return RunRow(status="done", **about, **_scores(outcome.found))


def _scores(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was scored with; see `work`."""
    held_out, trained = found["scores"], found["training"]
    columns = held_out["columns"]
    judge = solved_column(columns)
    return {
        "training_seconds": found["training_seconds"],
        "puzzles": held_out["puzzles"],
        "judged_by": judge,
        "solved": _shares(columns[judge]),
        "exact": _shares(columns["exact"]),
        "cell": _shares(columns["cell"]),
        "trained": _last(trained["columns"]) if trained else None,
        "restarts": {number: _shares(one["columns"][judge]) for number, one in found["restarts"].items()},
        "across": {name: _last(one["columns"]) for name, one in found["across"].items()},
        "in_training": {
            name: InTraining(**one["in_training"]) for name, one in found["across"].items() if "in_training" in one
        },
    }


def _shares(values: Sequence[float]) -> Shares:
    return tuple(values)


def _last(columns: Mapping[str, Sequence[float]]) -> float:
    return columns[solved_column(columns)][-1]


def _try_rows(maker: Maker, choices: Mapping[str, Choice]) -> list[TryRow]:
    """A row for every try, in their order."""
    found, tuned = [], tuned_once(maker.record.plan, maker.setups())
    for name, tries in maker.try_jobs().items():
        data = tuned[name].data
        for variant, rate, job in tries:
            outcome = outcome_of(job)
            reason = _UNDONE if outcome is None else outcome.reason
            solved, cell = (0.0, 0.0) if outcome is None or outcome.failed else solved_and_cells(outcome)
            chosen = (choices[name].variant, choices[name].rate) == (variant, rate) and not choices[name].reason
            found.append(
                TryRow(
                    data=data,
                    setup=name.removeprefix(f"{data}, "),
                    variant=variant,
                    rate=rate,
                    steps=job.steps,
                    status="failed" if reason else "done",
                    reason=reason,
                    solved=solved,
                    cell=cell,
                    chosen=chosen,
                )
            )
    return found
