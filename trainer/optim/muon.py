"""Muon: momentum whose update is orthogonalised by a few Newton-Schulz steps, for the matrices of a network's core.

All that it does not train (embeddings, heads, biases) AdamW does.

Matrices of one shape, or of that shape turned on its side, are orthogonalised as one batch: a TRM's eight matrices are
two to four batched products a Newton-Schulz step. On a GPU the products run in bfloat16, for which the coefficients are
made; a CPU computes them in the dtype of the weights.

Shapes: N matrices of one shape, R rows, C columns.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..checks import at_least, below_one, betas
from ..models import Network
from ..parts import Part, later
from .adamw import fastest_adamw
from .gradients import gradients_of, with_gradients

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Quintic Newton-Schulz coefficients (Jordan et al., "Muon", 2024)."""
_MOST_STEPS = 100
"""Newton-Schulz steps: five are usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MuonConfig:
    """Settings of Muon and of the AdamW beside it.

    Attributes:
        lr: learning rate of AdamW, which trains all but the core's matrices.
        matrix_lr: learning rate of Muon, which trains the core's matrices.
        betas: decay rates of AdamW's moments, each from 0 to below 1.
        momentum: decay rate of Muon's momentum.
        weight_decay: decoupled decay of both; a step takes the learning rate times it of each weight.
        num_steps: Newton-Schulz steps that orthogonalise an update of a matrix.
        nesterov: whether Muon looks ahead, mixing the gradient into the momentum once more.
    """

    lr: float = 1e-4
    matrix_lr: float = 0.02
    betas: tuple[float, float] = (0.9, 0.95)
    momentum: float = 0.9
    weight_decay: float = 1.0
    num_steps: int = later(5)
    nesterov: bool = later(True)

    def __post_init__(self) -> None:
        at_least(0, self, "optimiser", "lr", "matrix_lr", "weight_decay")
        at_least(1, self, "optimiser", "num_steps", most=_MOST_STEPS)
        below_one(self, "optimiser", "momentum")
        betas(self.betas)


def orthogonalise(matrices: Tensor, num_steps: int) -> Tensor:
    """Matrices near the orthogonal factors U V^T of `matrices`: singular values within about 0.7 to 1.2.

    Args:
        matrices: float [..., R, C].
        num_steps: Newton-Schulz steps; five are usual.
    """
    a, b, c = _COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    # Of a tall matrix the product with its transpose is the larger one; so the transpose is orthogonalised.
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(num_steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = x.mT if tall else x
    return result


def orthogonalise_all(matrices: Sequence[Tensor], num_steps: int) -> list[Tensor]:
    """`orthogonalise` for each of `matrices`, all of a shape (or its transpose) as one batch.

    Args:
        matrices: float [R, C] each, of any shapes.
        num_steps: Newton-Schulz steps.

    Returns:
        Float [R, C] each, of the dtypes of `matrices`.
    """
    batches: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, matrix in enumerate(matrices):
        batches[(*sorted(matrix.shape), matrix.dtype, matrix.device)].append(place)
    found: dict[int, Tensor] = {}
    for places in batches.values():
        wide = torch.stack([_turned(matrices[place]) for place in places])
        dtype = torch.bfloat16 if wide.device.type == "cuda" else wide.dtype
        updates = orthogonalise(wide.to(dtype), num_steps).to(wide.dtype)
        found.update(zip(places, updates.unbind(), strict=True))
    return [
        found[place].T if matrix.shape[0] > matrix.shape[1] else found[place] for place, matrix in enumerate(matrices)
    ]


def _turned(matrix: Tensor) -> Tensor:
    """The matrix or its transpose, whichever is wide."""
    return matrix.T if matrix.shape[0] > matrix.shape[1] else matrix


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay.

    Args:
        params: matrices, or parameter groups of them.
        lr: learning rate; an update's spectral norm is about lr * sqrt(max(1, rows / columns)).
        momentum: decay rate of the momentum.
        num_steps: Newton-Schulz steps.
        nesterov: whether the update looks ahead: the gradient and the momentum after it, mixed once more.
        weight_decay: decoupled decay; a step takes ``lr * weight_decay`` of each weight.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.02,
        momentum: float = 0.9,
        num_steps: int = 5,
        nesterov: bool = True,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "num_steps": num_steps,
                "nesterov": nesterov,
                "weight_decay": weight_decay,
            },
        )

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take one step along the gradients; matrices without one are left alone."""
        assert closure is None, "a closure is never used here"
        for group in self.param_groups:
            matrices = with_gradients(group)
            if matrices:
                self._update(matrices, group)

    def _update(self, matrices: list[Tensor], group: dict[str, Any]) -> None:
        gradients, momentum = gradients_of(matrices), group["momentum"]
        averages = [self._average_of(matrix) for matrix in matrices]
        torch._foreach_lerp_(averages, gradients, 1 - momentum)
        directions = torch._foreach_lerp(gradients, averages, momentum) if group["nesterov"] else averages
        updates = orthogonalise_all(directions, group["num_steps"])
        torch._foreach_mul_(updates, [max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5 for matrix in matrices])
        torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(matrices, updates, alpha=-group["lr"])

    def _average_of(self, matrix: Tensor) -> Tensor:
        """The momentum of a matrix, 0 before its first gradient."""
        state = self.state[matrix]
        if not state:
            state["momentum"] = torch.zeros_like(matrix)
        average: Tensor = state["momentum"]
        return average


def build(config: MuonConfig, net: nn.Module) -> list[torch.optim.Optimizer]:
    """AdamW, then Muon for the matrices of the network's core; one of them alone where the other has nothing to do."""
    core = {id(parameter) for parameter in cast(Network, net).core.parameters() if parameter.ndim == 2}
    matrices = [parameter for parameter in net.parameters() if id(parameter) in core]
    others = [parameter for parameter in net.parameters() if id(parameter) not in core]
    optimisers: list[torch.optim.Optimizer] = []
    if others:
        optimisers.append(fastest_adamw(others, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay))
    if matrices:
        optimisers.append(
            Muon(
                matrices,
                lr=config.matrix_lr,
                momentum=config.momentum,
                num_steps=config.num_steps,
                nesterov=config.nesterov,
                weight_decay=config.weight_decay,
            )
        )
    return optimisers


PART = Part(config=MuonConfig, build=build)
