"""torch.compile for a network's core, given up in one line where it does not work."""

import torch
from torch import nn

from .build import as_net
from .device import CompileChoice


def compile_core(net: nn.Module, choice: CompileChoice, seq_len: int) -> str:
    """Compile the part of `net` that recursion calls, if `choice` says so; returns a line on what was done.

    Compiling happens at the first call, so a small forward and backward pass is tried here. Where that fails,
    whatever the reason, the network goes on uncompiled.

    Args:
        net: the network; its core is compiled in place, parameters and names stay.
        choice: of `device.choose_compile`.
        seq_len: tokens of an example.
    """
    if not choice.wanted:
        return choice.reason
    core = as_net(net).core
    core.compile()
    try:
        _try_once(net, seq_len)
    except Exception as error:
        core._compiled_call_impl = None
        torch._dynamo.reset()
        return f"torch.compile failed here ({type(error).__name__}); training goes on without it"
    return choice.reason


def _try_once(net: nn.Module, seq_len: int) -> None:
    device = next(net.parameters()).device
    tokens = torch.ones((2, seq_len), dtype=torch.int64, device=device)
    identifiers = torch.zeros(2, dtype=torch.int64, device=device)
    rows = as_net(net).puzzle_rows(identifiers)
    _, logits, halt = as_net(net)(as_net(net).initial(2), tokens, rows)
    torch.autograd.backward(logits.sum() + halt.sum())
    net.zero_grad(set_to_none=True)
