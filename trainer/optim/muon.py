"""Muon: momentum whose update is orthogonalised by a few Newton-Schulz steps, for the matrices of a network's core.

All that it does not train (embeddings, heads, biases) AdamW does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..checks import at_least, betas, share
from ..models import Network
from ..parts import Part

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Quintic Newton-Schulz coefficients (Jordan et al., "Muon", 2024)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MuonConfig:
    """Settings of Muon and of the AdamW beside it.

    Attributes:
        lr: learning rate of AdamW, which trains all but the core's matrices.
        matrix_lr: learning rate of Muon, which trains the core's matrices.
        betas: decay rates of AdamW's moments, each from 0 to below 1.
        momentum: decay rate of Muon's momentum.
        weight_decay: decoupled decay of both; a step takes the learning rate times it of each weight.
    """

    lr: float = 1e-4
    matrix_lr: float = 0.02
    betas: tuple[float, float] = (0.9, 0.95)
    momentum: float = 0.9
    weight_decay: float = 1.0

    def __post_init__(self) -> None:
        at_least(0, self, "optimiser", "lr", "matrix_lr", "weight_decay")
        share(self, "optimiser", "momentum")
        betas(self.betas)


def orthogonalise(matrix: Tensor, num_steps: int) -> Tensor:
    """A matrix near the orthogonal factor U V^T of `matrix` [R, C]: singular values within about 0.7 to 1.2.

    Args:
        matrix: float [R, C].
        num_steps: Newton-Schulz steps; five are usual.
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(num_steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = x.T if tall else x
    return result


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay.

    Args:
        params: matrices, or parameter groups of them.
        lr: learning rate; an update's spectral norm is about lr * sqrt(max(1, rows / columns)).
        momentum: decay rate of the momentum.
        num_steps: Newton-Schulz steps.
        weight_decay: decoupled decay; a step takes ``lr * weight_decay`` of each weight.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.02,
        momentum: float = 0.9,
        num_steps: int = 5,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "num_steps": num_steps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take one step along the gradients; matrices without one are left alone."""
        assert closure is None, "a closure is never used here"
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        gradient, momentum = parameter.grad, group["momentum"]
        assert gradient is not None
        state["momentum"].lerp_(gradient, 1 - momentum)
        update = orthogonalise(gradient.lerp(state["momentum"], momentum), group["num_steps"])
        scale = max(1.0, parameter.shape[0] / parameter.shape[1]) ** 0.5
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update, alpha=-group["lr"] * scale)


def build(config: MuonConfig, net: nn.Module) -> list[torch.optim.Optimizer]:
    """AdamW, then Muon for the matrices of the network's core; one of them alone where the other has nothing to do."""
    core = {id(parameter) for parameter in cast(Network, net).core.parameters() if parameter.ndim == 2}
    matrices = [parameter for parameter in net.parameters() if id(parameter) in core]
    others = [parameter for parameter in net.parameters() if id(parameter) not in core]
    optimisers: list[torch.optim.Optimizer] = []
    if others:
        optimisers.append(torch.optim.AdamW(others, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay))
    if matrices:
        optimisers.append(
            Muon(matrices, lr=config.matrix_lr, momentum=config.momentum, weight_decay=config.weight_decay)
        )
    return optimisers


PART = Part(config=MuonConfig, build=build)
