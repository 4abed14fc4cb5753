"""``trmpipe analyse``: what people measure in models that recurse, as numbers and pictures."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from .arguments import WholeNumber, checkpoint_option
from .console import echo, echo_json, show_progress

_MOST_STEPS = 1024
_PICTURES = ("svg", "pdf", "png")


@click.command(name="analyse")
@click.argument("run")
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    help="Corpus, folder of corpora or pattern to take puzzles from; may repeat. [default: those it was trained on]",
)
@click.option(
    "--limit", type=WholeNumber(1), default=200, show_default=True, help="Ask the first so many held-out puzzles."
)
@click.option(
    "--steps",
    type=WholeNumber(1, _MOST_STEPS),
    default=64,
    show_default=True,
    help="Supervision steps to follow each puzzle for; the run's own number where that is more.",
)
@checkpoint_option
@click.option(
    "--only",
    metavar="MEASURE,...",
    default="",
    help="Take these measures only; others of the same checkpoint, puzzles and steps stay as they were kept.",
)
@click.option("--out", metavar="DIR", help="Where to write. [default: the folder analysis in RUN]")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--pictures",
    default="svg",
    show_default=True,
    metavar="KIND,...",
    help="Draw every picture as svg, pdf, png; 'none' for none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    run: str,
    corpora: tuple[str, ...],
    limit: int,
    steps: int,
    checkpoint: str,
    only: str,
    out: str | None,
    device: str,
    pictures: str,
    as_json: bool,
) -> None:
    """Measure how RUN's network comes to its answers: every measure as a Parquet file and a picture.

    By supervision step: accuracy, residual, how latents move, cells mended and broken. By puzzle: fixed points, cycles
    and spurious ones, other labellings, puzzles with one blank. Further halting's calibration, accuracy by difficulty,
    clues and residual, depth by restarts, a PCA of the latents, puzzle identifiers exchanged. docs/analysis.md defines
    each; those that make no sense of RUN say why. The same run, checkpoint, puzzles and steps give the same numbers.
    """
    kinds = _kinds(pictures)
    from trmpipe.trainer.analysis.keeping import FOLDER, about_run, keep_analysis, owning_analysis
    from trmpipe.trainer.analysis.running import analyse, chosen_measures
    from trmpipe.trainer.runs.overlap import overlap_of
    from trmpipe.trainer.trained.inference import open_trained, run_corpora

    asked = [name.strip() for name in only.split(",") if name.strip()]
    if only and not asked:
        raise click.UsageError(f"--only is {only[:60]!r}, which names no measure; leave it out for all")
    names = chosen_measures(asked)
    trained = open_trained(run, device, checkpoint)
    opened = run_corpora(trained, corpora, partial(echo, err=True))
    for line in overlap_of(trained.about, trained.step, opened).lines(run):
        echo(line, err=True)
    folder = Path(out) if out else trained.run.path / FOLDER
    with owning_analysis(folder):
        with show_progress() as progress:
            analysed = analyse(trained, opened, limit=limit, steps=steps, only=names, progress=progress)
        about = about_run(trained, opened, limit, steps, analysed)
        summary = keep_analysis(folder, about, analysed, partial(_draw, folder, kinds))
    if as_json:
        _print_json(summary, folder)
    else:
        _print(summary, folder, run, names)


def _kinds(pictures: str) -> list[str]:
    """The kinds of pictures that are asked for."""
    kinds = [kind.strip() for kind in pictures.split(",") if kind.strip()]
    if kinds == ["none"]:
        return []
    if not kinds or not set(kinds) <= set(_PICTURES):
        raise click.UsageError(f"--pictures is {pictures[:60]}; expected some of {', '.join(_PICTURES)}, or none")
    return list(dict.fromkeys(kinds))


def _draw(folder: Path, kinds: list[str], kept: Any) -> None:
    """Draw all figures of what was measured."""
    if not kinds:
        return
    from trmpipe.reports.figures import save_figure
    from trmpipe.reports.figures.of_analysis import figures_of_analysis

    for figure in figures_of_analysis(kept):
        for kind in kinds:
            save_figure(figure, folder / f"{figure.name}.{kind}")


def _print_json(summary: Any, folder: Path) -> None:
    from trmpipe.trainer.analysis.reading import plain

    echo_json({"folder": str(folder), **plain(summary)})


def _print(summary: Any, folder: Path, run: str, names: list[str]) -> None:
    """One or two lines a measure."""
    about = summary.about
    width = max(map(len, names))
    puzzles = f"{about.puzzles:,} held-out puzzles of {' and '.join(corpus.name for corpus in about.corpora)}"
    echo(f"{run} after {about.step:,} steps, on {puzzles}, {about.steps:,} supervision steps each")
    for name in names:
        entry = summary.measures.get(name)
        lines = entry.lines if entry else (f"not measured: {summary.not_measured[name]}",)
        for number, line in enumerate(lines):
            echo(f"{name if not number else '':<{width}}  {line}")
    echo(f"numbers and pictures in {folder}", err=True)
