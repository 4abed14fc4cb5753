"""``trmpipe study``: many runs that answer one question."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from .arguments import Address, RunPlace, TimeSpan, WholeNumber
from .console import echo, echo_json, show_progress, table_lines

_PICTURES = ("svg", "pdf", "png", "none")


@click.command(name="study")
@click.argument("name", required=False, metavar="NAME|FILE")
@click.argument("corpora", nargs=-1, metavar="[CORPUS...]")
@click.option("--list", "is_list", is_flag=True, help="List the studies that come with trmpipe.")
@click.option(
    "--budget",
    type=TimeSpan(),
    metavar="TIME",
    help="Fit all of it to so long on this machine, such as 3h, 45m or 90s; what is cut is said. [default: as planned]",
)
@click.option("--seeds", type=WholeNumber(1, 1000), help="Runs of each setup. [default: the plan's]")
@click.option(
    "--jobs",
    type=WholeNumber(1, 1024),
    help="Runs side by side; with --scheduler, as many as are planned for. [default: one a core, a GPU, or a thread of "
    "the cluster]",
)
@click.option("--out", type=RunPlace(), help="The study's folder. [default: ./study-NAME]")
@click.option(
    "--scheduler",
    type=Address(),
    help="Address of a Dask scheduler whose workers do the runs, such as tcp://host:8786; they must see the folder.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--retry", is_flag=True, help="Try runs again that failed.")
@click.option(
    "--pictures",
    type=click.Choice(_PICTURES),
    default="svg",
    show_default=True,
    help="How pictures are written, beside the table.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(*, name: str | None, is_list: bool, as_json: bool, **more: Any) -> int:
    """Execute the study NAME, or the one that FILE describes: train its runs, and write what they came to.

    CORPUS takes the place of the study's own data, one path for each, in their order. Without NAME the studies that
    come with trmpipe are listed; docs/studies.md explains how a file of one's own is written.

    Every run is a folder below the study's. What is done is never done again: after Ctrl-C, a crash or a power cut the
    same command goes on, and ends in the same table. A run that fails is in the table with its reason.
    """
    if is_list or name is None:
        return _list(as_json=as_json)
    from trmpipe.studies import find_plan
    from trmpipe.studies.errors import StudyInterrupted

    try:
        return _execute(find_plan(name), as_json=as_json, **more)
    except StudyInterrupted as error:
        echo(f"trmpipe: {error}", err=True)
        return 130


def _list(*, as_json: bool) -> int:
    from trmpipe.studies import find_plan, shipped

    plans = [find_plan(name) for name in shipped()]
    if as_json:
        echo_json([{"name": plan.name, "question": plan.question} for plan in plans])
        return 0
    for line in table_lines([(plan.name, plan.question) for plan in plans]):
        echo(line)
    return 0


def _execute(
    plan: Any,
    *,
    corpora: Sequence[str],
    out: str | None,
    pictures: str,
    as_json: bool,
    budget: float | None,
    seeds: int | None,
    device: str,
    **how: Any,
) -> int:
    """Execute a plan, and show what came out; see `command`."""
    from trmpipe.studies import How, run_study

    with _listener() as listener:
        results = run_study(
            plan,
            out,
            corpora=corpora,
            seeds=seeds,
            budget_seconds=budget,
            device=device,
            how=How(**how),
            listener=listener,
        )
    written = [] if pictures == "none" else _draw(results, pictures)
    if as_json:
        echo_json({**results.to_json(), "pictures": written})
    else:
        _show(results, len(written))
    return 1 if results.failed else 0


def _draw(results: Any, suffix: str) -> list[str]:
    """Write the pictures of a study; returns their paths."""
    from trmpipe.reports.figures import save_figure
    from trmpipe.reports.figures.of_study import figures_of_study

    folder = results.folder / "figures"
    return [str(save_figure(one, folder / f"{one.name}.{suffix}")) for one in figures_of_study(results)]


def _show(results: Any, num_pictures: int) -> None:
    from trmpipe.studies.summary import groups_of
    from trmpipe.studies.table import TABLE, rows_of

    plan, groups = results.record.plan, groups_of(results)
    for data in plan.data:
        for kind in plan.budget.kinds:
            own = [group for group in groups if (group.data, group.kind) == (data.name, kind)]
            if own:
                echo(f"{data.name}, equal {kind}:")
                for line in table_lines([tuple(row) for row in rows_of(own, plan.evaluation.depths)]):
                    echo(line)
                echo()
    for run in results.failed:
        echo(f"failed    {run.arm} on {run.data}, seed {run.seed}: {run.reason}")
    for cut in results.record.known.fitted.cuts:
        echo(f"cut       {cut}")
    echo(f"table     {results.folder / TABLE}")
    if num_pictures:
        echo(f"pictures  {results.folder / 'figures'} ({num_pictures})")


class _Listener:
    """Progress as every command shows it, and notes as lines.

    Args:
        progress: bars, or plain lines.
    """

    def __init__(self, progress: Any) -> None:
        self.start: Callable[[str, int], None] = progress.start
        self.advance: Callable[[int], None] = progress.advance
        self.finish: Callable[[], None] = progress.finish

    def note(self, line: str) -> None:
        """One line worth knowing."""
        echo(line, err=True)


@contextmanager
def _listener() -> Iterator[_Listener]:
    with show_progress() as progress:
        yield _Listener(progress)
