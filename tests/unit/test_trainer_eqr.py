"""EqR against a plain batch-first reference in float64, and what random starts and noise may depend on."""

import numpy as np
import pytest
import torch

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, in_float64, step_on, weights
from tests.references import eqr as reference
from tests.references import training
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes, puzzle_rows
from trmpipe.trainer.models.eqr import EqR, EqRConfig

SIZES = CorpusSizes(seq_len=6, vocab_size=5, num_identifiers=4)
SMALL = {"width": 8, "num_heads": 2, "inner": 12, "token_inner": 10, "h_cycles": 2, "l_cycles": 2}


def small(**settings):
    return EqRConfig(**{**SMALL, "damping": 0.2, "noise": 0.1, **settings})


def noise_of(keys, config, seq_len):
    """The noise of the calls of a step, by the plain reference."""
    for draw in range(2, 2 + config.h_cycles * (config.l_cycles + 1)):
        yield training.normal(keys, draw, seq_len, config.width)


def starts_of(keys, config, seq_len):
    return [training.normal(keys, draw, seq_len, config.width, cut=2) for draw in (0, 1)]


def rows_of(learner, batch):
    drawn = {name: torch.from_numpy(values) for name, values in learner.draws(5, np.arange(batch)).items()}
    inputs, labels = torch.randint(1, 5, (2, batch, 6), generator=generator(4))
    labels[0, 2:] = 0
    return Rows(inputs=inputs, labels=labels, identifiers=torch.tensor([3, 0, 1])[:batch], draws=drawn)


@pytest.mark.parametrize(
    "settings",
    [{}, {"mixer": "attention", "num_prefix": 2}, {"damping": 0.0, "noise": 0.0}, {"h_cycles": 1, "num_prefix": 1}],
)
def test_a_training_step_equals_the_reference(settings):
    config = small(**settings)
    net = in_float64(EqR, config, SIZES)
    learner = DeepSupervision(DeepSupervisionConfig(), seed=3, max_steps=10)
    rows, state = rows_of(learner, 3), weights(net)
    keys, seq_len = rows.draws["keys"].tolist(), 6 + config.num_prefix

    work = learner.take_up(net, learner.begin(net, 3, 6), rows)
    lesson = learner.learn(net, work, puzzle_rows(net, rows.identifiers), judge_by_label)

    starts, noise = starts_of(keys, config, seq_len), noise_of(keys, config, seq_len)
    z_H, z_L, logits, halt = reference.step(*starts, rows.inputs, rows.identifiers, state, config, noise)
    loss = training.token_loss(logits, rows.labels, "stablemax")
    loss = loss + 0.5 * training.halting_loss(halt, training.solved(logits, rows.labels))
    torch.testing.assert_close(lesson.state["latents.z_H"], z_H.detach(), **EXACT)
    torch.testing.assert_close(lesson.state["latents.z_L"], z_L.detach(), **EXACT)
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    expected = training.adamw_first_step(state, gradients(loss.sum(), state), LR, WEIGHT_DECAY)
    moved = step_on(net, lesson.loss.sum())
    assert set(expected) == set(moved)
    for name, value in expected.items():
        torch.testing.assert_close(moved[name].detach(), value.detach(), **EXACT)


def test_a_call_keeps_a_share_of_the_latent_and_adds_noise():
    """With the level gone, only damping and noise are left."""
    net = in_float64(EqR, small(h_cycles=1, l_cycles=1), SIZES)
    net.L_level.forward = lambda x, rotary: torch.zeros_like(x)
    keys = torch.tensor([9, -4])
    latents = {"z_H": torch.ones(6, 2, 8, dtype=torch.float64), "z_L": torch.ones(6, 2, 8, dtype=torch.float64)}
    found = net.step(latents, torch.ones(2, 6, dtype=torch.int64), None, keys).latents
    for name, draw in (("z_L", 2), ("z_H", 3)):
        expected = 0.2 + 0.1 * training.normal(keys.tolist(), draw, 6, 8)
        torch.testing.assert_close(found[name].transpose(0, 1), expected, **EXACT)


def test_answers_depend_on_keys_and_on_nothing_else_that_is_random():
    net = in_float64(EqR, small(), SIZES)
    learner = DeepSupervision(DeepSupervisionConfig(), seed=3, max_steps=10)
    inputs = torch.randint(1, 5, (3, 6), generator=generator(6))
    identifiers = torch.zeros(3, dtype=torch.int64)

    def logits(keys, rows=slice(None)):
        chosen = inputs[rows], identifiers[rows], 3, torch.tensor(keys)
        return [answer.logits for answer in learner.answers(net, *chosen)]

    first = logits([1, 2, 3])
    assert all(torch.equal(one, other) for one, other in zip(first, logits([1, 2, 3]), strict=True))
    alone = logits([3], slice(2, 3))
    assert all(torch.allclose(one[2:], other, rtol=1e-12) for one, other in zip(first, alone, strict=True))
    other = logits([1, 2, 4])
    assert torch.equal(first[0][:2], other[0][:2])
    assert not torch.equal(first[0][2], other[0][2])


def test_every_step_of_an_answer_has_noise_of_its_own():
    net = in_float64(EqR, small(damping=1.0), SIZES)
    learner = DeepSupervision(DeepSupervisionConfig(), seed=3, max_steps=10)
    seen = []
    step = net.step
    net.step = lambda *arguments: seen.append(step(*arguments).latents["z_L"]) or step(*arguments)
    start = net.initial(torch.tensor([7]))["z_L"]
    ones = torch.ones(1, 6, dtype=torch.int64)
    answers = list(learner.answers(net, ones, ones[:, 0], 3, torch.tensor([7])))
    moves = [after - before for before, after in zip((start, *seen), seen, strict=False)]
    assert all(0.01 < move.abs().mean() < 1 for move in moves)
    assert not torch.allclose(moves[0], moves[1])
    assert not torch.allclose(moves[1], moves[2])
    assert all(0 < answer.residual < 1 for answer in answers)


def test_published_sizes():
    """As TRM's mixer but for the prefix: over 81 tokens instead of 97 the inner width is 256 instead of 512."""
    net = EqR(EqRConfig(), CorpusSizes(seq_len=81, vocab_size=11), generator=generator())
    per_layer = 512 * 2 * 1536 + 1536 * 512 + 81 * 2 * 256 + 256 * 81
    assert sum(parameter.numel() for parameter in net.parameters()) == 2 * per_layer + 2 * 11 * 512 + 2 * 512 + 2


@pytest.mark.parametrize("wrong", [{"damping": 1.5}, {"noise": -0.1}, {"width": 0}, {"mixer": "pool"}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(SettingError, match=r"model\.") as caught:
        EqRConfig(**wrong)
    assert "\n" not in str(caught.value)
