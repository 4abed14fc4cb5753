"""Anchors: in training a puzzle may start at its own answer with some cells wrong, to learn what an answer settles to.

A network that has seen such starts puts wrong cells right and leaves right ones, so wrong answers do not rest, and of
several restarts the one that moves least is the right one. What is drawn is a function of the keys, see `models.noise`.

Shapes: B rows, S cells.
Source: Fixed-Point-Reasoner-Structures (its code), where a quarter of the rows of a step are asked once more so.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import SettingError
from ..models.noise import uniform

_CHOSEN, _RATE, _SPOILED, _OTHER = ((1 << 32) - number for number in range(7, 11))
"""Numbers of draws, below those of `hints`: which puzzles, how many cells are wrong, which, and what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """Which puzzles start at their answers.

    Attributes:
        share: of the puzzles, 0 to 1.
        wrong: most of the open cells of such a puzzle that hold a digit drawn at random, as a share; how many is drawn
            evenly from 0 up to it.
    """

    share: float = 0.0
    wrong: float = 0.2


def check_anchors(net: Any, anchors: Anchors) -> None:
    """Look whether a network can start at answers, where any puzzle does.

    Raises:
        SettingError: it cannot.
    """
    if anchors.share and not hasattr(net, "at_answers"):
        raise SettingError(
            "learner.anchors asks for a network that can start at an answer, which this one cannot; "
            "set learner.anchors=0 or another model.name"
        )


def chosen(keys: Tensor, anchors: Anchors) -> Tensor:
    """Bool [B], of the puzzles that start at their answers, by their keys int64 [B]."""
    return uniform(keys, _CHOSEN, 1)[:, 0] < anchors.share


def spoiled(inputs: Tensor, labels: Tensor, keys: Tensor, digits: range, anchors: Anchors) -> Tensor:
    """`labels` int64 [B, S], in which some cells that the puzzle leaves open hold any digit, the right one among them.

    Args:
        inputs: int64 [B, S].
        labels: int64 [B, S].
        keys: int64 [B], what is drawn from.
        digits: the tokens of digits; a cell of `inputs` that holds another one is open.
        anchors: how many cells.
    """
    is_open = (inputs < digits.start) | (inputs >= digits.stop)
    rate = anchors.wrong * uniform(keys, _RATE, 1)
    any_digit = digits.start + (uniform(keys, _OTHER, inputs.shape[1]) * len(digits)).long()
    return torch.where(is_open & (uniform(keys, _SPOILED, inputs.shape[1]) < rate), any_digit, labels)
