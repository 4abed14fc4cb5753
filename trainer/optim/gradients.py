"""What optimisers take in one go: the parameters of a group that have a gradient."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor


def with_gradients(group: dict[str, Any]) -> list[Tensor]:
    """The parameters of a parameter group that have a gradient, in their order; a step leaves the others alone."""
    return [parameter for parameter in group["params"] if parameter.grad is not None]


def gradients_of(parameters: Sequence[Tensor]) -> list[Tensor]:
    """The gradient of each parameter, all of which have one."""
    return [parameter.grad for parameter in parameters if parameter.grad is not None]
