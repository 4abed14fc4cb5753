"""A picture of a few ARC tasks with their best answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trmpipe.generators.arc.grids import FIRST_COLOUR
from trmpipe.generators.arc.task import PALETTE
from trmpipe.generators.picture import Picture

from ..pictures.drawing import draw_picture
from ..pictures.figures import make_figure, save_figure
from .score import ATTEMPTS, ArcScores, InputScore
from .votes import Grid

_MOST_OF_A_KIND = 3


def draw_answers(scores: ArcScores, tests: Mapping[str, Any], path: Path) -> Path:
    """Draw a few tasks that two answers solve and a few that they do not: input, solution and those answers.

    Args:
        scores: of all tasks.
        tests: as `score` took them.
        path: where to write.
    """
    chosen = _instructive(scores)
    num_rows, num_columns = max(len(chosen), 1), 2 + ATTEMPTS
    size = (2.4 * num_columns, 2.6 * num_rows + 0.4)
    figure, rows = make_figure(
        num_rows, num_columns, size, "Test inputs, their solutions, and the answers most voted for"
    )
    _add_legend(figure)
    for axes in np.ravel(rows):
        axes.set_axis_off()
    for row, (task, place, fared) in zip(np.reshape(rows, (-1, 2 + ATTEMPTS)), chosen, strict=False):
        several = f", test input {place + 1}" if len(tests[task]["test"]) > 1 else ""
        _draw_row(row, f"{task}{several}", tests[task]["test"][place], fared)
    return save_figure(figure, path)


def _instructive(scores: ArcScores) -> list[tuple[str, int, InputScore]]:
    """(task, test input, score) of the first right and the first wrong ones; of any where none is scored."""
    inputs = [(task.task, i, one) for task in scores.tasks for i, one in enumerate(task.inputs)]
    scored = [one for one in inputs if one[2].rank is not None]
    right = [one for one in scored if one[2].handed_in][:_MOST_OF_A_KIND]
    wrong = [one for one in scored if not one[2].handed_in][:_MOST_OF_A_KIND]
    return right + wrong if scored else inputs[:_MOST_OF_A_KIND]


def _draw_row(row: Sequence[Any], name: str, pair: Mapping[str, Any], fared: InputScore) -> None:
    """Draw one test input; `name` says which of its task it is."""
    output = pair.get("output")
    _draw_grid(row[0], pair["input"])
    row[0].set_title(name, fontsize=9, parse_math=False)
    if output is not None:
        _draw_grid(row[1], output)
    row[1].set_title("solution" if output is not None else "solution unknown", fontsize=9)
    if not fared.best:
        row[2].set_title("no answer is a grid", fontsize=9)
    for place, (axes, answer) in enumerate(zip(row[2:], fared.best, strict=False), 1):
        _draw_grid(axes, answer.grid)
        verdict = "" if output is None else "right, " if answer.grid == output else "wrong, "
        axes.set_title(f"answer {place}: {verdict}{votes_in_words(answer.votes, fared.num_votes)}", fontsize=9)


def votes_in_words(count: int, total: int) -> str:
    """How many of all votes an answer got: ``1 of 1 vote``, ``1,000 of 1,001 votes``."""
    return f"{count:,} of {total:,} vote{'' if total == 1 else 's'}"


def _add_legend(figure: Any) -> None:
    """The number of every colour, below all grids."""
    from matplotlib.patches import Patch

    colours = [
        Patch(facecolor=fill, edgecolor="#555555", linewidth=0.3, label=str(number))
        for number, fill in enumerate(PALETTE[FIRST_COLOUR:])
    ]
    figure.legend(handles=colours, loc="lower center", ncols=len(colours), frameon=False, fontsize=8)


def _draw_grid(axes: Any, grid: Grid) -> None:
    draw_picture(axes, grid_picture(grid))


def grid_picture(grid: Grid) -> Picture:
    """How a grid looks."""
    cells = [colour for row in grid for colour in row]
    return Picture(
        shape=(len(grid), len(grid[0])),
        symbols=tuple(map(str, cells)),
        fills=tuple(PALETTE[FIRST_COLOUR + colour] for colour in cells),
    )
