"""The autoregressive transformer: taught by the label, answering by a cache, both against a plain reference."""

import pytest
import torch

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, in_float64, step_on, weights
from tests.references import autoregressive as reference
from tests.references import training
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.token_by_token import TokenByToken, TokenByTokenConfig
from trmpipe.trainer.models import CorpusSizes, puzzle_rows
from trmpipe.trainer.models.autoregressive import Autoregressive, AutoregressiveConfig

SIZES = CorpusSizes(seq_len=4, vocab_size=5, num_identifiers=4)
KINDS = [{}, {"positions": "learned"}, {"num_prefix": 1}, {"positions": "learned", "num_prefix": 1, "num_heads": 1}]


def small(settings):
    sizes = {"width": 8, "num_layers": 2, "num_heads": 2, "inner": 12}
    net = in_float64(Autoregressive, AutoregressiveConfig(**{**sizes, **settings}), SIZES)
    if net.puzzle_table is not None:
        net.puzzle_table.normal_(generator=generator(9))
    return net


def tokens(batch, seed=4):
    return torch.randint(1, 5, (2, batch, 4), generator=generator(seed))


@pytest.mark.parametrize("settings", KINDS)
def test_a_training_step_equals_the_reference(settings):
    net, learner = small(settings), TokenByToken(TokenByTokenConfig(), seed=0, max_steps=5)
    state, identifiers = weights(net), torch.tensor([2, 0])
    inputs, labels = tokens(2)
    labels[0, 1] = 0
    rows = Rows(inputs=inputs, labels=labels, identifiers=identifiers, draws={})
    embeddings = puzzle_rows(net, identifiers)
    lesson = learner.learn(net, learner.take_up(net, {}, rows), embeddings, judge_by_label)

    logits = reference.follow(inputs, labels, embeddings, state, net.config)
    loss = training.token_loss(logits, labels)
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    assert lesson.metrics["exact"].tolist() == training.solved(logits, labels).tolist()
    moved = training.adamw_first_step(state, gradients(loss.sum(), state), LR, WEIGHT_DECAY)
    found = step_on(net, lesson.loss.sum())
    assert set(moved) == set(found)
    for name, value in moved.items():
        torch.testing.assert_close(found[name].detach(), value.detach(), **EXACT)


@torch.no_grad()
@pytest.mark.parametrize("settings", KINDS)
def test_answers_by_the_cache_equal_whole_passes(settings):
    net, learner = small(settings), TokenByToken(TokenByTokenConfig(), seed=0, max_steps=5)
    inputs, identifiers = tokens(3)[0], torch.tensor([3, 1, 1])
    (answer,) = learner.answers(net, inputs, identifiers, 16, identifiers)
    rows = puzzle_rows(net, identifiers)
    for i in range(3):
        written, logits = reference.write(inputs[i], None if rows is None else rows[i], weights(net), net.config)
        assert answer.tokens[i].tolist() == written.tolist()
        torch.testing.assert_close(answer.logits[i], logits, **EXACT)
    torch.testing.assert_close(net.follow(inputs, answer.tokens, rows), answer.logits, **EXACT)
    assert (answer.halt, answer.residual) == (None, None)


@torch.no_grad()
def test_a_token_is_predicted_by_those_before_it_alone():
    net = small({})
    inputs, answers = tokens(1)
    before = net.follow(inputs, answers, None)
    for place in range(4):
        changed = answers.clone()
        changed[0, place] = answers[0, place] % 4 + 1
        after = net.follow(inputs, changed, None)
        assert torch.equal(after[0, : place + 1], before[0, : place + 1])
        assert place == 3 or not torch.equal(after[0, place + 1 :], before[0, place + 1 :])
    other = net.follow(inputs % 4 + 1, answers, None)
    assert not torch.equal(other[0, 0], before[0, 0])


@torch.no_grad()
def test_answers_do_not_depend_on_their_company():
    net, learner = small({}), TokenByToken(TokenByTokenConfig(), seed=0, max_steps=5)
    inputs, zeros = tokens(3)[0], torch.zeros(3, dtype=torch.int64)
    (together,) = learner.answers(net, inputs, zeros, 1, zeros)
    (alone,) = learner.answers(net, inputs[2:], zeros[2:], 1, zeros[2:])
    torch.testing.assert_close(alone.logits[0], together.logits[2], **EXACT)


@torch.no_grad()
def test_bfloat16_answers_are_near_those_in_float32():
    config = AutoregressiveConfig(width=8, num_layers=2, num_heads=2, inner=12)
    wide, narrow = (
        Autoregressive(config, SIZES, generator=generator(), dtype=dtype) for dtype in (torch.float32, torch.bfloat16)
    )
    inputs, answers = tokens(2)
    assert narrow.follow(inputs, answers, None).dtype == torch.float32
    # bfloat16 has 8 bits; the logits are about 1.
    torch.testing.assert_close(
        narrow.follow(inputs, answers, None), wide.follow(inputs, answers, None), atol=0.1, rtol=0
    )
    logits, cache = narrow.read(inputs, None)
    assert cache.keys.dtype == torch.bfloat16
    torch.testing.assert_close(
        narrow.write(answers[:, 0], cache), wide.follow(inputs, answers, None)[:, 1], atol=0.1, rtol=0
    )
    torch.testing.assert_close(logits, wide.follow(inputs, answers, None)[:, 0], atol=0.1, rtol=0)


def test_the_defaults_have_27_million_parameters():
    """Per layer Q, K, V and output, and three matrices of the MLP; tokens and head beside them."""
    net = Autoregressive(AutoregressiveConfig(), CorpusSizes(seq_len=81, vocab_size=11), generator=generator())
    expected = 8 * (4 * 512 * 512 + 3 * 512 * 1536) + 2 * 11 * 512
    assert sum(parameter.numel() for parameter in net.parameters()) == expected == 27_274_240


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"width": 100}, {"num_prefix": 2}, {"positions": "absolute"}, {"num_layers": 10**6}]
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(SettingError, match=r"model\.") as caught:
        AutoregressiveConfig(**wrong)
    assert "\n" not in str(caught.value)
