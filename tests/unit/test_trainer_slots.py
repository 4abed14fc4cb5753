"""Slots: which are free, what each holds, how long it stays, for every learner that has some; names in checkpoints."""

import numpy as np
import pytest
import torch

from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import LEARNERS, Rows
from trmpipe.trainer.learners.slots import SlotLearner
from trmpipe.trainer.learners.stateless import StatelessLearner
from trmpipe.trainer.models import MODELS, CorpusSizes

SIZES = CorpusSizes(seq_len=4, vocab_size=5, num_identifiers=9)
SLOTS = np.arange(3)
PUZZLE = ["inputs", "labels", "identifiers", "steps", "halted"]
LATENTS = {
    "deep_supervision": ["latents.z_H", "latents.z_L"],
    "winner_take_all": ["latents.z_H", "chains.z_L"],
}


@pytest.fixture(scope="module")
def net():
    part = MODELS["trm"]
    return part.build(part.config(width=8, num_prefix=0), SIZES, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=LATENTS)
def name(request):
    return request.param


def make(name, **settings):
    part = LEARNERS[name]
    return part.build(part.config(**settings), seed=3, max_steps=10)


def rows_at(learner, step):
    tokens = torch.full((3, 4), 1 + step % 4)
    draws = {key: torch.from_numpy(values) for key, values in learner.draws(step, SLOTS).items()}
    return Rows(inputs=tokens, labels=tokens, identifiers=torch.arange(3) + 3 * step % 9, draws=draws)


def test_the_names_that_checkpoints_hold(net, name):
    learner = make(name)
    state = learner.begin(net, 3, 4)
    assert isinstance(learner, SlotLearner)
    assert list(state) == [*LATENTS[name], *PUZZLE]
    assert state["halted"].all()
    assert learner.limits(SIZES).keys() == {"inputs", "labels", "identifiers", "steps"}
    after = learner.learn(net, learner.take_up(net, state, rows_at(learner, 0)), None, judge_by_label).state
    assert [(key, one.dtype, one.shape) for key, one in after.items()] == [
        (key, one.dtype, one.shape) for key, one in state.items()
    ]


def test_a_free_slot_takes_its_row_and_the_others_keep_what_they_hold(net, name):
    learner = make(name, halt_exploration=0.0)
    held = learner.learn(net, learner.take_up(net, learner.begin(net, 3, 4), rows_at(learner, 0)), None, judge_by_label)
    held.state["halted"] = torch.tensor([False, True, False])
    rows = rows_at(learner, 1)
    work = learner.take_up(net, held.state, rows)
    fresh = {**learner.starts(net, rows.draws["keys"]), "inputs": rows.inputs, "labels": rows.labels}
    for key, new in {**fresh, "identifiers": rows.identifiers}.items():
        assert torch.equal(work[key][1], new[1]), key
        assert torch.equal(work[key][[0, 2]], held.state[key][[0, 2]]), key
        assert not torch.equal(new[[0, 2]], held.state[key][[0, 2]]), key
    assert work["steps"].tolist() == [1, 0, 1]


def test_the_shortest_and_the_longest_stay(net, name):
    """Those that are sure leave once they have stayed their minimum, the others when time is up."""
    learner = make(name, halt_max_steps=3)
    work = learner.take_up(net, learner.begin(net, 3, 4), rows_at(learner, 0))
    work |= {"steps": torch.tensor([0, 0, 2]), "minimum": torch.tensor([0, 2, 3])}
    halted = [learner.held(work, {}, torch.full((3,), sure))["halted"].tolist() for sure in (1.0, -1.0)]
    assert halted == [[True, False, True], [False, False, True]]
    assert learner.held(work, {}, torch.zeros(3))["steps"].tolist() == [1, 1, 3]


@pytest.mark.parametrize("name", ["one_pass", "token_by_token"])
def test_learners_without_slots_carry_nothing(net, name):
    learner = make(name)
    assert isinstance(learner, StatelessLearner)
    assert (learner.begin(net, 3, 4), learner.limits(SIZES), learner.draws(0, SLOTS)) == ({}, {}, {})
    rows = rows_at(make("deep_supervision"), 0)
    assert learner.take_up(net, {}, rows) == {
        "inputs": rows.inputs,
        "labels": rows.labels,
        "identifiers": rows.identifiers,
    }
