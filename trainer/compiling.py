"""torch.compile for a network's core, given up in one line where it does not work."""

from typing import cast

import numpy as np
import torch
from torch import nn

from .device import CompileChoice
from .judging import judge_by_label
from .learners import Learner, Rows
from .models import Network, puzzle_rows

_TRIAL_ROWS = 2


def compile_core(net: nn.Module, learner: Learner, choice: CompileChoice, seq_len: int) -> str:
    """Compile the core of `net`, if `choice` says so; returns a line on what was done.

    Compiling happens at the first call, so the learner runs once forward and backward here. Where that fails, whatever
    the reason, the network goes on uncompiled.

    Args:
        net: the network; its core is compiled in place, parameters and names stay.
        learner: how the network is called.
        choice: of `device.choose_compile`.
        seq_len: tokens of an example.
    """
    if not choice.wanted:
        return choice.reason
    core = cast(Network, net).core
    core.compile()
    try:
        _try_once(net, learner, seq_len)
    except Exception as error:
        core._compiled_call_impl = None
        torch._dynamo.reset()
        return f"torch.compile failed here ({type(error).__name__}); training goes on without it"
    return choice.reason


def _try_once(net: nn.Module, learner: Learner, seq_len: int) -> None:
    """Learn from two rows of nothing; no gradient and no state is kept."""
    parameters = list(net.parameters())
    device = parameters[0].device
    tokens = torch.ones((_TRIAL_ROWS, seq_len), dtype=torch.int64, device=device)
    identifiers = torch.zeros(_TRIAL_ROWS, dtype=torch.int64, device=device)
    rows = Rows(inputs=tokens, labels=tokens, identifiers=identifiers, slots=np.arange(_TRIAL_ROWS))
    work = learner.take_up(net, learner.begin(net, _TRIAL_ROWS, seq_len), rows, 0)
    embeddings = puzzle_rows(cast(Network, net), identifiers)
    lesson = learner.learn(net, work, embeddings, 0, judge_by_label)
    torch.autograd.grad(lesson.loss.sum(), parameters, allow_unused=True)
