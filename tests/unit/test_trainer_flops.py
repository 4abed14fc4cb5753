"""FLOPs are those counted by hand and by torch's own counter; what a training costs is measured on real puzzles."""

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

import trmpipe
from trmpipe.trainer.building.build import build_learner, build_net, corpus_sizes
from trmpipe.trainer.building.flops import flops_of, step_flops
from trmpipe.trainer.building.trial import first_puzzles
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.learners.deep_supervision import DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training import measuring
from trmpipe.trainer.training.measuring import measure_costs

B, S, D, V, PREFIX, INNER, TOKENS, LAYERS = 3, 9, 16, 5, 2, 24, 8, 2
TINY = (
    "model.width=16",
    "model.inner=16",
    "model.token_inner=16",
    "batch_size=8",
    "evaluation.steps=4",
    "num_slices=1",
)


def counted(cycles=(1, 1), **changes):
    """FLOPs of a step of a tiny TRM."""
    sizes = {"width": D, "inner": INNER, "token_inner": TOKENS, "num_prefix": PREFIX, "num_layers": LAYERS}
    model = TRMConfig(**sizes, h_cycles=cycles[0], l_cycles=cycles[1], num_heads=2, **changes)
    config = TrainConfig(model=model, learner=DeepSupervisionConfig())
    corpus = CorpusSizes(seq_len=S, vocab_size=V)
    net = build_net(config, corpus, torch.device("cpu"), torch.float32)
    tokens = torch.ones(B, S, dtype=torch.int64)
    return step_flops(net, build_learner(config, net), tokens, tokens)


def by_hand(a_layer, more=0, calls=2):
    """Of so many calls of all layers, the answers, the logits of halting and going on; backward is twice forward."""
    products = calls * LAYERS * a_layer + 2 * B * S * D * V + 2 * B * D * 2
    return 3 * products + more


POSITIONS = B * (PREFIX + S)
CHANNELS = 2 * POSITIONS * D * 3 * INNER
MIXER = 2 * POSITIONS * D * 3 * TOKENS + CHANNELS


def test_the_flops_of_a_step_are_those_counted_by_hand():
    assert counted() == by_hand(MIXER)
    scores = 2 * POSITIONS * (PREFIX + S) * D
    attention = 2 * LAYERS * (2 + 5) * scores
    assert counted(mixer="attention") == by_hand(2 * POSITIONS * D * 4 * D + CHANNELS, attention)


def test_a_cycle_of_one_call_costs_half_of_one_of_two():
    assert counted(cycles=(1, 0), latents="single") == by_hand(MIXER, calls=1)
    assert counted(cycles=(1, 1), latents="single") == by_hand(MIXER)


def test_two_latents_have_no_cycle_without_an_update():
    with pytest.raises(SettingError, match=r"model\.l_cycles is 0"):
        TRMConfig(h_cycles=1, l_cycles=0)


def test_without_attention_torchs_own_counter_says_the_same():
    left, right = torch.ones(3, 5, requires_grad=True), torch.ones(5, 7, requires_grad=True)

    def work():
        torch.autograd.backward(F.linear(left @ right, torch.ones(4, 7)).sum())

    with FlopCounterMode(display=False) as theirs:
        work()
    assert flops_of(work) == theirs.get_total_flops() == 2 * 3 * 5 * 7 * 3 + 2 * 3 * 7 * 4 * 2


def test_attention_without_gradient_counts_too():
    query, key = torch.ones(2, 3, 4, 8), torch.ones(2, 3, 7, 8)
    with torch.no_grad():
        assert flops_of(lambda: F.scaled_dot_product_attention(query, key, key)) == 2 * 2 * (2 * 3 * 4 * 7 * 8)


def asked(corpus, *settings, preset="trm-sudoku6-cpu"):
    return TrainRequest(paths=(str(corpus),), preset=preset, settings=settings, device="cpu")


def test_what_a_training_costs_is_measured_without_one(corpus4, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = measure_costs(asked(corpus4, *TINY), seconds=0.01)
    config = measuring.config_for(asked(corpus4, *TINY), trmpipe.open(corpus4), torch.device("cpu"))[2]
    net = build_net(config, corpus_sizes(trmpipe.open(corpus4)), torch.device("cpu"), torch.float32)
    assert found.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert found.answer_steps == 4
    assert found.answer_flops[1] == 4 * found.answer_flops[0] > 0
    assert found.step_seconds > 0
    assert found.answer_seconds > 0
    assert found.wall_share >= 1
    assert list(tmp_path.iterdir()) == []


def test_flops_are_counted_on_the_corpus_own_puzzles(corpus4, monkeypatch):
    """The equivariant cell computes possible candidates alone, so a puzzle that shows all its answer costs less."""
    request = asked(corpus4, "learner.hints=0", "num_slices=1", preset="sudoku6-cpu")
    found = measure_costs(request, seconds=0.01)
    monkeypatch.setattr(measuring, "first_puzzles", lambda *asked: (first_puzzles(*asked)[1],) * 2)
    shown = measure_costs(request, seconds=0.01)
    assert shown.step_flops < found.step_flops / 2
    assert shown.answer_flops[1] < found.answer_flops[1] / 2
