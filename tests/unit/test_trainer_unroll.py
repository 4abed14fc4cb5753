"""Deep supervision through several steps at once, with the gradient through all of them, for any recursive network."""

import numpy as np
import pytest
import torch

from tests.exact import EXACT, in_float64
from tests.references import training
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.hints import Hints, with_hints
from trmpipe.trainer.models import CorpusSizes, puzzle_rows
from trmpipe.trainer.models.eqr import EqR, EqRConfig
from trmpipe.trainer.models.equivariant import Equivariant, EquivariantConfig
from trmpipe.trainer.models.hrm import HRM, HRMConfig
from trmpipe.trainer.models.looped import Looped, LoopedConfig
from trmpipe.trainer.models.noise import keys_at
from trmpipe.trainer.models.trm import TRM, TRMConfig

SIZES = CorpusSizes(seq_len=16, vocab_size=6, num_identifiers=4, rows=4, columns=4)
SMALL = {"width": 8, "num_heads": 2, "inner": 12, "token_inner": 10}
SHORT = {**SMALL, "h_cycles": 1, "l_cycles": 1}
NETWORKS = {
    "trm": lambda: in_float64(TRM, TRMConfig(num_prefix=1, **SHORT), SIZES),
    "hrm": lambda: in_float64(HRM, HRMConfig(num_layers=1, **SHORT), SIZES),
    "eqr": lambda: in_float64(EqR, EqRConfig(**SHORT), SIZES),
    "looped": lambda: in_float64(Looped, LoopedConfig(loops=2, grad_loops=0, num_layers=1, **SMALL), SIZES),
    "equivariant": lambda: in_float64(Equivariant, EquivariantConfig(width=8, message=4, inner=8), SIZES),
}
"""Of the recursive ones, those settings that differentiate all of a step."""
STEPS, WEIGHT = 3, 0.3


@pytest.fixture(params=NETWORKS)
def net(request):
    return NETWORKS[request.param]()


@pytest.fixture
def learner():
    config = DeepSupervisionConfig(loss="softmax", unroll=STEPS, halt_weight=WEIGHT, halt_max_steps=2 * STEPS)
    return DeepSupervision(config, seed=3, max_steps=10)


def work_of(net, learner, step=0):
    generator = torch.Generator().manual_seed(4)
    inputs, labels = torch.randint(1, SIZES.vocab_size, (2, 3, SIZES.seq_len), generator=generator)
    labels[0, 3:] = 0
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(step, np.arange(3)).items()}
    rows = Rows(inputs=inputs, labels=labels, identifiers=torch.tensor([3, 0, 1]), draws=draws)
    return learner.take_up(net, learner.begin(net, 3, SIZES.seq_len), rows)


def unrolled(net, work, num_steps, *, cut=False):
    """Loss of tokens and of halting of each step, [steps, B] each, and the last logits."""
    latents, rows = net.initial(work["keys"]), puzzle_rows(net, work["identifiers"])
    token_losses, halt_losses = [], []
    for step in range(num_steps):
        latents, logits, halt, _ = net.step(latents, work["inputs"], rows, keys_at(work["keys"], step))
        if cut:
            latents = {name: z.detach() for name, z in latents.items()}
        token_losses.append(training.token_loss(logits, work["labels"]))
        halt_losses.append(training.halting_loss(halt, training.solved(logits, work["labels"])))
    return torch.stack(token_losses), torch.stack(halt_losses), logits


def gradients_of(net, loss):
    names, parameters = zip(*net.named_parameters(), strict=True)
    found = torch.autograd.grad(loss.sum(), parameters, allow_unused=True)
    return {name: one for name, one in zip(names, found, strict=True) if one is not None}


def test_the_loss_is_the_mean_over_steps_and_its_gradient_goes_through_all_of_them(net, learner):
    work = work_of(net, learner)
    lesson = learner.learn(net, work, puzzle_rows(net, work["identifiers"]), judge_by_label)
    token_losses, halt_losses, logits = unrolled(net, work, STEPS)
    torch.testing.assert_close(lesson.metrics["loss"], token_losses.mean(0).detach(), **EXACT)
    torch.testing.assert_close(lesson.metrics["halt_loss"], halt_losses.mean(0).detach(), **EXACT)
    loss = token_losses.mean(0) + WEIGHT * halt_losses.mean(0)
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    found, expected = gradients_of(net, lesson.loss), gradients_of(net, loss)
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        torch.testing.assert_close(found[name], one, **EXACT, msg=name)
    token_losses, halt_losses, _ = unrolled(net, work, STEPS, cut=True)
    cut = gradients_of(net, token_losses.mean(0) + WEIGHT * halt_losses.mean(0))
    assert any((found[name] - one).abs().max() > 1e-4 for name, one in cut.items()), "a gradient cut between steps"
    columns = judge_by_label(work["inputs"], work["labels"], logits.argmax(-1)).columns
    assert list(lesson.metrics) == ["loss", "halt_loss", *columns, "supervision_steps"]
    assert all(torch.equal(lesson.metrics[name], one) for name, one in columns.items())
    assert not any(one.requires_grad for one in lesson.metrics.values())
    assert not any(one.requires_grad for one in lesson.state.values())
    assert lesson.state["steps"].tolist() == [STEPS] * 3
    longer = learner.learn(net, {**work, **lesson.state}, puzzle_rows(net, work["identifiers"]), judge_by_label)
    assert longer.state["halted"].all(), "puzzles stay longer than halt_max_steps"


def test_there_are_as_many_answers_as_are_asked_for(net, learner):
    work = work_of(net, learner)
    asked = work["inputs"], work["identifiers"]
    with torch.no_grad():
        answers = list(learner.answers(net, *asked, STEPS + 2, work["keys"]))
        _, _, logits = unrolled(net, work, STEPS + 2)
    assert len(answers) == STEPS + 2
    torch.testing.assert_close(answers[-1].logits, logits, **EXACT)
    for answer in answers:
        assert torch.equal(answer.tokens, answer.logits.argmax(-1))
        assert answer.halt.shape == answer.residual.shape == (3,)
        assert answer.go_on is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"unroll": 0}, "learner.unroll is 0"),
        ({"unroll": 1025}, "learner.unroll is 1025"),
        ({"unroll": 2, "continue_loss": True}, "learner.unroll is 2"),
        ({"hints": 1.5}, "learner.hints is 1.5"),
        ({"hints_share": -0.5}, "learner.hints_share is -0.5"),
        ({"hints_power": -1.0}, "learner.hints_power is -1"),
    ],
)
def test_impossible_settings_are_refused(wrong, words):
    with pytest.raises(SettingError) as caught:
        DeepSupervisionConfig(**wrong)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("share", "power"), [(0.5, 1), (0.25, 1), (0.8, 3), (1, 0)])
def test_hints_show_labels_in_a_share_of_the_puzzles_up_to_a_share(share, power):
    """A power of a number from 0 to 1 is 1 / (power + 1) on average."""
    size, hints = (4000, 400), Hints(most=0.4, share=share, power=power)
    inputs, labels = torch.zeros(size, dtype=torch.int64) + 1, torch.zeros(size, dtype=torch.int64) + 2
    labels[:, :10] = 0
    shown = with_hints(inputs, labels, torch.arange(size[0]), hints)
    assert torch.equal(shown[:, :10], inputs[:, :10]), "pad is no answer"
    shares = (shown[:, 10:] == 2).double().mean(1)
    assert abs(shares.mean() - share * 0.4 / (power + 1)) < 0.015
    expected_without = 1 - share * (1 - 0.01 ** (1 / power) if power else 1)
    assert abs((shares < 0.004).double().mean() - expected_without) < 0.05
    assert 0.35 < shares.max() < 0.4 + 0.15
    assert torch.equal(with_hints(inputs[7:9], labels[7:9], torch.arange(7, 9), hints), shown[7:9])


def test_no_hints_leave_inputs_as_they_are():
    inputs, labels = torch.ones(4, 9, dtype=torch.int64), torch.full((4, 9), 2)
    for hints in (Hints(), Hints(most=0.5, share=0.0)):
        assert with_hints(inputs, labels, torch.arange(4), hints) is inputs


def test_a_puzzle_is_taken_up_with_hints_and_keeps_them(net):
    learner = DeepSupervision(DeepSupervisionConfig(hints=1.0), seed=3, max_steps=10)
    works = [work_of(net, learner, step) for step in range(4)]
    known = [(work["inputs"] == work["labels"]).double().mean() for work in works]
    assert len({float(one) for one in known}) > 1, "hints are the same at every step"
    plain = work_of(net, DeepSupervision(DeepSupervisionConfig(), seed=3, max_steps=10))
    for work in works:
        told = work["inputs"] != plain["inputs"]
        assert torch.equal(work["inputs"][told], work["labels"][told])
