"""Muon: momentum whose update is orthogonalised by a few Newton-Schulz steps, for the matrices inside the blocks."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Quintic Newton-Schulz coefficients (Jordan et al., "Muon", 2024)."""


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
