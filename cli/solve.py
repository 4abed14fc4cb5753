"""``trmpipe solve``: let a trained model solve a puzzle, and check it."""

from typing import TYPE_CHECKING

import click

from trmpipe.generators.picture import as_text

from .console import echo, echo_json, echo_lines, side_by_side

if TYPE_CHECKING:
    from trmpipe.trainer.solving import SolvedPuzzle


@click.command(name="solve")
@click.argument("run")
@click.argument("puzzle")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def command(*, run: str, puzzle: str, device: str, as_json: bool) -> None:
    """Print RUN's answer to PUZZLE beside the solution, and whether it is right.

    PUZZLE is one line, as RUN's task writes puzzles: in most its cells row by row, '.' for a blank; numbers above 9 are
    letters from A on.
    """
    from trmpipe.trainer.inference import open_trained
    from trmpipe.trainer.solving import answer_puzzle

    answer = answer_puzzle(open_trained(run, device), puzzle)
    if as_json:
        echo_json(answer.to_json())
        return
    echo_lines(side_by_side([name, *as_text(picture).splitlines()] for name, picture in answer.pictures.items()))
    echo(_verdict(answer))
    sure = "" if answer.confidence is None else f"; it is {answer.confidence:.0%} sure of it"
    echo(f"the model's answer stands from supervision step {answer.settled_step} on{sure}")


def _verdict(answer: "SolvedPuzzle") -> str:
    if answer.num_solutions == 0:
        return "this puzzle has no solution"
    if answer.num_solutions == 1 and answer.num_wrong:
        cells, differ = ("cell", "differs") if answer.num_wrong == 1 else ("cells", "differ")
        return f"{answer.num_wrong} {cells} of the model's answer {differ} from the solution"
    if answer.num_solutions > 1:
        whether = "one of them" if answer.accepted else "none of them"
        return f"this puzzle has several solutions, one of which is shown; the model's answer is {whether}"
    if answer.num_solutions == 1:
        return "solved: all cells are right"
    return "solved: the answer is right" if answer.accepted else "the model's answer is not right"
