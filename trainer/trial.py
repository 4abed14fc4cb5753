"""Rows of nothing, or a few examples, learned from on trial: the memory of a step, its speed, whether it compiles."""

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from .judging import judge_by_label
from .learners import Learner, Lesson, Rows, Tensors
from .models import Network, puzzle_rows

TRIAL_ROWS = 2
"""Rows of nothing that a learner is tried with."""


def lesson_of_nothing(net: nn.Module, learner: Learner, seq_len: int, num_rows: int = TRIAL_ROWS) -> Lesson:
    """What a learner makes of a few rows of nothing.

    Args:
        net: the network.
        learner: how it is taught.
        seq_len: tokens of an example.
        num_rows: how many.
    """
    return learner.learn(*work_of_nothing(net, learner, seq_len, num_rows), judge_by_label)


def work_of_nothing(
    net: nn.Module, learner: Learner, seq_len: int, num_rows: int
) -> tuple[nn.Module, Tensors, Tensor | None]:
    """What `Learner.learn` takes, but for the judge, of a few rows of nothing.

    Args:
        net: the network.
        learner: how it is taught.
        seq_len: tokens of an example.
        num_rows: how many.
    """
    tokens = torch.ones((num_rows, seq_len), dtype=torch.int64, device=next(net.parameters()).device)
    return work_of(net, learner, tokens, tokens)


def work_of(
    net: nn.Module, learner: Learner, inputs: Tensor, labels: Tensor
) -> tuple[nn.Module, Tensors, Tensor | None]:
    """What `Learner.learn` takes, but for the judge, of the first step on some examples.

    Args:
        net: the network.
        learner: how it is taught.
        inputs: int64 [B, S], on the network's device.
        labels: int64 [B, S].
    """
    num_rows, seq_len = inputs.shape
    identifiers = torch.zeros(num_rows, dtype=torch.int64, device=inputs.device)
    draws = {
        name: torch.from_numpy(values).to(inputs.device)
        for name, values in learner.draws(0, np.arange(num_rows)).items()
    }
    rows = Rows(inputs=inputs, labels=labels, identifiers=identifiers, draws=draws)
    work = learner.take_up(net, learner.begin(net, num_rows, seq_len), rows)
    return net, work, puzzle_rows(cast(Network, net), identifiers)
