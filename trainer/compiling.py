"""torch.compile for a network's core, given up in one line where it does not work."""

from typing import cast

import numpy as np
import torch
from torch import nn

from .device import CompileChoice
from .judging import judge_by_label
from .learners import Learner, Lesson, Rows
from .models import Network, puzzle_rows

TRIAL_ROWS = 2
"""Rows of nothing that a learner is tried with."""


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
    lesson = lesson_of_nothing(net, learner, seq_len)
    torch.autograd.grad(lesson.loss.sum(), list(net.parameters()), allow_unused=True)


def lesson_of_nothing(net: nn.Module, learner: Learner, seq_len: int) -> Lesson:
    """What a learner makes of `TRIAL_ROWS` rows of nothing.

    Args:
        net: the network.
        learner: how it is taught.
        seq_len: tokens of an example.
    """
    device = next(net.parameters()).device
    tokens = torch.ones((TRIAL_ROWS, seq_len), dtype=torch.int64, device=device)
    identifiers = torch.zeros(TRIAL_ROWS, dtype=torch.int64, device=device)
    rows = Rows(inputs=tokens, labels=tokens, identifiers=identifiers, slots=np.arange(TRIAL_ROWS))
    work = learner.take_up(net, learner.begin(net, TRIAL_ROWS, seq_len), rows, 0)
    embeddings = puzzle_rows(cast(Network, net), identifiers)
    return learner.learn(net, work, embeddings, 0, judge_by_label)
