"""``trmpipe runs``: list runs with their settings and scores."""

from typing import Any

import click

from .console import echo, echo_json, table_lines


@click.command(name="runs")
@click.argument("folder", default="runs", metavar="[FOLDER]")
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON.")
def command(*, folder: str, as_json: bool) -> int:
    """List the runs below FOLDER, by default ./runs: preset, what was changed, steps taken, scores.

    The scores are the newest that `train` and `evaluate` kept. A run that is damaged gets a line of its own; the exit
    code is 1 then.
    """
    from pathlib import Path

    from trmpipe.trainer.listing import list_runs

    runs, damaged = list_runs(Path(folder))
    if as_json:
        echo_json({"runs": [run.to_json() for run in runs], "damaged": damaged})
    elif runs:
        rows = [_row(run, Path(folder)) for run in runs]
        for line in table_lines([("run", "preset", "seed", "steps", "scores", "changed"), *rows]):
            echo(line)
    for line in [*damaged, *(line for run in runs for line in run.damaged)]:
        echo(line, err=True)
    return 1 if damaged else 0


def _row(run: Any, folder: Any) -> tuple[str, ...]:
    name = run.path.relative_to(folder)
    settings = run.settings
    changed = (
        "preset not installed" if settings is None else " ".join(f"{key}={value}" for key, value in settings.items())
    )
    return (
        str(run.path if str(name) == "." else name),
        run.about.preset,
        str(run.about.train["seed"]),
        f"{run.step:,}/{run.about.max_steps:,}",
        _scores(run),
        changed or "-",
    )


def _scores(run: Any) -> str:
    """The most telling scores in words."""
    if not run.scores:
        return "-"
    kept = run.scores[0]
    words = ", ".join(f"{value:.1%} {name}" for name, value in kept.headline.items())
    return words if kept.step == run.step else f"{words} (step {kept.step:,})"
