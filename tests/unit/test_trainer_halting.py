"""Halting, exploration and refilling against a plain reference, slot by slot."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.references.philox import philox as plain_philox
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.halting import exploration_draws, halted, minimum_steps
from trmpipe.trainer.models import Outcome

HALT_PURPOSE = 7


VOCABULARY = 5000


class CountingNet(torch.nn.Module):
    """Latents that count supervision steps, so that a reset shows; halting logits that the test gives."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def initial(self, keys):
        return {"a": torch.zeros(2, len(keys), 1), "b": torch.full((2, len(keys), 1), 100.0)}

    def step(self, latents, inputs, rows, keys):
        logits = torch.zeros(*inputs.shape, VOCABULARY)
        return Outcome({name: z + 1 for name, z in latents.items()}, logits, self.halt)


def rows(learner, step, batch, seq_len=3):
    """Rows that tell step and slot: 100 * step + slot + 1."""
    values = 100 * step + torch.arange(batch)[:, None] + 1
    inputs = values.expand(batch, seq_len)
    return Rows(inputs=inputs, labels=inputs + 1, identifiers=values[:, 0], draws=drawn(learner, step, batch))


def drawn(learner, step, batch):
    return {name: torch.from_numpy(values) for name, values in learner.draws(step, np.arange(batch)).items()}


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
    config = DeepSupervisionConfig(halt_max_steps=5, halt_exploration=0.0)
    learner = DeepSupervision(config, seed=0, max_steps=30)
    state = learner.begin(net, batch, 3)
    owner, spent = [-1] * batch, [0] * batch
    generator = torch.Generator().manual_seed(3)
    for step in range(30):
        was_halted = state["halted"].tolist()
        work = learner.take_up(net, state, rows(learner, step, batch))
        for slot in range(batch):
            if was_halted[slot]:
                owner[slot], spent[slot] = step, 0
            first = 100 * owner[slot] + slot + 1
            assert work["inputs"][slot].tolist() == [first] * 3
            assert work["labels"][slot].tolist() == [first + 1] * 3
            assert work["identifiers"][slot].item() == first
            assert work["steps"][slot].item() == spent[slot]
            assert work["latents.a"][slot, :, 0].tolist() == [spent[slot]] * 2
            assert work["latents.b"][slot, :, 0].tolist() == [100 + spent[slot]] * 2
            spent[slot] += 1
        net.halt = torch.rand(batch, generator=generator) - 0.6
        state = learner.learn(net, work, None, judge_by_label).state
        assert state["halted"].tolist() == [q > 0 or n >= 5 for q, n in zip(net.halt.tolist(), spent, strict=True)]


@pytest.mark.parametrize(("target", "first"), [("solved", -3), ("label", 3)])
def test_halting_learns_what_the_judge_says(target, first):
    """Of both answers, which are not the labels, the first is taken all the same."""
    net, learner = CountingNet(), DeepSupervision(DeepSupervisionConfig(halt_target=target), seed=0, max_steps=1)
    net.halt = torch.zeros(2)
    work = learner.take_up(net, learner.begin(net, 2, 3), rows(learner, 0, 2))

    def judge(inputs, labels, answers):
        verdict = judge_by_label(inputs, labels, answers)
        return replace(verdict, solved=torch.tensor([True, False]), more={"accepted": torch.ones(2)})

    net.halt = torch.tensor([3.0, 3.0])
    lesson = learner.learn(net, work, None, judge)
    assert lesson.metrics["halt_loss"].tolist() == pytest.approx([np.log1p(np.exp(first)), np.log1p(np.exp(3))])
    assert list(lesson.metrics) == ["loss", "halt_loss", "cell", "exact", "accepted", "supervision_steps"]


def test_stays_are_short_in_the_early_part():
    config = DeepSupervisionConfig(halt_max_steps=4, halt_early_steps=2, halt_early_share=0.5)
    learner = DeepSupervision(config, seed=0, max_steps=10)
    assert [learner.longest_stay(step) for step in range(10)] == [2] * 5 + [4] * 5
    assert DeepSupervision(DeepSupervisionConfig(), seed=0, max_steps=10).longest_stay(0) == 16
