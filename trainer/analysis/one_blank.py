"""``one-blank``: does the network fail on puzzles that a child solves?

The solution of every puzzle is given but for one cell, which is drawn by a digest of the puzzle from the cells that the
puzzle left open. It makes sense where solutions can be read as puzzles: where a token asks for a cell, given cells
stand in the answer as they are, and what stands in open cells is what given ones may show. Source: arXiv 2601.10679.

Shapes: N puzzles, S sequence.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trmpipe.shards import Examples

from ..keys import example_keys
from .columns import flag, share, whole
from .measure import Measure, Measured, NotMeasuredError, Subject

COLUMNS = {
    "puzzle": whole("place among the puzzles analysed, from 0"),
    "cell": whole("the one that is blank, row by row from 0"),
    "right": flag("whether the answer counts as right"),
    "cell_right": flag("whether the blank cell is as the label says"),
    "others_kept": share("cells that are given and stand in the answer as they are"),
    "solved_whole": flag("whether the network solves the puzzle itself"),
}


def one_blank(examples: Examples, blank: int | None) -> tuple[Examples, NDArray[np.int64]]:
    """The puzzles' solutions with one cell blank, and int64 [N], which cell that is.

    Args:
        examples: puzzles that leave a cell open, with their solutions.
        blank: the token that asks for a cell; None where there is none.

    Raises:
        NotMeasuredError: solutions cannot be read as puzzles.
    """
    inputs, labels = examples.inputs, examples.labels
    if blank is None:
        raise NotMeasuredError("no token of this task asks for a cell, so that a solution with one blank is no puzzle")
    given = inputs != blank
    if (labels == blank).any():
        raise NotMeasuredError("a solution may leave a cell as the puzzle shows it, so one with a blank asks nothing")
    if (inputs != labels)[given].any():
        raise NotMeasuredError("given cells do not stand in the answer as they are, so a solution is no puzzle")
    if not np.isin(np.unique(labels[~given]), np.unique(inputs[given])).all():
        raise NotMeasuredError("solutions hold what puzzles never show, so one with a blank is no puzzle of this task")
    if given.all(1).any():
        raise NotMeasuredError("a puzzle leaves no cell open")
    counts = (~given).sum(1)
    drawn = example_keys(inputs, 0).view(np.uint64) % counts.astype(np.uint64)
    cells = (np.cumsum(~given, axis=1) > drawn[:, None].astype(np.int64)).argmax(1)
    asked = labels.copy()
    asked[np.arange(len(cells)), cells] = blank
    return replace(examples, inputs=asked), cells


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    task = subject.task
    if task is None:
        raise NotMeasuredError("the task's code is not installed, which says by which token it asks for a cell")
    asked, cells = one_blank(subject.examples, task.blank)
    trace = subject.ask(asked, "one blank")
    answers, everyone = trace.answers[trace.own - 1], np.arange(len(cells))
    as_label = answers == asked.labels
    others = np.ones_like(as_label)
    others[everyone, cells] = False
    table = {
        "puzzle": everyone,
        "cell": cells,
        "right": trace.solved_by_run,
        "cell_right": as_label[everyone, cells],
        "others_kept": (as_label & others).sum(1) / others.sum(1),
        "solved_whole": subject.trace.solved_by_run,
    }
    fails, number = ~table["right"], len(cells)
    solved = table["solved_whole"]
    words = f"{table['right'].mean():.1%} of {number:,} puzzles solved where all but one cell are given"
    more = f"; of the {solved.sum():,} solved as they are, {(fails & solved).sum():,} fail so" if solved.any() else ""
    return Measured(
        table=table,
        headline={
            "right": float(table["right"].mean()),
            "cell_right": float(table["cell_right"].mean()),
            "solved_but_fails": float(fails[solved].mean()) if solved.any() else float("nan"),
        },
        lines=(f"{words} ({table['cell_right'].mean():.1%} of the blank cells right){more}",),
    )


MEASURE = Measure(
    name="one-blank",
    title="Puzzles with one blank",
    says="Whether the network solves its puzzles when all but one of their cells are given.",
    columns=COLUMNS,
    measure=measure,
)
