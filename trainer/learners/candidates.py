"""States of candidates: which digits are still possible in every cell of a puzzle.

Digits are numbered from 0 here; as tokens they are a range that the network names.

Shapes: B states, S cells, N digits; states are bool [B, S, N].
"""

import torch
from torch import Tensor

_UNLIKELY = 1e4
"""What is taken off the logit of a candidate that is excluded, and twice of a token that is no digit."""


def is_given(inputs: Tensor, digits: range) -> Tensor:
    """Which cells of `inputs` [B, S] hold a digit: bool [B, S]."""
    return (inputs >= digits.start) & (inputs < digits.stop)


def those_of(tokens: Tensor, digits: range) -> Tensor:
    """The candidates that `tokens` [B, S] are, one a cell and none where a cell holds no digit."""
    return tokens.unsqueeze(-1) == torch.arange(digits.start, digits.stop, device=tokens.device)


def first_state(inputs: Tensor, digits: range) -> Tensor:
    """What is possible before anything is deduced: what is given, and elsewhere everything."""
    return those_of(inputs, digits) | ~is_given(inputs, digits).unsqueeze(-1)


def has_lost(candidates: Tensor, solution: Tensor) -> Tensor:
    """Whether some candidate of the solution [B, S, N] is excluded: bool [B]."""
    return (solution & ~candidates).flatten(1).any(1)


def is_complete(candidates: Tensor) -> Tensor:
    """Whether every cell has one candidate: bool [B]."""
    return (candidates.sum(-1) == 1).all(1)


def is_broken(candidates: Tensor) -> Tensor:
    """Whether some cell has no candidate: bool [B]."""
    return ~candidates.any(-1).all(1)


def answer_logits(candidates: Tensor, logits: Tensor, digits: range) -> Tensor:
    """Logits [B, S, V] of all tokens: the likeliest is a cell's only candidate, or the likeliest one of several.

    Of a cell without candidates it is the likeliest digit of all.

    Args:
        candidates: the states.
        logits: [B, S, N] of the digits.
        digits: which tokens they are.
    """
    least = logits.amin((1, 2), keepdim=True) - 2 * _UNLIKELY
    others = least.expand(*logits.shape[:2], digits.start)
    return torch.cat((others, logits - _UNLIKELY * ~candidates), dim=-1)
