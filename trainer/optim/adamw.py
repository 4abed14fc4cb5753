"""AdamW, torch's own, with the update fused into one pass over a parameter where the device has that.

On one core of a CPU, milliseconds of a step for the parameters of the two-layer mixer (benchmarks/optim_step.py has the
peer and prints them anew): width 128, 2.2 parameter by parameter, 2.0 by foreach, 0.5 fused; width 512, 31, 28 and 4.
The fused form also keeps its count of steps on the device, so that a step never waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..checks import at_least, betas
from ..parts import Part

_FUSED = ("cpu", "cuda", "mps")
"""Kinds of devices for which torch has a fused AdamW; the meta device, on which sizes are found, is none."""


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


def fastest_adamw(
    parameters: Sequence[Tensor], *, lr: float, betas: tuple[float, float], weight_decay: float
) -> torch.optim.AdamW:
    """torch's AdamW in the fastest form that there is for the device of `parameters`.

    Args:
        parameters: to train, all on one device; at least one.
        lr: learning rate.
        betas: decay rates of the two moments.
        weight_decay: decoupled decay; a step takes ``lr * weight_decay`` of each weight.
    """
    fused = all(parameter.device.type in _FUSED and parameter.is_floating_point() for parameter in parameters)
    form = {"fused": True} if fused else {"foreach": True}
    return torch.optim.AdamW(parameters, lr=lr, betas=betas, weight_decay=weight_decay, **form)


def build(config: AdamWConfig, net: nn.Module) -> list[torch.optim.Optimizer]:
    """AdamW for all parameters."""
    parameters = list(net.parameters())
    return [fastest_adamw(parameters, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay)]


PART = Part(config=AdamWConfig, build=build)
