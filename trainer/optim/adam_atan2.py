"""AdamATan2 in plain torch: Adam whose update is atan2(m, sqrt(v)), so it is bounded and has no epsilon.

As in the published package the first moment's bias is taken out after atan2, of the step's length, and the second's
before: the paper has both before, and its first hundred steps are shorter.

All parameters move together, one operation after the other (torch's foreach), so that on a GPU a step is a few dozen
kernels however many parameters there are; on a CPU it takes the time that a loop over them takes. What is computed of
each number, and in which order, is the same. Steps are counted on the host, so no step waits for the device.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..checks import at_least, betas
from ..parts import Part
from .gradients import gradients_of, with_gradients


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
    a = b = 1 and the order of the package ``adam-atan2`` 0.0.3, which TRM and HRM train with.
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
            parameters = with_gradients(group)
            if parameters:
                self._update(parameters, group)

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        gradients = gradients_of(parameters)
        states = [self._state_of(parameter) for parameter in parameters]
        means, squares = ([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq"))
        beta1, beta2 = group["betas"]
        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - beta2)
        deviations = torch._foreach_sqrt(squares)
        torch._foreach_div_(deviations, [math.sqrt(1 - beta2 ** state["step"]) for state in states])
        # Of atan2 torch has no foreach form.
        updates = [torch.atan2(mean, deviation) for mean, deviation in zip(means, deviations, strict=True)]
        torch._foreach_mul_(updates, [group["lr"] / (1 - beta1 ** state["step"]) for state in states])
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_sub_(parameters, updates)

    def _state_of(self, parameter: Tensor) -> dict[str, Any]:
        """The moments of a parameter, and the number of the step that is being made."""
        state: dict[str, Any] = self.state[parameter]
        if not state:
            state.update(step=0, exp_avg=torch.zeros_like(parameter), exp_avg_sq=torch.zeros_like(parameter))
        state["step"] += 1
        return state


def build(config: AdamATan2Config, net: nn.Module) -> list[torch.optim.Optimizer]:
    """AdamATan2 for all parameters."""
    return [AdamATan2(net.parameters(), lr=config.lr, betas=config.betas, weight_decay=config.weight_decay)]


PART = Part(config=AdamATan2Config, build=build)
