"""FLOPs of matrix products and attention, counted by torch's own counter while something runs eagerly.

The counter has no formula for the attention that torch takes on a CPU, and would leave it out; the formulas here are
those that it has for attention on CUDA: two products forward, five backward (the scores are computed again), masked or
not.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from ..judging import judge_by_label
from ..learners import Learner
from .trial import work_of

_FORWARD_PRODUCTS, _BACKWARD_PRODUCTS = 2, 5


def flops_of(work: Callable[[], object]) -> int:
    """FLOPs of what `work` does, two for each product of two numbers and its sum; elementwise work does not count."""
    aten = torch.ops.aten
    formulas: dict[Any, Any] = {
        aten._scaled_dot_product_flash_attention_for_cpu: _attention,
        aten._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward,
    }
    with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
        work()
    return int(counter.get_total_flops())


def step_flops(net: nn.Module, learner: Learner, inputs: Tensor, labels: Tensor) -> int:
    """FLOPs of the matrix products of a training step, forward and backward, the optimiser's aside.

    Args:
        net: the network.
        learner: how it is taught.
        inputs: int64 [B, S], the puzzles of the step: for some networks they decide how much is computed.
        labels: int64 [B, S].
    """
    with torch.no_grad():
        _, work, rows = work_of(net, learner, inputs, labels)
    rows = None if rows is None else rows.requires_grad_()
    # Not torch.autograd.grad: the counter's own hooks on a network's inputs do not know it.
    return flops_of(lambda: torch.autograd.backward(learner.learn(net, work, rows, judge_by_label).loss.sum()))


def _attention(query: Sequence[int], key: Sequence[int], *others: Any, **more: Any) -> int:
    return _FORWARD_PRODUCTS * _product(query, key)


def _attention_backward(
    grad: Sequence[int], query: Sequence[int], key: Sequence[int], *others: Any, **more: Any
) -> int:
    return _BACKWARD_PRODUCTS * _product(query, key)


def _product(query: Sequence[int], key: Sequence[int]) -> int:
    """FLOPs of the scores of queries [B, H, S, D] and keys [B, H, T, D]."""
    batch, heads, length, width = query
    return 2 * batch * heads * length * key[2] * width
