"""A few puzzles, or rows of nothing, learned from on trial: the memory of a step, its speed, whether it compiles."""

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from trmpipe.shards import Corpus, Examples

from ..judging import judge_by_label
from ..learners import Learner, Lesson, Rows, Tensors
from ..models import Network, puzzle_rows


def first_puzzles(corpus: Corpus, count: int) -> tuple[Tensor, Tensor]:
    """Inputs and labels, int64 [count, S] both, of the first training puzzles, again from the first where they are few.

    Some networks compute less for a puzzle that shows more, so nothing is measured on rows of nothing.
    """
    found = Examples.join(list(corpus.rows("train", num_groups=count, num_variants=1)))
    chosen = np.arange(count) % len(found.inputs)
    inputs, labels = (torch.from_numpy(rows[chosen].astype(np.int64)) for rows in (found.inputs, found.labels))
    return inputs, labels


def lesson_of(net: nn.Module, learner: Learner, inputs: Tensor, labels: Tensor) -> Lesson:
    """What a learner makes of some examples at the first step; see `work_of`."""
    return learner.learn(*work_of(net, learner, inputs, labels), judge_by_label)


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
