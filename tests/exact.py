"""Networks in float64, and what a training step of them is compared with."""

import torch

from trmpipe.trainer.optim.adamw import AdamWConfig
from trmpipe.trainer.optim.adamw import build as build_adamw

EXACT = {"rtol": 1e-9, "atol": 1e-12}
"""Rounding of float64 over a few hundred products; the values that are compared are 0.01 to 10."""
LR, WEIGHT_DECAY = 0.01, 0.1


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def in_float64(network, config, sizes):
    """A network that computes in float64, its halting head and puzzle embedding other than zero."""
    net = network(config, sizes, generator=generator(), dtype=torch.float64).double()
    for seed, name in enumerate(("q_head", "puzzle_emb")):
        for tensor in getattr(net, name).state_dict().values() if hasattr(net, name) else ():
            torch.nn.init.normal_(tensor, generator=generator(seed + 2))
    return net


def weights(net):
    """The parameters and buffers of a network, copied, the parameters with gradient."""
    trained = {name for name, _ in net.named_parameters()}
    return {name: value.detach().clone().requires_grad_(name in trained) for name, value in net.state_dict().items()}


def gradients(loss, state):
    """The gradients of a loss by the names of the weights that have one."""
    names = [name for name, value in state.items() if value.requires_grad]
    found = torch.autograd.grad(loss, [state[name] for name in names], allow_unused=True)
    return {name: gradient for name, gradient in zip(names, found, strict=True) if gradient is not None}


def step_on(net, loss):
    """The weights of `net` after a step of AdamW along the gradient of a loss."""
    (optimiser,) = build_adamw(AdamWConfig(lr=LR, weight_decay=WEIGHT_DECAY), net)
    loss.backward()
    optimiser.step()
    return dict(net.named_parameters())
