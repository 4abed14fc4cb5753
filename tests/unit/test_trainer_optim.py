"""Optimisers against plain references."""

import math

import numpy as np
import pytest
import torch

from trmpipe.trainer.optim import EMA, sign_sgd_rows
from trmpipe.trainer.optim.adam_atan2 import AdamATan2
from trmpipe.trainer.optim.muon import Muon, MuonConfig, build, orthogonalise


def gradients(count, shape):
    rng = np.random.Generator(np.random.Philox(5))
    return [rng.normal(size=shape) for _ in range(count)]


def apply(optimiser, parameter, given):
    for gradient in given:
        parameter.grad = torch.from_numpy(gradient).to(parameter.dtype)
        optimiser.step()
    return parameter.detach().numpy()


def test_adam_atan2_equals_a_scalar_reference():
    parameter = torch.nn.Parameter(torch.tensor([0.3, -1.2], dtype=torch.float64))
    lr, beta1, beta2, decay = 0.01, 0.9, 0.95, 0.5
    optimiser = AdamATan2([parameter], lr=lr, betas=(beta1, beta2), weight_decay=decay)
    given = gradients(6, (2,))
    result = apply(optimiser, parameter, given)
    for i, weight in enumerate((0.3, -1.2)):
        m = v = 0.0
        for step, gradient in enumerate(given, 1):
            m = beta1 * m + (1 - beta1) * gradient[i]
            v = beta2 * v + (1 - beta2) * gradient[i] ** 2
            update = math.atan2(m, math.sqrt(v / (1 - beta2**step))) / (1 - beta1**step)
            weight = weight * (1 - lr * decay) - lr * update
        assert result[i] == pytest.approx(weight, rel=1e-12)


def test_adam_atan2_does_not_move_where_there_is_no_gradient():
    parameter = torch.nn.Parameter(torch.tensor([0.0]))
    assert apply(AdamATan2([parameter]), parameter, [np.zeros(1)]).tolist() == [0.0]


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_muon_equals_a_numpy_reference(shape):
    parameter = torch.nn.Parameter(torch.ones(shape, dtype=torch.float64))
    lr, momentum, decay = 0.02, 0.9, 0.1
    given = gradients(4, shape)
    result = apply(Muon([parameter], lr=lr, momentum=momentum, weight_decay=decay), parameter, given)
    weight, buffer = np.ones(shape), np.zeros(shape)
    for gradient in given:
        buffer = momentum * buffer + (1 - momentum) * gradient
        nesterov = (1 - momentum) * gradient + momentum * buffer
        u, sigma, v = np.linalg.svd(nesterov, full_matrices=False)
        sigma = sigma / np.linalg.norm(sigma)
        for _ in range(5):
            sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
        update = (u * sigma) @ v
        weight = weight * (1 - lr * decay) - lr * max(1, shape[0] / shape[1]) ** 0.5 * update
    # Newton-Schulz acts on singular values; 1e-7 in its norm is the difference from an exact SVD.
    np.testing.assert_allclose(result, weight, rtol=1e-5)


def test_orthogonalised_singular_values_are_near_one():
    matrix = torch.from_numpy(gradients(1, (20, 8))[0])
    sigma = torch.linalg.svdvals(orthogonalise(matrix, 5))
    assert sigma.min() > 0.6
    assert sigma.max() < 1.3


def test_sign_sgd_touches_only_the_rows_of_the_batch():
    weights = torch.from_numpy(gradients(1, (5, 3))[0])
    before = weights.clone()
    identifiers = torch.tensor([3, 1, 3])
    given = torch.tensor([[1.0, -2.0, 0.0], [0.5, 0.0, -0.1], [-3.0, -1.0, 0.0]], dtype=torch.float64)
    sign_sgd_rows(weights, identifiers, given, lr=0.1, weight_decay=0.5)
    for row in range(5):
        mine = [gradient for identifier, gradient in zip(identifiers.tolist(), given, strict=True) if identifier == row]
        if not mine:
            assert torch.equal(weights[row], before[row])
            continue
        for column in range(3):
            total = sum(gradient[column].item() for gradient in mine)
            sign = (total > 0) - (total < 0)
            expected = before[row, column].item() * (1 - 0.1 * 0.5) - 0.1 * sign
            assert weights[row, column].item() == pytest.approx(expected)


def test_ema_follows_its_formula_and_shares_buffers():
    model = torch.nn.BatchNorm1d(2)
    ema = EMA(model, 0.9, warm=4)
    mean = 1.0
    for step in range(1, 5):
        with torch.no_grad():
            model.weight.fill_(step * 10.0)
            model.running_mean.fill_(step)
        ema.update(model, step)
        decay = min(0.9, (1 + step) / (4 + step))
        mean = decay * mean + (1 - decay) * step * 10.0
        assert ema.model.weight.tolist() == pytest.approx([mean, mean], rel=1e-6)
        assert ema.model.running_mean.tolist() == [step, step]
    assert ema.model.running_mean is model.running_mean
    assert not ema.model.weight.requires_grad
    assert not ema.model.training


def test_muon_trains_the_matrices_of_the_core_and_adamw_the_rest():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Parameter(torch.zeros(3, 4))
            self.core = torch.nn.Linear(4, 4)

    net = Net()
    adamw, muon = build(MuonConfig(lr=0.1, matrix_lr=0.2), net)
    assert [parameter is net.core.weight for parameter in muon.param_groups[0]["params"]] == [True]
    assert {id(parameter) for parameter in adamw.param_groups[0]["params"]} == {id(net.embedding), id(net.core.bias)}
    assert (adamw.param_groups[0]["lr"], muon.param_groups[0]["lr"]) == (0.1, 0.2)
