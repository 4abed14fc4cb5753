"""Pictures of ARC grids: a few tasks with their best answers, and any grid in the corpus's own colours."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..figures import make_figure, save_figure
from .score import ArcScores, InputScore

COLOURS = (
    "#000000",
    "#0074d9",
    "#ff4136",
    "#2ecc40",
    "#ffdc00",
    "#aaaaaa",
    "#f012be",
    "#ff851b",
    "#7fdbff",
    "#870c25",
)
"""Colours 0..9 as the ARC Prize shows them."""
_PADDING = ("#f4f4f4", "#dcdcdc")
"""Pad and end tokens."""
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
            draw_tokens(axes, np.array(grid) + len(_PADDING))
        axes.set_title(f"{task}: {title}" if title == "input" else title if grid else "target unknown", fontsize=9)
    for axes, answer in zip(row[2:], fared.best, strict=False):
        draw_tokens(axes, np.array(answer.grid) + len(_PADDING))
        verdict = "" if output is None else "right, " if answer.grid == output else "wrong, "
        axes.set_title(f"{verdict}{answer.votes} of {fared.num_votes} votes", fontsize=9)


def draw_tokens(axes: Any, tokens: NDArray[np.integer]) -> None:
    """Draw tokens [R, C] of the ARC vocabulary as coloured cells."""
    from matplotlib.colors import ListedColormap

    palette = (*_PADDING, *COLOURS)
    axes.imshow(tokens, cmap=ListedColormap(palette), vmin=0, vmax=len(palette) - 1, interpolation="nearest")
    rows, columns = tokens.shape
    lines = {"color": "#555555", "linewidth": 0.3}
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, **lines)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, **lines)
