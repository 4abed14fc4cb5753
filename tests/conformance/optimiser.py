"""What every optimiser keeps. Derive from `OptimiserConformance`, give it a `part` fixture, and let pytest run it:

class TestMyOptimiser(OptimiserConformance):
    @pytest.fixture
    def part(self):
        return OPTIMISERS["mine"]
"""

import copy

import pytest
import torch
from torch._subclasses import FakeTensorMode

NUM_STEPS = 3
FAKE_DEVICES = ["cpu", *(["cuda"] if torch.backends.cuda.is_built() else [])]
"""Of fake tensors; those of a GPU need a torch that is built for one, and no GPU."""


class Net(torch.nn.Module):
    """Parameters of all kinds: a table, a core of matrices with a bias, and one that never has a gradient."""

    def __init__(self, device="cpu"):
        super().__init__()
        self.table = torch.nn.Parameter(torch.zeros(5, 4, device=device))
        layers = [torch.nn.Linear(4, 6, device=device), torch.nn.Linear(6, 4, bias=False, device=device)]
        self.core = torch.nn.ModuleList(layers)
        self.unused = torch.nn.Parameter(torch.ones(3, device=device))


def filled_net():
    """A `Net` of float64 numbers that are always the same."""
    net = Net().double()
    with torch.no_grad():
        for number, parameter in enumerate(net.parameters()):
            parameter.copy_(numbers(parameter.shape, number))
    return net


def numbers(shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def give_gradients(net, step):
    """A gradient of `step` for every parameter but the unused one."""
    for number, parameter in enumerate(net.parameters()):
        if parameter is not net.unused:
            parameter.grad = numbers(parameter.shape, 100 * step + number)


def take_steps(net, optimisers, steps):
    for step in steps:
        give_gradients(net, step)
        for optimiser in optimisers:
            optimiser.step()


class OptimiserConformance:
    """The suite; every method takes the `Part` under test and uses its config's defaults."""

    @pytest.mark.parametrize("device", FAKE_DEVICES)
    def test_a_step_reads_no_value(self, part, device):
        """Fake tensors have shapes and no numbers: whatever waits for a value fails on them."""
        with FakeTensorMode():
            net = Net(device)
            optimisers = part.build(part.config(), net)
            for _ in range(2):
                for parameter in net.parameters():
                    parameter.grad = None if parameter is net.unused else torch.ones_like(parameter)
                for optimiser in optimisers:
                    optimiser.step()

    def test_what_has_a_gradient_is_moved_and_nothing_else(self, part):
        net, before = filled_net(), filled_net()
        take_steps(net, part.build(part.config(), net), [1])
        for (name, parameter), old in zip(net.named_parameters(), before.parameters(), strict=True):
            assert torch.equal(parameter, old) == (name == "unused"), name

    def test_steps_from_a_saved_state_are_the_same_ones(self, part):
        net = filled_net()
        optimisers = part.build(part.config(), net)
        take_steps(net, optimisers, range(2))
        other = copy.deepcopy(net)
        others = part.build(part.config(), other)
        for optimiser, saved in zip(others, optimisers, strict=True):
            state = copy.deepcopy(saved.state_dict()["state"])
            optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
        for one, its in ((net, optimisers), (other, others)):
            take_steps(one, its, range(2, 2 + NUM_STEPS))
        assert all(torch.equal(a, b) for a, b in zip(net.parameters(), other.parameters(), strict=True))
