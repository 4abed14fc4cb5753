"""Several answers of a network that draws at random, and the one of them that the network itself prefers.

Which one is decided for every puzzle, and after every step anew from what was known by then: the labels have no say.

Shapes: B puzzles, S sequence.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trmpipe.generators.errors import OptionError

from ..learners import Answer

HALT = "halt"
RESIDUAL = "residual"
CHOICES = {HALT: "the largest halting logit", RESIDUAL: "the smallest residual"}
"""What restarts may be chosen by, in words."""

_RESIDUAL_STEPS = 3
"""Steps whose residuals are averaged. EqR (arXiv 2605.21488) takes the last three too; its code measures how far logits
move from step to step, and here it is the latents, as a share of their length."""


class Choice(NamedTuple):
    """What is chosen after one step.

    Attributes:
        tokens: uint8 [B, S].
        halt: float32 [B], halting logits of these answers; None where the learner has no such thing.
        worth: float32 [B], by which they were chosen.
    """

    tokens: Tensor
    halt: Tensor | None
    worth: Tensor


def choose_answers(restarts: Iterable[Iterable[Answer]], by: str) -> list[Choice]:
    """The chosen answers after every step; of equal ones the restart that came first.

    Args:
        restarts: the answers of each restart after every step, one restart or more; they are read one after the other.
        by: one of `CHOICES`.

    Raises:
        OptionError: the network tells nothing that they could be chosen by.
    """
    best: list[Choice] = []
    for restart in restarts:
        residuals: list[Tensor] = []
        for step, answer in enumerate(restart):
            if answer.residual is not None:
                residuals.append(answer.residual)
            found = Choice(answer.tokens.to(torch.uint8), answer.halt, _worth(answer, residuals, by))
            if step == len(best):
                best.append(found)
            else:
                best[step] = _better(best[step], found)
    return best


def _worth(answer: Answer, residuals: Sequence[Tensor], by: str) -> Tensor:
    if by == HALT:
        if answer.halt is None:
            raise OptionError("the model has no halting logit to choose restarts by; take --choose residual")
        return answer.halt
    if answer.residual is None:
        raise OptionError("the model has no state, and no residual to choose restarts by; take --choose halt")
    return -torch.stack(list(residuals[-_RESIDUAL_STEPS:])).mean(0)


def _better(one: Choice, other: Choice) -> Choice:
    """Puzzle by puzzle, `one` where `other` is not worth more."""
    more = other.worth > one.worth
    halt = one.halt if one.halt is None or other.halt is None else torch.where(more, other.halt, one.halt)
    return Choice(torch.where(more[:, None], other.tokens, one.tokens), halt, torch.where(more, other.worth, one.worth))
