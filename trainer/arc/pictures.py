"""A picture of a few ARC tasks with their best answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trmpipe.generators.arc.grids import FIRST_COLOUR
from trmpipe.generators.arc.task import PALETTE
from trmpipe.generators.picture import Picture

from ..drawing import draw_picture
from ..figures import make_figure, save_figure
from .score import ArcScores, InputScore
from .votes import Grid

_MOST_OF_A_KIND = 3
_ANSWERS = 2
_TITLES = ("input", "target")


def draw_answers(scores: ArcScores, tests: Mapping[str, Any], path: Path) -> Path:
    """Draw a few tasks that two answers solve and a few that they do not: input, target and those answers.

    Args:
        scores: of all tasks.
        tests: as `score` took them.
        path: where to write.
    """
    chosen = _instructive(scores)
    figure, rows = make_figure(max(len(chosen), 1), 2 + _ANSWERS, (2.4 * (2 + _ANSWERS), 2.6 * max(len(chosen), 1)))
    for axes in np.ravel(rows):
        axes.set_axis_off()
    for row, (task, place, fared) in zip(np.reshape(rows, (-1, 2 + _ANSWERS)), chosen, strict=False):
        _draw_row(row, task, tests[task]["test"][place], fared)
    return save_figure(figure, path)


def _instructive(scores: ArcScores) -> list[tuple[str, int, InputScore]]:
    """(task, test input, score) of the first right and the first wrong ones; of any where none is scored."""
    inputs = [(task.task, i, one) for task in scores.tasks for i, one in enumerate(task.inputs)]
    scored = [one for one in inputs if one[2].rank is not None]
    right = [one for one in scored if one[2].solved(_ANSWERS)][:_MOST_OF_A_KIND]
    wrong = [one for one in scored if not one[2].solved(_ANSWERS)][:_MOST_OF_A_KIND]
    return right + wrong if scored else inputs[:_MOST_OF_A_KIND]


def _draw_row(row: Sequence[Any], task: str, pair: Mapping[str, Any], fared: InputScore) -> None:
    output = pair.get("output")
    for axes, title, grid in zip(row, _TITLES, (pair["input"], output), strict=False):
        if grid is not None:
            _draw_grid(axes, grid)
        axes.set_title(f"{task}: {title}" if title == "input" else title if grid else "target unknown", fontsize=9)
    for axes, answer in zip(row[2:], fared.best, strict=False):
        _draw_grid(axes, answer.grid)
        verdict = "" if output is None else "right, " if answer.grid == output else "wrong, "
        axes.set_title(f"{verdict}{answer.votes} of {fared.num_votes} votes", fontsize=9)


def _draw_grid(axes: Any, grid: Grid) -> None:
    cells = [colour for row in grid for colour in row]
    fills = tuple(PALETTE[FIRST_COLOUR + colour] for colour in cells)
    draw_picture(axes, Picture(shape=(len(grid), len(grid[0])), symbols=("",) * len(cells), fills=fills))
