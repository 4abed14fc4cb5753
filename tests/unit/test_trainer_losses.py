"""Losses against plain formulas."""

import math

import pytest
import torch

from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.losses import (
    example_loss,
    halting_loss,
    log_stablemax,
    smoothed_cross_entropy,
    softmax_cross_entropy,
    stablemax_cross_entropy,
    wide_dtype,
)


def plain_stablemax(row):
    scales = [x + 1 if x >= 0 else 1 / (1 - x) for x in row]
    return [scale / sum(scales) for scale in scales]


def test_stablemax_equals_its_definition():
    logits = torch.randn(4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 5
    logits[0, 0] = 0.0
    for row, result in zip(logits.tolist(), log_stablemax(logits).tolist(), strict=True):
        assert [math.exp(value) for value in result] == pytest.approx(plain_stablemax(row), rel=1e-12)


def test_stablemax_gradient_is_finite_and_right():
    logits = torch.tensor([[[-3.0, 0.0, 1.0, 2.0], [1.0, -1.0, 0.5, 1e4]]], dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[1, 0]])
    stablemax_cross_entropy(logits, labels).sum().backward()
    assert torch.isfinite(logits.grad).all()
    step = 1e-6
    shifted = logits.detach().clone()
    shifted[0, 0, 2] += step
    change = (stablemax_cross_entropy(shifted, labels) - stablemax_cross_entropy(logits, labels)).sum() / step
    assert logits.grad[0, 0, 2].item() == pytest.approx(change.item(), rel=1e-4)


def test_float64_only_where_the_device_has_it():
    assert wide_dtype(torch.device("cpu")) == torch.float64
    assert wide_dtype(torch.device("mps")) == torch.float32


def test_softmax_equals_its_definition():
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0, 1, 2], [3, 4, 0]])
    expected = -torch.log_softmax(logits, -1).gather(-1, labels[..., None])[..., 0]
    torch.testing.assert_close(softmax_cross_entropy(logits, labels), expected)


def test_smoothed_labels_are_a_fifth_of_everything():
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 3
    labels = torch.tensor([[1, 4, 0], [2, 2, 3]])
    found = smoothed_cross_entropy(logits, labels)
    assert found.dtype == torch.float64
    for row in range(2):
        for place in range(3):
            chances = [math.exp(x) for x in logits[row, place].tolist()]
            wanted = [0.2 / 5 + 0.8 * (token == labels[row, place].item()) for token in range(5)]
            expected = -sum(w * math.log(c / sum(chances)) for w, c in zip(wanted, chances, strict=True))
            assert found[row, place].item() == pytest.approx(expected, rel=1e-12)


def test_pad_labels_are_ignored():
    losses = torch.tensor([[1.0, 3.0, 100.0], [2.0, 100.0, 100.0], [7.0, 7.0, 7.0]])
    labels = torch.tensor([[4, 5, 0], [1, 0, 0], [0, 0, 0]])
    assert example_loss(losses, labels).tolist() == [2.0, 2.0, 0.0]


def test_judging_by_label_ignores_pad():
    answers = torch.tensor([[1, 2, 3], [1, 1, 1]])
    verdict = judge_by_label(answers, torch.tensor([[1, 2, 0], [1, 2, 1]]), answers)
    assert verdict.cell.tolist() == pytest.approx([1.0, 2 / 3])
    assert verdict.exact.tolist() == verdict.solved.tolist() == [True, False]
    assert list(verdict.columns) == ["cell", "exact"]


def test_halting_loss_equals_its_definition():
    loss = halting_loss(torch.tensor([0.0, 2.0, -3.0]), torch.tensor([True, False, False]))
    expected = [math.log(2), math.log(1 + math.exp(2)), math.log(1 + math.exp(-3))]
    assert loss.tolist() == pytest.approx(expected, rel=1e-6)
