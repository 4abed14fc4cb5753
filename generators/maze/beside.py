"""Whether marks are a shortest path, by operators that NumPy's arrays and torch's tensors share.

Shapes: N mazes, C = n * n cells.
"""

from typing import Any

from .grids import GOAL, OPEN, PATH, START


def is_shortest(inputs: Any, labels: Any, answers: Any, size: int) -> Any:
    """bool [N]: whether answers are their mazes with a shortest path, the one of the label or another.

    There are as many marks as in the label, on open cells; each touches two others or ends, and each end one. So what
    hangs together with the start is a path to the goal, with as many marks as a shortest one or more; the marks that
    are left would be closed rings, and none are left. And no shortest path touches itself, so all of them pass.

    Args:
        inputs: whole numbers [N, C].
        labels: the same, right.
        answers: the same.
        size: n.
    """
    marked, ends = answers == PATH, (inputs == START) | (inputs == GOAL)
    keeps = (answers == inputs) | (marked & (inputs == OPEN))
    touching = _neighbours(marked | ends, size)
    fits = keeps & (~marked | (touching == 2)) & (~ends | (touching == 1))
    as_many = marked.sum(-1) == (labels == PATH).sum(-1)
    return fits.all(-1) & as_many


def _neighbours(chosen: Any, size: int) -> Any:
    """How many of the cells beside each are among `chosen`, bool [N, C]; whole numbers [N, C]."""
    board = chosen.reshape(-1, size, size) * 1
    found = board * 0
    found[:, 1:] += board[:, :-1]
    found[:, :-1] += board[:, 1:]
    found[:, :, 1:] += board[:, :, :-1]
    found[:, :, :-1] += board[:, :, 1:]
    return found.reshape(-1, size * size)
