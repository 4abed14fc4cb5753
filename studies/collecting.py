"""From outcomes to rows: what stands in the results of a run and of a try."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .fitting import tuned_once
from .jobs import Outcome, outcome_of
from .making import Choice, Maker, Planned, judged_by, solved_and_cells
from .results import RunRow, Shares, TryRow

_UNDONE = "it was not done"


def run_rows(folder: Path, planned: Sequence[Planned]) -> list[RunRow]:
    """A row for every run, in their order.

    Raises:
        StudyError: an outcome is damaged.
    """
    return [_run_row(folder, one, outcome_of(one.job) if one.job else None) for one in planned]


def _run_row(folder: Path, one: Planned, outcome: Outcome | None) -> RunRow:
    reason = one.reason if one.job is None else _UNDONE if outcome is None else outcome.reason
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
    if reason or outcome is None:
        return RunRow(status="failed", reason=reason, **about)
    return RunRow(status="done", **about, **_scores(outcome.found))


def _scores(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was scored with; see `work`."""
    held_out = found["scores"]
    times = {"training_seconds": found["training_seconds"]}
    if held_out is None:
        return times
    columns, trained = held_out["columns"], found["training"]
    judge = judged_by(columns)
    return {
        **times,
        "puzzles": held_out["puzzles"],
        "judged_by": judge,
        "solved": _shares(columns[judge]),
        "exact": _shares(columns["exact"]),
        "cell": _shares(columns["cell"]),
        "trained": _last(trained["columns"]) if trained else None,
        "restarts": {number: _shares(one["columns"][judge]) for number, one in found["restarts"].items()},
        "across": {name: _last(one["columns"]) for name, one in found["across"].items()},
    }


def _shares(values: Sequence[float]) -> Shares:
    return tuple(values)


def _last(columns: Mapping[str, Sequence[float]]) -> float:
    return columns[judged_by(columns)][-1]


def try_rows(maker: Maker, choices: Mapping[str, Choice]) -> list[TryRow]:
    """A row for every try, in their order.

    Raises:
        StudyError: an outcome is damaged.
    """
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
