"""AdamATan2 in plain torch: Adam whose update is atan2(m, sqrt(v)), so it is bounded and has no epsilon."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..checks import at_least, betas
from ..parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamATan2Config:
    """Settings of AdamATan2; the defaults are the published Sudoku-Extreme ones.

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


class AdamATan2(torch.optim.Optimizer):
    """AdamATan2 with decoupled weight decay.

    Args:
        params: parameters or parameter groups.
        lr: learning rate.
        betas: decay rates of the two moments.
        weight_decay: decoupled decay; a step takes ``lr * weight_decay`` of each weight.

    Source: Everett et al., "Scaling exponents across parameterizations and optimizers", arXiv 2407.05872, with
    a = b = 1 as in the published ``adam_atan2``.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.95),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take one step along the gradients; parameters without one are left alone."""
        assert closure is None, "a closure is never used here"
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        beta1, beta2 = group["betas"]
        gradient = parameter.grad
        assert gradient is not None
        state["exp_avg"].lerp_(gradient, 1 - beta1)
        state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        mean = state["exp_avg"] / (1 - beta1 ** state["step"])
        deviation = (state["exp_avg_sq"] / (1 - beta2 ** state["step"])).sqrt_()
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(torch.atan2(mean, deviation), alpha=-group["lr"])


def build(config: AdamATan2Config, net: nn.Module) -> list[torch.optim.Optimizer]:
    """AdamATan2 for all parameters."""
    return [AdamATan2(net.parameters(), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay)]


PART = Part(config=AdamATan2Config, build=build)
