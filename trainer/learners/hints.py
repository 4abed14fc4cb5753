"""Hints: in training a puzzle may show some of its answer, so that a thousand puzzles are many more, easier ones too.

When a puzzle is taken up, it stays as it is half of the time; else a share of its cells, drawn evenly up to a limit,
show what their label says. What is drawn is a function of the keys, see `models.noise`.

Shapes: B rows, S sequence.
"""

import torch
from torch import Tensor

from trmpipe.generators.task import PAD

from ..models.noise import words

_SHARE, _CELLS = (1 << 32) - 1, (1 << 32) - 2
"""Numbers of draws, far above those of networks."""
_ALL = 1 << 32


def with_hints(inputs: Tensor, labels: Tensor, keys: Tensor, most: float) -> Tensor:
    """`inputs` int64 [B, S], in which some cells hold the token of `labels` instead.

    Args:
        inputs: int64 [B, S].
        labels: int64 [B, S]; pad tokens are shown nowhere.
        keys: int64 [B], what is drawn from.
        most: largest share of the cells that hold their label, 0 to 1.
    """
    if not most:
        return inputs
    # From -1 to 1, so that half of the puzzles are left as they are.
    drawn = 2 * words(keys, _SHARE, 1, 1).view(-1, 1).double() / _ALL - 1
    cells = words(keys, _CELLS, inputs.shape[1], 1).squeeze(-1).T.double() / _ALL
    return torch.where((cells < most * drawn) & (labels != PAD), labels, inputs)
