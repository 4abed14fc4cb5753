"""Steps of every optimiser in float64 against plain NumPy ones, and what all optimisers keep."""

import math

import numpy as np
import pytest
import torch
from torch._subclasses import FakeTensorMode

from tests.conformance.optimiser import FAKE_DEVICES, Net, OptimiserConformance
from tests.references import optim as plain
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.optim import OPTIMISERS, clip_gradients, sign_sgd_rows
from trmpipe.trainer.optim.adam_atan2 import AdamATan2
from trmpipe.trainer.optim.adamw import fastest_adamw
from trmpipe.trainer.optim.muon import Muon, MuonConfig, orthogonalise, orthogonalise_all
from trmpipe.trainer.settings.config import TrainConfig, from_json, to_json

NEAR = {"rtol": 1e-9, "atol": 1e-12}
"""Sums are taken in another order; nothing else differs."""
SHAPES = [(6, 4), (4, 6), (4, 4), (6, 4), (8, 3)]
NUM_STEPS = 4


class TestEveryOptimiser(OptimiserConformance):
    @pytest.fixture(params=OPTIMISERS.names())
    def part(self, request):
        return OPTIMISERS[request.param]


def numbers(shape, seed):
    return np.random.Generator(np.random.Philox(seed)).normal(size=shape)


def both(build, step, state_of=lambda weight: {}):
    """Weights after a few steps: of torch's optimiser, and of a plain `step(weight, gradient, state)`.

    The third weight has no gradient in the second step, so its count of steps lags behind.
    """
    weights = [numbers(shape, seed) for seed, shape in enumerate(SHAPES)]
    parameters = [torch.nn.Parameter(torch.from_numpy(weight.copy())) for weight in weights]
    states = [state_of(weight) for weight in weights]
    optimiser = build(parameters)
    for number in range(NUM_STEPS):
        for place, parameter in enumerate(parameters):
            parameter.grad = None
            if (number, place) != (1, 2):
                gradient = numbers(SHAPES[place], 100 + 10 * number + place)
                parameter.grad = torch.from_numpy(gradient)
                weights[place] = step(weights[place], gradient, states[place])
        optimiser.step()
    return [parameter.detach().numpy() for parameter in parameters], weights


def assert_near(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **NEAR)


@pytest.mark.parametrize(("build", "step"), [(AdamATan2, plain.adam_atan2), (fastest_adamw, plain.adamw)])
def test_steps_of_the_adams(build, step):
    rates = {"lr": 0.01, "betas": (0.9, 0.95)}
    found, expected = both(
        lambda parameters: build(parameters, weight_decay=0.5, **rates),
        lambda *arguments: step(*arguments, decay=0.5, **rates),
        plain.moments,
    )
    assert_near(found, expected)


@pytest.mark.parametrize("settings", [{"num_steps": 5, "nesterov": True}, {"num_steps": 3, "nesterov": False}])
def test_steps_of_muon(settings):
    rates = {"lr": 0.02, "momentum": 0.9, **settings}
    found, expected = both(
        lambda parameters: Muon(parameters, weight_decay=0.1, **rates),
        lambda *arguments: plain.muon(*arguments, decay=0.1, **rates),
    )
    assert_near(found, expected)


def test_muon_of_a_run_from_before_its_settings_is_what_it_was():
    values = to_json(TrainConfig(optimiser=MuonConfig(momentum=0.5)))
    for name in ("num_steps", "nesterov"):
        del values["optimiser"][name]
    config = from_json(values).optimiser
    assert (config.momentum, config.num_steps, config.nesterov) == (0.5, 5, True)


def test_muon_is_built_as_its_config_says():
    net = Net()
    _, muon = OPTIMISERS["muon"].build(MuonConfig(num_steps=3, nesterov=False, momentum=0.6), net)
    assert [muon.param_groups[0][name] for name in ("num_steps", "nesterov", "momentum")] == [3, False, 0.6]
    with pytest.raises(SettingError, match=r"optimiser\.num_steps is 0; it must be at least 1"):
        MuonConfig(num_steps=0)


def test_muon_makes_one_batch_of_a_shape_and_its_transpose(monkeypatch):
    taken = []

    def watched(matrices, num_steps):
        taken.append(tuple(matrices.shape))
        return orthogonalise(matrices, num_steps)

    monkeypatch.setattr("trmpipe.trainer.optim.muon.orthogonalise", watched)
    matrices = [torch.from_numpy(numbers(shape, 1)) for shape in SHAPES]
    assert [update.shape for update in orthogonalise_all(matrices, 2)] == [matrix.shape for matrix in matrices]
    assert taken == [(3, 4, 6), (1, 4, 4), (1, 3, 8)]


def by_one_parameter_at_a_time(parameter, state, lr, betas, decay):
    """AdamATan2 as a loop over parameters, operation by operation in the order that saved runs were trained with."""
    state["step"] += 1
    state["exp_avg"].lerp_(parameter.grad, 1 - betas[0])
    state["exp_avg_sq"].mul_(betas[1]).addcmul_(parameter.grad, parameter.grad, value=1 - betas[1])
    deviation = state["exp_avg_sq"].sqrt() / math.sqrt(1 - betas[1] ** state["step"])
    parameter.mul_(1 - lr * decay)
    parameter.sub_(torch.atan2(state["exp_avg"], deviation) * (lr / (1 - betas[0] ** state["step"])))


@torch.no_grad()
def test_adam_atan2_of_all_parameters_is_that_of_each_to_the_bit():
    first = [torch.nn.Parameter(torch.from_numpy(numbers(shape, 3)).float()) for shape in SHAPES]
    second = [torch.nn.Parameter(parameter.clone()) for parameter in first]
    optimiser = AdamATan2(first, lr=1e-2, betas=(0.9, 0.95), weight_decay=1.0)
    states = [{"step": 0, "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)} for p in second]
    for number in range(NUM_STEPS):
        for one, other, state in zip(first, second, states, strict=True):
            one.grad = torch.from_numpy(numbers(one.shape, number)).float()
            other.grad = one.grad.clone()
            by_one_parameter_at_a_time(other, state, 1e-2, (0.9, 0.95), 1.0)
        optimiser.step()
    for one, other, state in zip(first, second, states, strict=True):
        assert torch.equal(one, other)
        assert list(optimiser.state[one]) == list(state)
        assert optimiser.state[one]["step"] == state["step"]
        assert torch.equal(optimiser.state[one]["exp_avg_sq"], state["exp_avg_sq"])


def rows_found_by_unique(weights, identifiers, gradients, lr, decay):
    rows, place = torch.unique(identifiers, return_inverse=True)
    summed = torch.zeros((len(rows), weights.shape[1]), dtype=gradients.dtype).index_add_(0, place, gradients)
    weights[rows] = weights[rows] * (1 - lr * decay) - lr * summed.sign()


def test_sign_sgd_without_knowing_how_many_rows_there_are():
    rng = np.random.Generator(np.random.Philox(8))
    for seed in range(20):
        weights = torch.from_numpy(numbers((7, 3), seed)).float()
        identifiers = torch.from_numpy(rng.integers(0, 7, 12))
        gradients = torch.from_numpy(numbers((12, 3), 50 + seed)).float()
        expected, wide = weights.clone(), weights.double()
        rows_found_by_unique(expected, identifiers, gradients, 0.1, 0.5)
        sign_sgd_rows(weights, identifiers, gradients, lr=0.1, weight_decay=0.5)
        assert torch.equal(weights, expected)
        found = wide.clone()
        sign_sgd_rows(found, identifiers, gradients.double(), lr=0.1, weight_decay=0.5)
        np.testing.assert_allclose(
            found, plain.sign_sgd(wide.numpy(), identifiers.numpy(), gradients.double().numpy(), lr=0.1, decay=0.5)
        )


@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e6])
def test_clipping_is_torchs(max_norm):
    parameters = [torch.nn.Parameter(torch.zeros(shape, dtype=torch.float64)) for shape in SHAPES]
    for seed, parameter in enumerate(parameters):
        parameter.grad = torch.from_numpy(numbers(parameter.shape, seed))
    gradients = [parameter.grad.clone() for parameter in parameters]
    length = clip_gradients(gradients, max_norm)
    expected = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    assert torch.equal(length, expected)
    assert all(torch.equal(one, other.grad) for one, other in zip(gradients, parameters, strict=True))
    if max_norm > length:
        assert np.array_equal(gradients[0], numbers(SHAPES[0], 0))


@pytest.mark.parametrize("device", FAKE_DEVICES)
def test_rows_and_clipping_read_no_value(device):
    with FakeTensorMode():
        weights, gradients = torch.zeros(9, 4, device=device), torch.zeros(5, 4, device=device)
        sign_sgd_rows(weights, torch.zeros(5, device=device, dtype=torch.int64), gradients, lr=0.1, weight_decay=0.5)
        clip_gradients([gradients, weights], 1.0)
