"""table.md: what a study found, as a page that says how it was found, what was cut and what failed.

No time stands in it, so that it is a pure function of what was measured once and of the runs.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from trmpipe.shards.files import write_atomically
from trmpipe.shards.words import counted
from trmpipe.trainer.files import AGAIN, writing

from .fitting import in_words
from .plan import FLOPS, SECONDS, STEPS, Plan
from .results import StudyResults
from .statistics import Estimate
from .summary import COSTS, Group, groups_of, offers_of, words_on_overlap

TABLE = "table.md"
WAYS = {
    STEPS: "equal numbers of training steps",
    SECONDS: "equal seconds of training, on one thread",
    FLOPS: "equal FLOPs of training",
}
"""What runs have in common, by kind of budget."""
NOTE = (
    "Solved: mean of the seeds ± deviation (n - 1), in square brackets the 95 % interval of the mean (Student's t), in "
    "round ones that of the mean as a share of the puzzles (Wilson). The first says how much seeds differ, the second "
    "what the number of puzzles leaves open, which all seeds share. Runs that failed are in no mean. Gap: training "
    "puzzles solved less held-out ones, in points."
)
"""How the table is read."""
_ROUNDED_UP = 999.5
"""From here on three digits are a thousand of the unit."""
_FEW_SECONDS = 100
FEW_STEPS = 100
"""Of training, below which a setup is named as one that had few."""
Rows = list[list[str]]


def write_table(path: Path, results: StudyResults) -> None:
    """Write the page.

    Raises:
        RunWriteError: it cannot be written.
    """
    with writing(path, AGAIN):
        write_atomically(path, as_markdown(results).encode())


def as_markdown(results: StudyResults) -> str:
    """The page."""
    blocks = [[f"# Study: {results.record.plan.name}"], [results.record.plan.question], _about(results)]
    groups = groups_of(results)
    for data in results.record.plan.data:
        for kind in results.record.plan.budget.kinds:
            own = [group for group in groups if (group.data, group.kind) == (data.name, kind)]
            if own:
                blocks += [[f"## {data.name}: {WAYS[kind]}"], *_blocks(results, own)]
    blocks += [[NOTE], *_tuning(results), *_failures(results)]
    return "\n".join("\n".join([*block, ""]) for block in blocks if block)


def rows_of(groups: Sequence[Group], depths: Sequence[int]) -> Rows:
    """The table of setups with its head, for the page and the terminal alike.

    Args:
        groups: of one data and kind of budget.
        depths: supervision steps whose answers are shown beside the last one's.
    """
    axes = list(dict.fromkeys(axis for group in groups for axis in group.point))
    early = [depth for depth in depths if any(depth < group.num_answers for group in groups)]
    tuned = any(group.first.variant or group.first.rate for group in groups)
    head = ["arm", *axes, *(["tuned to"] if tuned else []), "parameters", "steps", "training FLOPs", "FLOPs an answer"]
    head += ["solved %", *(f"% at {depth}" for depth in early), "cells %", "gap", "seeds"]
    return [head, *(_row(group, axes, early, tuned) for group in groups)]


def _row(group: Group, axes: Sequence[str], early: Sequence[int], tuned: bool) -> list[str]:
    first, total = group.first, len(group.done) + len(group.failed)
    choice = ", ".join(filter(None, (first.variant, first.rate)))
    cells = [first.arm, *(group.point.get(axis, "") for axis in axes), *([choice] if tuned else [])]
    if not group.done:
        return [*cells, *[""] * 4, "failed", *[""] * (len(early) + 2), f"0 of {total}"]
    gap, cell = group.mean(lambda run: run.gap), group.mean(lambda run: run.cell[-1])
    answers = [_short(group.at(depth)) if depth < group.num_answers else "" for depth in early]
    return [
        *cells,
        f"{first.parameters:,}",
        f"{first.steps:,}",
        magnitude(first.training_flops),
        magnitude(first.answer_flops[1]),
        _long(group.last),
        *answers,
        "" if cell is None else f"{100 * cell:.1f}",
        "" if gap is None else f"{100 * gap:+.1f}",
        str(total) if not group.failed else f"{len(group.done)} of {total}",
    ]


def _long(estimate: Estimate | None) -> str:
    """A share with all that is said of it."""
    if estimate is None:
        return ""
    low, high = (100 * end for end in estimate.sampled.interval)
    words = _short(estimate)
    if estimate.interval is not None:
        words += " [{:.1f} to {:.1f}]".format(*(100 * end for end in estimate.interval))
    return f"{words} ({low:.1f} to {high:.1f})"


def _short(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    more = "" if estimate.deviation is None else f" ± {100 * estimate.deviation:.1f}"
    return f"{100 * estimate.mean:.1f}{more}"


def magnitude(number: float) -> str:
    """A large number with its unit, such as ``2.23 T``."""
    for unit in ("", " k", " M", " G", " T", " P"):
        if number < _ROUNDED_UP:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:,.3g} E"


def _blocks(results: StudyResults, groups: Sequence[Group]) -> Iterable[list[str]]:
    """What is said of the setups of one data and kind of budget."""
    asked = results.record.plan.evaluation
    yield _markdown(rows_of(groups, asked.depths))
    for number in asked.restarts:
        yield _restarts(groups, number, asked.depths)
    if asked.across:
        names = [data.name for data in results.record.plan.data]
        yield _across(groups, names)
        yield words_on_overlap(groups, names)
    yield _short_of_steps(groups)
    fronts = []
    for cost in COSTS:
        best = sorted((one for one in offers_of(groups, cost, asked.depths) if one.best), key=lambda one: one.cost)
        words = (
            f"{one.group.label} after {counted(one.step, 'step')} "
            f"({magnitude(one.cost)}: {100 * one.solved.mean:.1f} %)"
            for one in best
        )
        if best:
            fronts.append(f"- {cost.title}: {'; '.join(words)}")
    if fronts:
        yield ["Best for what it costs (Pareto fronts of the means):", "", *fronts]


def _short_of_steps(groups: Sequence[Group]) -> list[str]:
    """Setups that had few steps, which is what equal FLOPs leave a large network."""
    few = [f"{group.label} ({group.first.steps:,})" for group in groups if group.done and group.first.steps < FEW_STEPS]
    words = f"Fewer than {FEW_STEPS} steps, so that they show how slowly a network begins, not what it comes to: "
    return [f"{words}{', '.join(few)}."] if few else []


def _restarts(groups: Sequence[Group], number: int, depths: Sequence[int]) -> list[str]:
    rows: Rows = [["setup", *(f"% at {depth}" for depth in depths)]]
    for group in groups:
        known = [depth for depth in depths if depth <= group.num_answers]
        estimates = [group.over(lambda run, d=depth: restarts_at(run.restarts, number, d)) for depth in known]  # type: ignore[misc]
        if any(estimates):
            rows.append([group.name, *map(_short, estimates), *[""] * (len(depths) - len(known))])
    return [f"With {number} restarts, the surest answer taken:", "", *_markdown(rows)] if len(rows) > 1 else []


def restarts_at(restarts: dict[str, tuple[float, ...]], number: int, depth: int) -> float | None:
    """What so many restarts solve after a supervision step; None where they were not scored."""
    shares = restarts.get(str(number), ())
    return shares[depth - 1] if depth <= len(shares) else None


def _across(groups: Sequence[Group], names: Sequence[str]) -> list[str]:
    rows: Rows = [["trained so, scored on", *names]]
    for group in groups:
        own = [
            group.last if name == group.data else group.over(lambda run, n=name: run.across.get(n))  # type: ignore[misc]
            for name in names
        ]
        rows.append([group.name, *map(_short, own)])
    return ["Scored on all data, solved %:", "", *_markdown(rows)]


def _about(results: StudyResults) -> list[str]:
    """How the runs came about, and what was given up."""
    record, fitted = results.record, results.record.known.fitted
    plan, machine = record.plan, record.machine
    lines = [f"- **{results.unfinished}**; the same command goes on"] if results.unfinished else []
    total = len(results.runs) + results.missing
    lines += [
        f"- {counted(total, 'run')}, {counted(fitted.seeds, 'seed')} of each setup; {_length(plan, fitted.share)}",
        f"- scored on {counted(plan.evaluation.puzzles, 'held-out puzzle')} at most, one pass of "
        f"{counted(plan.evaluation.steps, 'supervision step')} where a model has steps",
        f"- trmpipe {_versions(results)}, {machine.get('processor', '')}, {machine.get('cores', '?')} cores; "
        f"device {record.device}",
    ]
    if record.budget_seconds is not None:
        lines.append(f"- planned for {in_words(record.budget_seconds)} with {counted(record.known.jobs, 'job')}")
        lines += [f"- **cut**: {cut}" for cut in fitted.cuts] or ["- nothing was cut"]
    return lines


def _versions(results: StudyResults) -> str:
    """The version that the study was begun with, and those that runs were done with where they are others."""
    begun = results.record.trmpipe
    others = sorted({run.trmpipe for run in results.runs} - {begun, ""})
    if not others:
        return begun
    number = sum(run.trmpipe in others for run in results.runs)
    return f"{begun} (**{counted(number, 'run')} done by {' and '.join(others)}**, which may be another recipe)"


def _length(plan: Plan, share: float) -> str:
    amounts = [data.budget or plan.budget.amount for data in plan.data]
    unit = "steps" if STEPS in plan.budget.kinds else "seconds of a thread"
    each = " or ".join(dict.fromkeys(_amount(amount * share) for amount in amounts))
    whose = " of the reference arm" if plan.budget.kinds == (FLOPS,) else ""
    return f"each as long as {each} {unit}{whose}"


def _amount(number: float) -> str:
    """Steps or seconds: whole ones but where there are few."""
    return f"{number:,.0f}" if number >= _FEW_SECONDS else f"{number:.3g}"


def _tuning(results: StudyResults) -> Iterable[list[str]]:
    if results.tries:
        plan = results.record.plan
        each = {len([one for one in results.tries if (one.data, one.setup) == key]) for key in _tuned(results)}
        yield [
            f"Tuning: {' or '.join(map(str, sorted(each)))} tries of each setup, each {plan.tuning.share:.0%} as long "
            f"as its runs, judged by {counted(plan.tuning.puzzles, 'training puzzle')} kept aside from it; no held-out "
            "puzzle was looked at. All tries: tuning.jsonl."
        ]


def _tuned(results: StudyResults) -> set[tuple[str, str]]:
    return {(one.data, one.setup) for one in results.tries}


def _failures(results: StudyResults) -> Iterable[list[str]]:
    """Every run that failed, with its reason."""
    if results.failed:
        rows: Rows = [["failed run", "data", "seed", "reason"]]
        for run in results.failed:
            name = ", ".join([run.arm, *(f"{axis} {label}" for axis, label in run.point.items())])
            rows.append([name, run.data, str(run.seed), run.reason])
        yield ["## Failed", "", *_markdown(rows)]


def _markdown(rows: Rows) -> list[str]:
    head, *others = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *others]
    return [f"| {' | '.join(row)} |" if row[0] != "---" else f"|{'---|' * len(row)}" for row in lines]
