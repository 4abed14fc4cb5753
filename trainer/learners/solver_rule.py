"""The solver's rule: what becomes of a state of candidates after a network has looked at it.

Candidates that are likely wrong go. Where the state is then neither contradictory nor complete, an open cell is drawn
and set to a digit, which is drawn too, by what the network thinks of it. Only this second half may guess; training and
search take both halves, a plain answer the first alone.

All that is drawn is a function of a key, see `models.noise`.

Shapes: B states, S cells, N digits.
Source: Lattice Deduction Transformers, arXiv 2605.08605.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..models.net import Deduction
from ..models.noise import words
from .candidates import is_broken, is_complete

_CELL, _DIGIT = 1 << 31, (1 << 31) + 1
"""Numbers of draws, beyond those of any network."""
_UNIFORM_BITS = 23
"""Odd numbers of so many bits and one more are exact in float32."""


class Deduced(NamedTuple):
    """States after the first half of the rule.

    Attributes:
        candidates: bool [B, S, N], those of before or fewer.
        contradictory: bool [B], by the network's word or because a cell is empty.
        complete: bool [B], whether every cell has one candidate, and the state is not contradictory.
    """

    candidates: Tensor
    contradictory: Tensor
    complete: Tensor

    @property
    def undecided(self) -> Tensor:
        """bool [B]: neither contradictory nor complete."""
        return ~(self.contradictory | self.complete)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverRule:
    """The rule and its settings.

    Attributes:
        eliminate_below: chance of being right below which a candidate goes.
        contradiction_above: chance of a lost solution above which a state is contradictory.
        temperature: by which the logits of digits are divided before one is drawn.
    """

    eliminate_below: float
    contradiction_above: float
    temperature: float

    def deduce(self, candidates: Tensor, given: Tensor, said: Deduction) -> Deduced:
        """The first half: take away what is likely wrong, but nothing that the puzzle shows.

        Args:
            candidates: bool [B, S, N].
            given: bool [B, S], cells that the puzzle shows.
            said: by the network after all its loops, without an axis for them.
        """
        kept = candidates & ((said.keep.sigmoid() >= self.eliminate_below) | given.unsqueeze(-1))
        contradictory = is_broken(kept) | (said.contradiction.sigmoid() > self.contradiction_above)
        return Deduced(kept, contradictory, is_complete(kept) & ~contradictory)

    def branch(self, deduced: Deduced, logits: Tensor, keys: Tensor) -> Tensor:
        """The second half: set an open cell of every undecided state, all as likely to be drawn.

        Args:
            deduced: the states.
            logits: [B, S, N] of the digits.
            keys: int64 [B].

        Returns:
            bool [B, S, N].
        """
        candidates = deduced.candidates
        cell = _drawn_cell(candidates.sum(-1) > 1, keys)
        index = cell.view(-1, 1, 1)
        possible = torch.take_along_dim(candidates, index, 1).squeeze(1)
        scores = torch.take_along_dim(logits, index, 1).squeeze(1) / self.temperature + _gumbel(keys, logits)
        digit = torch.where(possible, scores, -torch.inf).argmax(-1)
        _, num_cells, num_digits = candidates.shape
        here = torch.arange(num_cells, device=cell.device) == cell.unsqueeze(-1)
        chosen = torch.arange(num_digits, device=cell.device) == digit.unsqueeze(-1)
        sets = (here & deduced.undecided.unsqueeze(-1)).unsqueeze(-1)
        return torch.where(sets, chosen.unsqueeze(1), candidates)


def _drawn_cell(is_open: Tensor, keys: Tensor) -> Tensor:
    """A cell of those that are open, bool [B, S], all of them as likely: int64 [B]; 0 where none is open."""
    drawn = words(keys, _CELL, is_open.shape[1], 1).squeeze(-1).T
    return torch.where(is_open, drawn, -1).argmax(-1)


def _gumbel(keys: Tensor, like: Tensor) -> Tensor:
    """Standard Gumbel noise [B, N] for logits [B, S, N]: the largest of logits plus noise is a draw from softmax."""
    drawn = words(keys, _DIGIT, 1, like.shape[-1]).squeeze(0) >> (32 - _UNIFORM_BITS)
    uniform = (2 * drawn + 1).to(like.dtype) * 2.0 ** -(_UNIFORM_BITS + 1)
    return -torch.log(-torch.log(uniform))
