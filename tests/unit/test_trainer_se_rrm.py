"""SE-RRM against a plain reference in float64, and symbols that are exchanged."""

import numpy as np
import pytest
import torch

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, in_float64, step_on, weights
from tests.references import se_rrm as reference
from tests.references import training
from trmpipe.trainer.building.sketch import without_numbers
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.se_rrm import SERRM, SERRMConfig

GRID = CorpusSizes(seq_len=6, vocab_size=5, rows=2, columns=3)
SMALL = {"width": 6, "num_layers": 2, "head_width": 4, "symbol_heads": 3, "num_heads": 2, "inner": 5, "num_prefix": 2}


def make(sizes=GRID, **settings):
    return in_float64(SERRM, SERRMConfig(**{**SMALL, "h_cycles": 2, "l_cycles": 2, **settings}), sizes)


def places(config):
    return {"rows": 2, "columns": 3, "num_prefix": config.num_prefix, "positions": config.positions}


def tokens(batch, sizes=GRID):
    chance = generator(4)
    inputs, labels = (torch.randint(low, sizes.vocab_size, (batch, sizes.seq_len), generator=chance) for low in (1, 0))
    labels[:, 1] = 2
    return inputs, labels


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"positions": "rotary", "num_prefix": 0},
        {"positions": "none", "num_special": 0, "h_cycles": 1},
        {"recompute": True, "num_layers": 1},
    ],
)
def test_a_training_step_equals_the_reference(settings):
    net = make(**settings)
    learner = DeepSupervision(DeepSupervisionConfig(loss="softmax", unroll=2, halt_weight=0.5), seed=3, max_steps=9)
    inputs, labels = tokens(2)
    state = weights(net)
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(0, np.arange(2)).items()}
    rows = Rows(inputs=inputs, labels=labels, identifiers=torch.zeros(2, dtype=torch.int64), draws=draws)
    lesson = learner.learn(net, learner.take_up(net, learner.begin(net, 2, 6), rows), None, judge_by_label)
    z, losses = None, []
    for _ in range(2):
        z, logits, halt = reference.step(z, state, inputs, net.config, places(net.config), GRID.vocab_size)
        halting = training.halting_loss(halt, training.solved(logits, labels))
        losses.append(training.token_loss(logits, labels) + 0.5 * halting)
    loss = sum(losses) / 2
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    torch.testing.assert_close(lesson.state["latents.z"], z.detach().transpose(1, 2).flatten(1, 2), **EXACT)
    expected = training.adamw_first_step(state, gradients(loss.sum(), state), LR, WEIGHT_DECAY)
    moved = step_on(net, lesson.loss.sum())
    assert set(expected) == set(moved)
    for name, value in expected.items():
        torch.testing.assert_close(moved[name].detach(), value.detach(), **EXACT, msg=name)


def test_exchanged_symbols_are_exchanged_in_the_answer_and_special_tokens_are_not():
    sizes = CorpusSizes(seq_len=16, vocab_size=6, rows=4, columns=4)
    net, (inputs, _) = make(sizes), tokens(3, sizes)
    answer = net(inputs, None)
    exchanged = torch.tensor([0, 1, 4, 2, 5, 3])
    torch.testing.assert_close(net(exchanged[inputs], None)[..., exchanged], answer, **EXACT)
    blank = torch.tensor([0, 2, 1, 3, 4, 5])
    assert (net(blank[inputs], None)[..., blank] - answer).abs().max() > 0.01


def test_the_same_weights_answer_at_every_size():
    sizes = CorpusSizes(seq_len=81, vocab_size=11, rows=9, columns=9)
    small, large = make(num_layers=1, l_cycles=1), make(sizes, num_layers=1, l_cycles=1)
    large.load_state_dict(small.state_dict())
    inputs, _ = tokens(1, sizes)
    grid = {**places(large.config), "rows": 9, "columns": 9}
    _, expected, _ = reference.step(None, weights(small), inputs, large.config, grid, 11)
    torch.testing.assert_close(large(inputs, None), expected, **EXACT)


def test_published_sudoku_model_has_two_million_parameters():
    """Per layer: 256 to three times 4 heads of 64 and back, to three times 2 heads and back, and an MLP of 768."""
    layer = 256 * 768 + 256 * 256 + 256 * 384 + 128 * 256 + 3 * 256 * 768
    with without_numbers():
        sudoku = CorpusSizes(seq_len=81, vocab_size=11, rows=9, columns=9)
        net = SERRM(SERRMConfig(), sudoku, generator=torch.Generator(device="cpu"))
    # Vectors of pad, blank and digits, those of four prefix slots, and the head.
    assert sum(one.numel() for one in net.parameters()) == 2 * layer + 3 * 256 + 4 * 3 * 256 + 256 == 1_970_176


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 0}, "model.width is 0"),
        ({"positions": "learned"}, "model.positions"),
        ({"head_width": 6}, "4 must divide it"),
        ({"head_width": 3, "positions": "rotary"}, "2 must divide it"),
        ({"num_special": 5}, "has 5 tokens"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(SettingError) as caught:
        make(**settings)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_and_columns_have_to_be_known():
    with pytest.raises(SettingError, match=r"model\.positions=rotary"):
        make(CorpusSizes(seq_len=6, vocab_size=5))
