"""What a page says of a study: its question, its table, what was cut and what failed, its figures."""

from dataclasses import replace
from pathlib import Path

from trmpipe.shards.words import counted
from trmpipe.studies import StudyResults, read_so_far
from trmpipe.studies.fitting import in_words
from trmpipe.studies.record import RECORD
from trmpipe.studies.results import RESULTS, RunRow
from trmpipe.studies.summary import groups_of
from trmpipe.studies.table import NOTE, WAYS, rows_of

from .figures.of_study import figures_of_study
from .page.parts import Cell, Number, Section, Table, place_name


def study_section(path: Path) -> Section | None:
    """The section on the study in a folder; None where there is none.

    Raises:
        NoStudyError: no run of it is done yet.
        StudyError: a file of it is damaged.
    """
    if not (path / RECORD).exists():
        return None
    results = read_so_far(path)
    plan, source = results.record.plan, f"{path.resolve().name}/{_rows_file(results)}"
    return Section(
        name=f"study-{place_name(plan.name)}",
        title=f"Study: {plan.name}",
        says=[plan.question, *_unfinished(results), *_cuts(results), NOTE],
        facts=_facts(results, path.resolve().name),
        tables=[*_tables(results, path.resolve().name), *_failed(results, path.resolve().name)],
        figures=[replace(one, source=source) for one in figures_of_study(results)],
    )


def _unfinished(results: StudyResults) -> list[str]:
    return [f"The study is {results.unfinished}."] if results.unfinished else []


def _rows_file(results: StudyResults) -> str:
    """Where the numbers of runs stand: of an unfinished study nobody has put them together."""
    return f"runs/.../result.json and {RECORD}" if results.unfinished else RESULTS


def _cuts(results: StudyResults) -> list[str]:
    cuts = results.record.known.fitted.cuts
    return [f"To fit its time these were cut: {'; '.join(cuts)}."] if cuts else []


def _facts(results: StudyResults, name: str) -> list[tuple[str, Cell]]:
    """Of the whole study, each number with its place in the files."""
    record, done = results.record, len(results.runs) - len(results.failed)
    found: list[tuple[str, Cell]] = [
        (
            "runs",
            Number(text=f"{len(results.runs):,}", value=len(results.runs), source=f"{name}/{_rows_file(results)}"),
        ),
        ("came to their end", Number(text=f"{done:,}", value=done, source=f"{name}/{_rows_file(results)} (status)")),
        (
            "seeds",
            Number(
                text=str(record.known.fitted.seeds),
                value=record.known.fitted.seeds,
                source=f"{name}/{RECORD}#/measured/fitted/seeds",
            ),
        ),
    ]
    if record.budget_seconds is not None:
        value = Number(
            text=in_words(record.budget_seconds), value=record.budget_seconds, source=f"{name}/{RECORD}#/budget_seconds"
        )
        found.append((f"time for {counted(record.known.jobs, 'run')} at once", value))
    machine = record.machine
    return [*found, ("machine", f"{machine.get('processor', '')}, {machine.get('cores', '?')} cores, {record.device}")]


def _tables(results: StudyResults, name: str) -> list[Table]:
    """A table for each data and kind of budget."""
    found, groups, plan = [], groups_of(results), results.record.plan
    for data in plan.data:
        for kind in plan.budget.kinds:
            own = [group for group in groups if (group.data, group.kind) == (data.name, kind)]
            if own:
                head, *rows = rows_of(own, plan.evaluation.depths)
                caption = f"{data.name}: {WAYS[kind]}"
                found.append(Table(caption=caption, columns=head, rows=rows, source=f"{name}/{_rows_file(results)}"))
    return found


def _failed(results: StudyResults, name: str) -> list[Table]:
    """The runs that failed, where there are some."""
    rows = [(_name(run), run.data, str(run.seed), run.reason) for run in results.failed]
    columns = ("run", "data", "seed", "reason")
    return [Table(caption="Failed", columns=columns, rows=rows, source=f"{name}/{_rows_file(results)}")] if rows else []


def _name(run: RunRow) -> str:
    return ", ".join([run.arm, *(f"{axis} {label}" for axis, label in run.point.items())])
