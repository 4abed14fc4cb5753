"""``trmpipe solve``: let a trained model solve a puzzle, and check it."""

from functools import partial
from typing import Any

import click

from .arguments import WholeNumber, checkpoint_option
from .boards import Board, echo_boards
from .console import echo, echo_json, echo_lines, show_progress


@click.command(name="solve")
@click.argument("run")
@click.argument("puzzle")
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    help="Puzzles with names: where the corpus is now that RUN was trained on; may repeat.",
)
@click.option(
    "--variants", type=WholeNumber(1), help="In tasks scored by vote: let the first so many variants of a puzzle vote."
)
@checkpoint_option
@click.option("--animate", metavar="FILE.gif", help="Write the puzzle being solved, step by step, as a GIF.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(
    *,
    run: str,
    puzzle: str,
    corpora: tuple[str, ...],
    variants: int | None,
    checkpoint: str,
    animate: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Print RUN's answer to PUZZLE beside the solution, and whether it is right.

    PUZZLE is one line, as RUN's task writes puzzles: in most its cells row by row, '.' for a blank; numbers above 9 are
    letters from A on. In tasks scored by vote it is the id of a task of the corpus, or a JSON file with one task; its
    variants vote as in `trmpipe evaluate`, and the two best answers are shown.
    """
    if animate is not None:
        _refuse_place(animate)
    from trmpipe.trainer.trained.inference import open_trained
    from trmpipe.trainer.trained.solving import solve

    trained = open_trained(run, device, checkpoint)
    tell = partial(echo, err=True)
    with show_progress() as progress:
        solved = solve(trained, puzzle, corpora=corpora, variants=variants, tell=tell, progress=progress)
    for remark in solved.remarks():
        echo(remark, err=True)
    _print(solved, as_json=as_json)
    if animate is not None:
        # After the answer, which is not lost where the animation cannot be written.
        _animate(trained, puzzle, animate)


def _print(solved: Any, *, as_json: bool) -> None:
    """An answer beside the puzzle and its solution."""
    if as_json:
        echo_json(solved.to_json())
        return
    for number, part in enumerate(solved.parts()):
        if number:
            echo()
        echo_boards(Board([title], picture) for title, picture in part.pictures.items())
        echo_lines(part.lines)


def _refuse_place(animate: str) -> None:
    """Refuse a file that no animation can be written to, before the puzzle is asked.

    Raises:
        OptionError: its name ends otherwise, or it cannot be made.
    """
    from pathlib import Path

    from trmpipe.reports.animation import is_animation, refuse_other_suffix
    from trmpipe.shards.places import refuse_no_file

    refuse_other_suffix(Path(animate))
    refuse_no_file(Path(animate), "--animate", is_animation, "a GIF")


def _animate(trained: Any, puzzle: str, path: str) -> None:
    """Write a puzzle being solved as a GIF."""
    from pathlib import Path

    from trmpipe.reports.animation import save_animation
    from trmpipe.trainer.trained.solving import solve_stepwise

    solving, spec = solve_stepwise(trained, puzzle)
    save_animation(solving, spec, spec.name, Path(path))
    echo(f"wrote {path}", err=True)
