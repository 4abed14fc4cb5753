"""``trmpipe solve``: let a trained model solve a puzzle, and check it."""

import dataclasses
import math
from typing import Any

import click

from .console import echo_json

_GAP = "     "


@click.command(name="solve")
@click.argument("run")
@click.argument("puzzle")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(*, run: str, puzzle: str, device: str, as_json: bool) -> None:
    """Print RUN's answer to PUZZLE beside the checked solution.

    PUZZLE is a Sudoku of the run's size, row by row, '.' or '0' for a blank: 16, 36 or 81 characters.
    """
    from trmpipe.trainer.inference import open_trained
    from trmpipe.trainer.solving import answer_puzzle

    answer = answer_puzzle(open_trained(run, device), puzzle)
    if as_json:
        echo_json(dataclasses.asdict(answer))
        return
    columns = {"puzzle": answer.puzzle, "model": answer.answer}
    if answer.solution:
        columns["solution"] = answer.solution
    _print_grids(columns)
    click.echo(_verdict(answer))
    click.echo(
        f"the model's answer stands from step {answer.settled_step} on; it is {answer.confidence:.0%} sure of it"
    )


def _print_grids(columns: dict[str, str]) -> None:
    from trmpipe.generators.picture import as_text
    from trmpipe.generators.registry import get_task

    task = get_task(f"sudoku{math.isqrt(len(columns['puzzle']))}")
    grids = [as_text(task.picture(task.parse([text.replace("?", ".")])[0])).splitlines() for text in columns.values()]
    width = max(len(line) for grid in grids for line in grid)
    for line in (list(columns), *zip(*grids, strict=True)):
        click.echo(_GAP.join(f"{part:<{width}}" for part in line).rstrip())


def _verdict(answer: Any) -> str:
    if answer.num_solutions == 0:
        return "this puzzle has no solution"
    if answer.num_solutions > 1:
        return "this puzzle has several solutions, one of which is shown, so the answer cannot be scored"
    if answer.num_wrong == 0:
        return "solved: all cells are right"
    return (
        f"{answer.num_wrong} cell{'s' if answer.num_wrong > 1 else ''} of the model's answer differ from the solution"
    )
