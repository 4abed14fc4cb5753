"""How a network with a vector for every candidate reads a state of candidates, and what it says of one.

A candidate that is excluded is marked by a vector; whether one is kept is read from its own vector; whether the state
has lost its solution from the mean and from the largest of each number over all candidates, as a contradiction may lie
in a single cell. None of it knows a place or a digit, so symmetries of the puzzle stay what they were.

Shapes: B batch, S = n * n cells, D width; latents are [n**3, B, D], candidates by cell and digit.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..widening import wide
from .layers import trunc_normal


class CandidateHeads(nn.Module):
    """The weights of all this, about four vectors.

    Args:
        width: D.
        generator: the source of the initial weights, on the CPU.
    """

    def __init__(self, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.excluded = nn.Parameter(trunc_normal((width,), 1.0, generator))
        self.keep = nn.Parameter(trunc_normal((1, width), 1 / math.sqrt(width), generator))
        self.keep_bias = nn.Parameter(torch.zeros(1))
        self.contradiction = nn.Parameter(torch.zeros(1, 2 * width))
        self.contradiction_bias = nn.Parameter(torch.zeros(1))

    def mark(self, x: Tensor, candidates: Tensor) -> Tensor:
        """What a puzzle says of candidates, `x` [n**3, B, D], and a mark on those not in `candidates` [B, S, n]."""
        excluded = ~candidates.flatten(1).T.unsqueeze(-1)
        return x + excluded * self.excluded.to(x.dtype)

    def forward(self, z: Tensor, digit_head: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """What latents say, float32 or wider: see `net.Deduction`.

        Args:
            z: [n**3, B, D].
            digit_head: [1, D], by which the network reads digits off latents.
            n: digits.

        Returns:
            Logits [B, S, n] of keeping, [B, S, n] of digits, [B] of contradiction.
        """
        read = torch.cat((self.keep, digit_head)).to(z.dtype)
        keep, digits = wide(F.linear(z, read)).view(n * n, n, z.shape[1], 2).permute(3, 2, 0, 1)
        whole = wide(torch.cat((z.mean(0), z.amax(0)), dim=-1))
        lost = F.linear(whole, self.contradiction.to(whole.dtype), self.contradiction_bias.to(whole.dtype))
        return keep + self.keep_bias.to(keep.dtype), digits, lost.squeeze(-1)
