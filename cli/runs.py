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

    from trmpipe.trainer.trained.listing import list_runs
    from trmpipe.trainer.training.seed_groups import seed_groups

    runs, damaged = list_runs(Path(folder))
    groups = seed_groups(runs)
    if as_json:
        about = {"runs": [run.to_json() for run in runs], "seeds": [group.to_json() for group in groups]}
        echo_json({**about, "damaged": damaged})
    elif runs:
        rows = [_row(run, Path(folder)) for run in runs]
        for line in table_lines([("run", "preset", "seed", "steps", "scores", "changed"), *rows]):
            echo(line)
    for group in [] if as_json else groups:
        words = "; ".join(f"{name} {spread.in_words()}" for name, spread in group.spreads.items())
        echo(f"{', '.join(str(_name(run, Path(folder))) for run in group.runs)}: {words}")
    for line in [*damaged, *(line for run in runs for line in run.damaged)]:
        echo(line, err=True)
    return 1 if damaged else 0


def _name(run: Any, folder: Any) -> Any:
    """Where a run is below the folder that is listed."""
    name = run.path.relative_to(folder)
    return run.path if str(name) == "." else name


def _row(run: Any, folder: Any) -> tuple[str, ...]:
    settings = run.settings
    changed = (
        "preset not installed" if settings is None else " ".join(f"{key}={value}" for key, value in settings.items())
    )
    return (
        str(_name(run, folder)),
        run.about.preset,
        str(run.about.train["seed"]),
        f"{run.step:,}/{run.about.max_steps:,}",
        _scores(run),
        changed or "-",
    )


def _scores(run: Any) -> str:
    """The most telling scores in words, and those of the best checkpoint where that is another one."""
    shown = run.scores[:1]
    if run.best is not None and not (shown and shown[0].step == run.best):
        shown = [*shown, *[kept for kept in run.scores if kept.step == run.best][:1]]
    # What it was trained on comes first; the most telling score on another corpus stands beside it.
    others = [] if any(map(run.elsewhere, shown)) else [kept for kept in run.scores if run.elsewhere(kept)]
    parts = [_of_step(run, kept) for kept in [*shown, *others[:1]]]
    if run.best is not None and run.best not in [kept.step for kept in shown]:
        parts.append(f"best after step {run.best:,}")
    return "; ".join(parts) or "-"


def _of_step(run: Any, kept: Any) -> str:
    words = ", ".join(f"{value:.1%} {name}" for name, value in kept.headline.items())
    words += f" on {elsewhere}" if (elsewhere := run.elsewhere(kept)) else ""
    if kept.step == run.best:
        return f"{words} (best, step {kept.step:,})"
    return words if kept.step == run.step else f"{words} (step {kept.step:,})"
