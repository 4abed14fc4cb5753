"""How much a recursive network still moves.

Shapes: B batch, S sequence, D width.
"""

import torch
from torch import Tensor

from ..models import Latents


def residual(before: Latents, after: Latents) -> Tensor:
    """How far a step moved all latents together, as a share of their length: float32 [B]; latents are [S, B, D]."""
    moved = sum(_squares(z.float() - before[name].float()) for name, z in after.items())
    length = sum(_squares(z.float()) for z in after.values())
    return torch.as_tensor(moved / length).sqrt()


def _squares(z: Tensor) -> Tensor:
    return z.square().sum((0, 2))
