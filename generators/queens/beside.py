"""Whether boards are completed, by operators that NumPy's arrays and torch's tensors share.

Shapes: N boards, C = n * n cells.
"""

from typing import Any

from .boards import EMPTY, OPEN, QUEEN


def is_completed(inputs: Any, answers: Any, size: int) -> Any:
    """bool [N]: whether answers keep what their boards show, and are queens that do not attack each other, n of them.

    Args:
        inputs: whole numbers [N, C].
        answers: the same.
        size: n.
    """
    keeps = ((answers == EMPTY) | (answers == QUEEN)) & ((inputs == OPEN) | (inputs == answers))
    queens = (answers == QUEEN).reshape(-1, size, size)
    right = keeps.all(-1) & (queens.sum(2) == 1).all(-1) & (queens.sum(1) == 1).all(-1)
    for apart in range(1, size):
        above, below = queens[:, :-apart], queens[:, apart:]
        falling = above[:, :, :-apart] & below[:, :, apart:]
        rising = above[:, :, apart:] & below[:, :, :-apart]
        right = right & ~(falling | rising).reshape(-1, (size - apart) ** 2).any(-1)
    return right
