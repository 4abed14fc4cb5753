"""Halting, exploration and refilling against a plain reference, slot by slot."""

import numpy as np
import pytest
import torch

from tests.references.philox import philox as plain_philox
from trmpipe.trainer.halting import empty_carry, exploration_draws, halted, minimum_steps, refill
from trmpipe.trainer.models import Latents

HALT_PURPOSE = 7


class CountingNet:
    """Latents that count supervision steps, so that a reset shows."""

    def initial(self, batch):
        return Latents(torch.zeros(2, batch, 1), torch.full((2, batch, 1), 100.0))


def rows(step, batch, seq_len=3):
    """Rows that tell step and slot: 100 * step + slot + 1."""
    values = 100 * step + torch.arange(batch)[:, None] + 1
    return values.expand(batch, seq_len), values.expand(batch, seq_len) + 1, values[:, 0]


def test_draws_depend_on_seed_step_and_slot_alone():
    every = exploration_draws(3, 17, np.arange(8))
    assert (exploration_draws(3, 17, np.arange(4, 8)) == every[4:]).all()
    assert (exploration_draws(3, 18, np.arange(8)) != every).any()
    assert (exploration_draws(4, 17, np.arange(8)) != every).any()
    assert [int(word) for word in every[5]] == list(plain_philox((3, HALT_PURPOSE), (0, 17, 5, 0))[:2])


def test_minimum_is_drawn_with_the_asked_chance_from_two_to_the_maximum():
    draws = np.random.Philox(key=1).random_raw(40_000).reshape(-1, 2)
    minimum = minimum_steps(draws, 0.1, 16)
    explored = minimum[minimum > 0]
    # 20,000 draws at 0.1: the standard deviation is 0.0021.
    assert len(explored) / len(minimum) == pytest.approx(0.1, abs=0.01)
    assert sorted(set(explored.tolist())) == list(range(2, 17))
    assert not minimum_steps(draws, 0.0, 16).any()
    assert minimum_steps(draws, 1.0, 16).all()
    assert set(minimum_steps(draws, 1.0, 1).tolist()) == {2}


def test_halting_equals_a_plain_reference():
    generator = torch.Generator().manual_seed(2)
    halt = torch.randn(200, generator=generator)
    steps = torch.randint(1, 17, (200,), generator=generator)
    minimum = torch.randint(0, 17, (200,), generator=generator)
    expected = []
    for q, spent, least in zip(halt.tolist(), steps.tolist(), minimum.tolist(), strict=True):
        if spent >= 16:
            expected.append(True)
        elif q > 0:
            expected.append(spent >= least)
        else:
            expected.append(False)
    assert halted(halt, steps, minimum, 16).tolist() == expected


def test_halted_slots_take_the_new_row_of_their_index():
    net, batch = CountingNet(), 6
    carry = empty_carry(net, batch, 3, torch.device("cpu"))
    owner, spent = [-1] * batch, [0] * batch
    generator = torch.Generator().manual_seed(3)
    for step in range(30):
        was_halted = carry.halted.tolist()
        carry = refill(carry, net, *rows(step, batch))
        for slot in range(batch):
            if was_halted[slot]:
                owner[slot], spent[slot] = step, 0
            first = 100 * owner[slot] + slot + 1
            assert carry.inputs[slot].tolist() == [first] * 3
            assert carry.labels[slot].tolist() == [first + 1] * 3
            assert carry.identifiers[slot].item() == first
            assert carry.steps[slot].item() == spent[slot]
            assert carry.latents.z_H[:, slot, 0].tolist() == [spent[slot]] * 2
            assert carry.latents.z_L[:, slot, 0].tolist() == [100 + spent[slot]] * 2
            spent[slot] += 1
        carry.latents = Latents(carry.latents.z_H + 1, carry.latents.z_L + 1)
        carry.steps = carry.steps + 1
        carry.halted = torch.rand(batch, generator=generator) < 0.4
