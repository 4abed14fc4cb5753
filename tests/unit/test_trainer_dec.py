"""DEC against a plain reference in float64; digits that are exchanged; puzzles that start at spoiled answers."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, in_float64, step_on, weights
from tests.references import dec as reference
from tests.references import training
from tests.references.noise import word
from trmpipe.trainer.building.sketch import without_numbers
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.anchors import Anchors, chosen, spoiled
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.dec import DEC, DECConfig
from trmpipe.trainer.models.looped import Looped, LoopedConfig
from trmpipe.trainer.models.net import draws_at_random
from trmpipe.trainer.presets import get_preset

GRID = CorpusSizes(seq_len=16, vocab_size=6, rows=4, columns=4)
SMALL = {"width": 6, "num_layers": 2, "inner": 5, "token_inner": 7, "h_cycles": 2, "l_cycles": 2, "noise": 0.1}
DIGITS = range(2, 6)
ALL = 1 << 32


def make(**settings):
    return in_float64(DEC, DECConfig(**{**SMALL, "damping": 0.2, **settings}), GRID)


def tokens(batch):
    inputs = torch.randint(1, 6, (batch, 16), generator=generator(4))
    labels = torch.randint(2, 6, (batch, 16), generator=generator(5))
    return inputs, torch.where(inputs == 1, labels, inputs)


def by_field(z):
    """[S * F, B, D] as [B, F, S, D]."""
    return z.unflatten(0, (16, 4)).permute(2, 1, 0, 3)


def drawn(keys, draw, width):
    return by_field(training.normal(keys, draw, 64, width).transpose(0, 1))


def rows_of(learner, batch):
    inputs, labels = tokens(batch)
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(5, np.arange(batch)).items()}
    return Rows(inputs=inputs, labels=labels, identifiers=torch.zeros(batch, dtype=torch.int64), draws=draws)


def start_of(net, rows, keys, anchors):
    """Both latents, of every puzzle for itself."""
    state, width = weights(net), net.config.width
    z_H, z_L = (net.config.start_noise * drawn(keys, draw, width) for draw in (0, 1))
    alike = [state[name].detach().expand(4, 16, width) for name in ("H_init", "L_init")]
    for number, key in enumerate(keys):
        if not net.config.start_noise:
            z_H[number], z_L[number] = alike
        if word(key, ALL - 7, 0) / ALL < anchors.share:
            answer = spoiled(rows.inputs, rows.labels, rows.draws["keys"], DIGITS, anchors)[number : number + 1]
            z_H[number], z_L[number] = reference.embedded(state, answer, DIGITS)[0].detach(), alike[1]
    return z_H, z_L


@pytest.mark.parametrize(
    ("settings", "anchors"),
    [
        ({}, 0.0),
        ({"coupling": "none", "recompute": True}, 0.0),
        ({"start_noise": 0.0, "noise": 0.0, "damping": 0.0, "h_cycles": 1}, 0.0),
        ({}, 0.6),
    ],
)
def test_a_training_step_equals_the_reference(settings, anchors):
    net = make(**settings)
    learner = DeepSupervision(DeepSupervisionConfig(anchors=anchors), seed=3, max_steps=9)
    rows, state, config = rows_of(learner, 4), weights(net), net.config
    keys = rows.draws["keys"].tolist()
    lesson = learner.learn(net, learner.take_up(net, learner.begin(net, 4, 16), rows), None, judge_by_label)

    z_H, z_L = start_of(net, rows, keys, Anchors(share=anchors))
    noise = (drawn(keys, draw, config.width) for draw in itertools.count(2))
    z_H, z_L, logits, halt = reference.step(z_H, z_L, state, rows.inputs, DIGITS, config, noise)
    loss = training.token_loss(logits, rows.labels, "stablemax")
    loss = loss + 0.5 * training.halting_loss(halt, training.solved(logits, rows.labels))
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    torch.testing.assert_close(by_field(lesson.state["latents.z_H"].transpose(0, 1)), z_H.detach(), **EXACT)
    torch.testing.assert_close(by_field(lesson.state["latents.z_L"].transpose(0, 1)), z_L.detach(), **EXACT)
    expected = training.adamw_first_step(state, gradients(loss.sum(), state), LR, WEIGHT_DECAY)
    moved = step_on(net, lesson.loss.sum())
    assert set(expected) == set(moved)
    for name, value in expected.items():
        torch.testing.assert_close(moved[name].detach(), value.detach(), **EXACT, msg=name)


@pytest.mark.parametrize("seed", range(5))
def test_exchanged_digits_are_exchanged_in_the_answer(seed):
    net, (inputs, _), keys = make(start_noise=0.0).eval(), tokens(3), torch.arange(3)
    exchanged = torch.cat((torch.arange(2), 2 + torch.randperm(4, generator=generator(seed))))
    here, there = (net.step(net.initial(keys), one, None, keys) for one in (inputs, exchanged[inputs]))
    torch.testing.assert_close(there.logits[..., exchanged], here.logits, **EXACT)
    torch.testing.assert_close(there.halt, here.halt, **EXACT)
    turned = net.step(net.initial(keys), inputs.flip(1), None, keys)
    assert (turned.logits.flip(1) - here.logits).abs().max() > 0.01


def test_answers_have_no_noise_and_hold_digits_alone():
    net, (inputs, _), keys = make(), tokens(2), torch.arange(2)
    assert draws_at_random(net)
    assert not draws_at_random(make(start_noise=0.0))
    noisy = net.step(net.initial(keys), inputs, None, keys).logits
    quiet = [net.eval().step(net.initial(keys), inputs, None, other).logits for other in (keys, keys + 9)]
    assert torch.equal(*quiet)
    assert not torch.equal(noisy, quiet[0])
    assert (quiet[0].argmax(-1) >= DIGITS.start).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.lists(st.sampled_from([1, *DIGITS]), min_size=1, max_size=20))
def test_spoiled_answers_are_those_that_plain_python_draws(key, puzzle):
    labels = [token if token > 1 else DIGITS.start + place % 4 for place, token in enumerate(puzzle)]
    rate = 0.7 * word(key, ALL - 8, 0) / ALL
    expected = [
        DIGITS.start + int(word(key, ALL - 10, place) / ALL * 4)
        if puzzle[place] == 1 and word(key, ALL - 9, place) / ALL < rate
        else label
        for place, label in enumerate(labels)
    ]
    anchors, keys = Anchors(share=0.5, wrong=0.7), torch.tensor([key])
    found = spoiled(torch.tensor([puzzle]), torch.tensor([labels]), keys, DIGITS, anchors)
    assert found[0].tolist() == expected
    assert chosen(keys, anchors).tolist() == [word(key, ALL - 7, 0) / ALL < 0.5]


def test_published_model_has_its_parameters():
    """Per layer an MLP over 81 cells of inner width 256, the coupling, an MLP of 512; three roles and three heads.

    Published are 789,125: three more numbers, of a frame that this network of it does not use.
    """
    with without_numbers():
        sudoku = CorpusSizes(seq_len=81, vocab_size=11, rows=9, columns=9)
        net = DEC(get_preset("dec-sudoku").model, sudoku, generator=torch.Generator(device="cpu"))
    layer = 3 * 81 * 256 + 192 * 192 + 3 * 192 * 512
    assert sum(one.numel() for one in net.parameters()) == 2 * layer + 3 * 192 + 192 + 2 * 192 + 2 == 789_122


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 0}, "model.width is 0"),
        ({"coupling": "sum"}, "model.coupling"),
        ({"damping": 1.5}, "model.damping"),
        ({"noise": -1.0}, "model.noise"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingError) as caught:
        make(**settings)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_networks_that_cannot_start_at_answers_are_refused():
    net = in_float64(Looped, LoopedConfig(width=8, num_heads=2, inner=8), GRID)
    with pytest.raises(SettingError, match=r"learner\.anchors=0"):
        DeepSupervision(DeepSupervisionConfig(anchors=0.5), seed=0, max_steps=1).begin(net, 2, 16)
