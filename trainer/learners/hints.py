"""Hints: in training a puzzle may show some of its answer, so that a thousand puzzles are many more, easier ones too.

When a puzzle is taken up, it may stay as it is; else a share of its cells, drawn up to a limit, show what their label
says. What is drawn is a function of the keys, see `models.noise`.

Shapes: B rows, S sequence.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from trmpipe.generators.task import PAD

from ..models.noise import words

_SHARE, _CELLS = (1 << 32) - 1, (1 << 32) - 2
"""Numbers of draws, far above those of networks."""
_ALL = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """How much of their answers puzzles show.

    Attributes:
        most: largest share of the cells of a puzzle, 0 to 1.
        share: share of the puzzles that show any, 0 to 1.
        power: a puzzle shows `most` times u ** power of its cells, u drawn evenly from 0 to 1: above 1, few hints are
            more frequent than many.
    """

    most: float = 0.0
    share: float = 0.5
    power: float = 1.0


def with_hints(inputs: Tensor, labels: Tensor, keys: Tensor, hints: Hints) -> Tensor:
    """`inputs` int64 [B, S], in which some cells hold the token of `labels` instead.

    Args:
        inputs: int64 [B, S].
        labels: int64 [B, S]; pad tokens are shown nowhere.
        keys: int64 [B], what is drawn from.
        hints: how much is shown.
    """
    if not (hints.most and hints.share):
        return inputs
    drawn = words(keys, _SHARE, 1, 1).view(-1, 1).double() / _ALL
    # Below 0 for the puzzles that are left as they are.
    drawn = (drawn - (1 - hints.share)) / hints.share
    shown = torch.where(drawn > 0, hints.most * drawn.clamp(min=0) ** hints.power, 0)
    cells = words(keys, _CELLS, inputs.shape[1], 1).squeeze(-1).T.double() / _ALL
    return torch.where((cells < shown) & (labels != PAD), labels, inputs)
