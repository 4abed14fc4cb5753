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


def lesson_of_nothing(net: nn.Module, learner: Learner, seq_len: int, num_rows: int = TRIAL_ROWS) -> Lesson:
    """What a learner makes of a few rows of nothing.

    Args:
        net: the network.
        learner: how it is taught.
        seq_len: tokens of an example.
        num_rows: how many.
    """
    device = next(net.parameters()).device
    tokens = torch.ones((num_rows, seq_len), dtype=torch.int64, device=device)
    identifiers = torch.zeros(num_rows, dtype=torch.int64, device=device)
    draws = {
        name: torch.from_numpy(values).to(device) for name, values in learner.draws(0, np.arange(num_rows)).items()
    }
    rows = Rows(inputs=tokens, labels=tokens, identifiers=identifiers, draws=draws)
    work = learner.take_up(net, learner.begin(net, num_rows, seq_len), rows)
    embeddings = puzzle_rows(cast(Network, net), identifiers)
    return learner.learn(net, work, embeddings, judge_by_label)
