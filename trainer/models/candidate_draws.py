"""What an equivariant cell draws for the candidates of a list in a supervision step of training; see `noise`.

Shapes: B puzzles, M candidates in the list, D width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .candidate_lists import CandidateList
from .noise import normal_at, picked

_LEFT_OUT, _FIRST_CALL = 1, 1 << 16
"""Numbers of draws: what the first layer leaves out, the others count on; and the noise of the first call."""


@dataclass(frozen=True, slots=True)
class CandidateDraws:
    """Draws for the candidates of a list: what a candidate draws depends neither on the others nor on the list.

    Attributes:
        keys: int64 [B], of the supervision step.
        candidates: int64 [M], the number of each in its puzzle, below n**3.
        puzzles: int64 [M], the row of each.
    """

    keys: Tensor
    candidates: Tensor
    puzzles: Tensor

    @classmethod
    def of(cls, among: CandidateList, keys: Tensor, num_candidates: int) -> "CandidateDraws":
        """Draws for a list of puzzles that have `num_candidates` each, n**3."""
        batch = len(keys)
        places = among.numbers(batch * num_candidates)
        return cls(keys, places // batch, places % batch)

    def left_out(self, layer: int, inner: int, chance: float) -> Tensor:
        """Which inner numbers a layer leaves out, bool [M, inner], the same for all candidates of a puzzle."""
        return picked(self.keys, _LEFT_OUT + layer, inner, chance)[self.puzzles]

    def normal(self, call: int, width: int, dtype: torch.dtype) -> Tensor:
        """Standard normal values [M, D] for a call, other ones for every candidate."""
        return normal_at(self.keys, _FIRST_CALL + call, (self.candidates, self.puzzles), width, dtype)
