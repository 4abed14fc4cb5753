"""Clipping of gradients by their common length, without waiting for the device."""

from collections.abc import Sequence

import torch
from torch import Tensor

_TINY = 1e-6
"""Added to the length before dividing by it, as torch does."""


@torch.no_grad()
def clip_gradients(gradients: Sequence[Tensor], max_norm: float) -> Tensor:
    """Scale `gradients` in place so that their length, as one vector, is `max_norm` at most.

    Shorter ones are multiplied by 1: whether they are is decided on the device and never read by the host. A length
    that is NaN makes all gradients NaN, which shows in the next loss.

    Args:
        gradients: float tensors of any shapes, all on one device; at least one.
        max_norm: the greatest length, above 0.

    Returns:
        The length before, a float tensor without dimensions.

    Source: Pascanu et al., "On the difficulty of training recurrent neural networks", arXiv 1211.5063, section 3.2.
    """
    parts = list(gradients)
    length: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(parts)))
    torch._foreach_mul_(parts, (max_norm / (length + _TINY)).clamp(max=1.0))
    return length
