"""A network without its numbers: sizes and shapes on torch's meta device, to know them before any memory is taken."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..models import CorpusSizes
from ..settings.config import TrainConfig
from .build import build_net, build_optimisers

_META = torch.device("meta")
_FILLS = (torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.erfinv_, torch.Tensor.clamp_)
"""Operations on values alone; on the meta device the first one imports torch's compiler, which takes 3 s."""


class _WithoutFilling(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _FILLS:
            return args[0]
        # A generator belongs to the device of its numbers, and here are none.
        return func(*args, **{name: value for name, value in (kwargs or {}).items() if name != "generator"})


@contextmanager
def without_numbers() -> Iterator[None]:
    """While this context is open, new tensors have a shape and a dtype and take no memory."""
    with _META, _WithoutFilling():
        yield


def sketch_net(config: TrainConfig, sizes: CorpusSizes, dtype: torch.dtype) -> nn.Module | None:
    """The network of a config, on the meta device; None for one that cannot be made there.

    Args:
        config: of the run.
        sizes: of its corpora.
        dtype: of the forward pass.
    """
    try:
        with without_numbers():
            return build_net(config, sizes, _META, dtype)
    except (RuntimeError, NotImplementedError):
        return None


def optimiser_states(config: TrainConfig, sizes: CorpusSizes) -> list[dict[int, dict[str, Any]]] | None:
    """What each optimiser holds of its parameters after a step; None where the meta device does not take it."""
    net = sketch_net(config, sizes, torch.float32)
    if net is None:
        return None
    optimisers = build_optimisers(config, net)
    for parameter in net.parameters():
        parameter.grad = torch.empty_like(parameter)
    try:
        for optimiser in optimisers:
            optimiser.step()
    except (RuntimeError, NotImplementedError):
        return None
    return [optimiser.state_dict()["state"] for optimiser in optimisers]
