"""Hints: in training a puzzle may show some of its answer, so that a thousand puzzles are many more, easier ones too.

When a puzzle is taken up, it may stay as it is; else a share of its cells, drawn up to a limit, show what their label
says. To a learner that has to know when a puzzle cannot be solved any more some may show it wrongly. What is drawn is a
function of the keys, see `models.noise`.

Shapes: B rows, S sequence.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from trmpipe.generators.task import PAD

from ..models.noise import uniform

_SHARE, _CELLS, _WRONG, _RATE, _SPOILED, _OTHER = (  # Of hints: whether and how much, which; of wrong ones likewise.
    (1 << 32) - number for number in range(1, 7)
)
"""Numbers of draws, far above those of networks."""
_LEAST_WRONG, _MOST_WRONG = 0.01, 0.3
"""Share of a puzzle's hints that are wrong where some are, from and up to; source: LDT's code (arXiv 2605.08605)."""


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
    drawn = uniform(keys, _SHARE, 1)
    # Below 0 for the puzzles that are left as they are.
    drawn = (drawn - (1 - hints.share)) / hints.share
    shown = torch.where(drawn > 0, hints.most * drawn.clamp(min=0) ** hints.power, 0)
    cells = uniform(keys, _CELLS, inputs.shape[1])
    return torch.where((cells < shown) & (labels != PAD), labels, inputs)


def with_mistakes(hinted: Tensor, plain: Tensor, keys: Tensor, digits: range, chance: float) -> Tensor:
    """`hinted` int64 [B, S], in some puzzles of which some hints are another digit, one at least.

    Args:
        hinted: int64 [B, S], puzzles with their hints, from `with_hints`.
        plain: int64 [B, S], the same without.
        keys: int64 [B], what is drawn from.
        digits: the tokens of digits, two or more.
        chance: that a puzzle with hints has wrong ones.
    """
    is_hint = hinted != plain
    drawn = torch.where(is_hint, uniform(keys, _SPOILED, hinted.shape[1]), 2.0)
    rate = _LEAST_WRONG + (_MOST_WRONG - _LEAST_WRONG) * uniform(keys, _RATE, 1)
    spoiled = is_hint & ((drawn < rate) | (drawn == drawn.amin(1, keepdim=True)))
    spoiled &= uniform(keys, _WRONG, 1) < chance
    steps = 1 + (uniform(keys, _OTHER, hinted.shape[1]) * (len(digits) - 1)).long()
    other = digits.start + (hinted - digits.start + steps) % len(digits)
    return torch.where(spoiled, other, hinted)
