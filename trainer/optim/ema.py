"""Exponential moving average of a network's weights; evaluation and saved models use the average."""

import copy

import torch
from torch import nn


class EMA:
    """An average of `model`'s parameters that trails it; buffers are shared with it, not averaged.

    A puzzle embedding is a buffer that may have a million rows: a copy would double the memory, and keeping the copy
    up to date would cost more than a step. The published code averages parameters alone, too.

    Args:
        model: the network that is trained.
        decay: weight of the old average in a step.
        warm: while step < about warm * decay / (1 - decay), the average is over fewer steps: the decay is at most
            (1 + step) / (warm + step), so that the random start is forgotten at once. 0 keeps `decay` throughout.
    """

    def __init__(self, model: nn.Module, decay: float, *, warm: int = 0) -> None:
        self.decay, self.warm = decay, warm
        self.model = (
            copy.deepcopy(model, {id(buffer): buffer for buffer in model.buffers()}).eval().requires_grad_(False)
        )

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights of `model` after `step` (from 1)."""
        decay = min(self.decay, (1 + step) / (self.warm + step)) if self.warm else self.decay
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - decay)
