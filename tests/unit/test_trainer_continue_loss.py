"""The continue loss: what going on is worth, when a slot is left, and networks that cannot say."""

import numpy as np
import pytest
import torch

from trmpipe.trainer.building.build import build_net
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.halting import continue_target
from trmpipe.trainer.models import CorpusSizes, Outcome
from trmpipe.trainer.models.direct import DirectConfig
from trmpipe.trainer.settings.config import TrainConfig


class SayingNet(torch.nn.Module):
    """Says at each supervision step what the test gives for it; the latent counts them."""

    has_continue_head = True

    def __init__(self, said):
        super().__init__()
        self.weight, self.said = torch.nn.Parameter(torch.zeros(1)), said

    def initial(self, keys):
        return {"count": torch.zeros(1, len(keys), 1)}

    def step(self, latents, inputs, rows, keys):
        count = latents["count"]
        halt, go_on = (torch.tensor(one) for one in self.said[int(count.max())])
        return Outcome({"count": count + 1}, torch.zeros(*inputs.shape, 4), halt, go_on + self.weight)


def lesson_of(said, *, continue_loss=True, longest=2):
    net = SayingNet(said)
    config = DeepSupervisionConfig(continue_loss=continue_loss, halt_max_steps=longest, halt_exploration=0.0)
    learner, slots = DeepSupervision(config, seed=0, max_steps=1), np.arange(len(said[0][0]))
    tokens = torch.ones(len(slots), 2, dtype=torch.int64)
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(0, slots).items()}
    rows = Rows(inputs=tokens, labels=tokens, identifiers=tokens[:, 0], draws=draws)
    work = learner.take_up(net, learner.begin(net, len(slots), 2), rows)
    return net, learner.learn(net, work, None, judge_by_label)


SAID = [([1.0, 1.0, -2.0], [0.5, 2.0, -3.0]), ([-1.0, 0.5, 3.0], [2.0, -0.5, 1.0])]
"""Logits of halting and of going on, of three slots, at two supervision steps."""


def bce(logit, target):
    chance = 1 / (1 + np.exp(-logit))
    return -(target * np.log(chance) + (1 - target) * np.log(1 - chance))


@pytest.mark.parametrize(("longest", "worth"), [(2, [2.0, 0.5, 3.0]), (1, [-1.0, 0.5, 3.0])])
def test_going_on_is_worth_the_better_of_what_comes_next_and_after_the_last_step_halting(longest, worth):
    net, lesson = lesson_of(SAID, longest=longest)
    expected = [bce(logit, 1 / (1 + np.exp(-one))) for logit, one in zip(SAID[0][1], worth, strict=True)]
    assert lesson.metrics["continue_loss"].tolist() == pytest.approx(expected, rel=1e-5)
    halting, going_on = lesson.metrics["halt_loss"], lesson.metrics["continue_loss"]
    whole = lesson.metrics["loss"] + 0.5 * halting + 0.5 * going_on
    assert lesson.loss.tolist() == pytest.approx(whole.tolist(), rel=1e-5)
    # The target is no function of the weights: the gradient is that of the first step's logits alone.
    (gradient,) = torch.autograd.grad(lesson.loss.sum(), [net.weight])
    slopes = [0.5 * (1 / (1 + np.exp(-a)) - 1 / (1 + np.exp(-b))) for a, b in zip(SAID[0][1], worth, strict=True)]
    assert gradient.item() == pytest.approx(sum(slopes), rel=1e-5)


def test_a_slot_is_left_when_halting_is_worth_more_than_going_on():
    assert lesson_of(SAID)[1].state["halted"].tolist() == [True, False, True]
    plain = lesson_of(SAID, continue_loss=False)[1]
    assert plain.state["halted"].tolist() == [True, True, False]
    assert "continue_loss" not in plain.metrics


def test_the_target_slot_by_slot():
    generator = torch.Generator().manual_seed(1)
    halt, go_on = torch.randn(2, 50, generator=generator)
    last = torch.rand(50, generator=generator) < 0.3
    worth = [
        a if is_last else max(a, b) for a, b, is_last in zip(*(x.tolist() for x in (halt, go_on, last)), strict=True)
    ]
    torch.testing.assert_close(continue_target(halt, go_on, last), torch.tensor(worth).sigmoid())


def test_a_network_without_the_head_is_refused_in_one_line():
    learner = DeepSupervision(DeepSupervisionConfig(continue_loss=True), seed=0, max_steps=1)
    sizes = CorpusSizes(seq_len=4, vocab_size=5)
    net = build_net(TrainConfig(model=DirectConfig(width=16)), sizes, torch.device("cpu"), torch.float32)
    with pytest.raises(SettingError, match=r"learner\.continue_loss asks for a continue head") as caught:
        learner.begin(net, 2, 4)
    assert "\n" not in str(caught.value)
