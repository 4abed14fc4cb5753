"""AdamW, torch's own."""

from dataclasses import dataclass

import torch
from torch import nn

from ..checks import at_least, betas
from ..parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamWConfig:
    """Settings of AdamW.

    Attributes:
        lr: learning rate, before the schedule.
        betas: decay rates of the two moments, each from 0 to below 1.
        weight_decay: decoupled decay; a step takes ``lr * weight_decay`` of each weight.
    """

    lr: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 1.0

    def __post_init__(self) -> None:
        at_least(0, self, "optimiser", "lr", "weight_decay")
        betas(self.betas)


def build(config: AdamWConfig, net: nn.Module) -> list[torch.optim.Optimizer]:
    """AdamW for all parameters."""
    return [torch.optim.AdamW(net.parameters(), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay)]


PART = Part(config=AdamWConfig, build=build)
