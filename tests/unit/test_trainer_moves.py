"""Learners of recursive networks tell where steps led: the latents before and after, and which is the answer's."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.exact import generator
from tests.hand_made import AtOnce, HandMade, one_pass, puzzles, recorder, right
from tests.outside.shades.models import PUDDLE
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.residual import residual
from trmpipe.trainer.learners.winner_take_all import WinnerTakeAll, WinnerTakeAllConfig
from trmpipe.trainer.models import MODELS, CorpusSizes
from trmpipe.trainer.models.net import answer_latent

GRID = CorpusSizes(seq_len=16, vocab_size=6, num_identifiers=1, rows=4, columns=4)
SMALL = {"width": 8, "inner": 8, "num_layers": 1, "num_heads": 2, "mixer": "mlp_t", "token_inner": 8}
WIDTH = {
    "equivariant": {"width": 8, "inner": 8},
    "se_rrm": {"width": 8, "num_heads": 2, "inner": 8},
    "dec": {"width": 8, "inner": 8},
}
RECURSIVE = ["trm", "hrm", "looped", "eqr", "equivariant", "se_rrm", "dec"]
STEPS = 3


def network(name, **settings):
    part = MODELS[name]
    config = part.config(**{**WIDTH.get(name, SMALL), **settings})
    return part.build(config, GRID, generator=generator(2), dtype=torch.float32).eval()


def puddle():
    return PUDDLE.build(PUDDLE.config(), GRID, generator=generator(2), dtype=torch.float32).eval()


@torch.no_grad()
def answers_of(net, learner):
    inputs = torch.randint(1, 6, (3, 16), generator=generator(1))
    return list(learner.answers(net, inputs, torch.zeros(3, dtype=torch.int64), STEPS, torch.tensor([5, 6, 7])))


def deep():
    return DeepSupervision(DeepSupervisionConfig(), seed=0, max_steps=1)


@pytest.mark.parametrize(
    "net",
    [
        *(pytest.param(network(name), id=name) for name in RECURSIVE),
        pytest.param(network("trm", latents="multi"), id="one latent for each update"),
        pytest.param(network("trm", mixer="conv"), id="convolution"),
        pytest.param(puddle(), id="a package's"),
    ],
)
def test_moves_of_one_step_after_the_other(net):
    answers = answers_of(net, deep())
    assert len(answers) == STEPS
    for before, after in pairwise(answers):
        assert before.move.after is after.move.before
    for answer in answers:
        assert answer.move.before.keys() == answer.move.after.keys()
        assert answer_latent(net, answer.move.after) in answer.move.after
        assert all(z.shape[1] == 3 for z in answer.move.after.values())
        assert torch.equal(answer.residual, residual(*answer.move))


@pytest.mark.parametrize("name", ["trm", "hrm", "eqr", "dec"])
def test_the_answer_is_read_from_the_latent_that_the_network_names(name):
    net = network(name)
    *_, last = answers_of(net, deep())
    own = last.move.after[answer_latent(net, last.move.after)]
    assert torch.equal(net.answer(own).argmax(-1), last.tokens)
    others = [z for key, z in last.move.after.items() if key != answer_latent(net, last.move.after)]
    assert not any(torch.equal(net.answer(z), last.logits) for z in others)


def test_of_several_chains_the_surest_one_moves():
    net, learner = network("trm"), WinnerTakeAll(WinnerTakeAllConfig(num_chains=4), seed=0, max_steps=1)
    torch.nn.init.normal_(net.q_head.weight, generator=generator(3))  # So that some chain is the surest.
    for answer in answers_of(net, learner):
        assert {z.shape for z in answer.move.after.values()} == {(net.seq_len, 3, 8)}
        torch.testing.assert_close(residual(*answer.move), answer.residual)
        assert torch.equal(net.answer(answer.move.after["z_H"]).argmax(-1), answer.tokens)


def test_a_network_with_several_latents_that_does_not_say_which_has_none():
    both = {"a": torch.zeros(1), "b": torch.zeros(1)}
    assert answer_latent(object(), both) is None
    assert answer_latent(object(), {"a": torch.zeros(1)}) == "a"


def test_what_is_recorded_depends_neither_on_the_cut_nor_on_the_depth(monkeypatch):
    # In float64, as such a network makes rounding ten times larger a step.
    part = MODELS["trm"]
    net = part.build(part.config(**SMALL), GRID, generator=generator(2), dtype=torch.float64).double().eval()
    learner = deep()
    examples = puzzles(7, 16)
    examples.inputs[:] = np.random.Generator(np.random.Philox(3)).integers(1, 6, (7, 16))
    whole = recorder(net, 12, learner=learner).record(examples)
    monkeypatch.setattr("trmpipe.trainer.analysis.recording._TOKENS_AT_ONCE", 32)
    monkeypatch.setattr("trmpipe.trainer.scores.scoring.EVALUATION_BATCH", 5)
    parts = recorder(net, 12, learner=learner).record(examples)
    shallow = recorder(net, 5, learner=learner).record(examples)
    assert np.array_equal(whole.answers, parts.answers)
    assert np.array_equal(whole.answers[:5], shallow.answers)
    assert whole.motion.back == pytest.approx(parts.motion.back, rel=1e-4, abs=1e-5, nan_ok=True)
    assert whole.motion.turn[:5] == pytest.approx(shallow.motion.turn, rel=1e-4, abs=1e-5, nan_ok=True)


def test_a_learner_without_a_state_moves_nowhere():
    assert recorder(AtOnce(right), 3, learner=one_pass()).record(puzzles()).motion is None
    assert recorder(HandMade(lambda z: z, right), 3).record(puzzles()).motion.back.shape == (8, 3, 3)
