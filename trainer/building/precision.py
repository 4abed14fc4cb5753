"""The dtype of the forward pass: weights are float32, and the core's are cast once a step rather than once a call.

TRM calls its core 21 times a step. A copy of the core's weights in bfloat16 is refreshed after every step of the
optimisers; all else of the network is cast where it is used, which is once a step anyway. "Speed is Confidence"
measured that casting at every call costs 18 % on a GPU.
"""

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..models import Network


def forward_dtype_of(net: Any) -> torch.dtype:
    """The dtype in which a network computes; float32 for one that does not say."""
    dtype: torch.dtype = getattr(net, "dtype", torch.float32)
    return dtype


def computing_copy(net: nn.Module) -> nn.Module:
    """`net` itself where it computes in float32; else one whose core's parameters are in the dtype of its forward pass.

    All other parameters and all buffers are the same tensors as those of `net`.
    """
    dtype = forward_dtype_of(net)
    if dtype == torch.float32:
        return net
    core = {id(parameter) for parameter in cast(Network, net).core.parameters()}
    shared: list[Tensor] = [parameter for parameter in net.parameters() if id(parameter) not in core]
    found = copy.deepcopy(net, {id(tensor): tensor for tensor in (*shared, *net.buffers())})
    for parameter in cast(Network, found).core.parameters():
        parameter.data = parameter.data.to(dtype)
    return found


@torch.no_grad()
def refresh(copied: nn.Module, net: nn.Module) -> None:
    """Bring what `computing_copy` gave of `net` up to date."""
    if copied is not net:
        targets, sources = ([*map(Tensor.detach, cast(Network, one).core.parameters())] for one in (copied, net))
        torch._foreach_copy_(targets, sources)
