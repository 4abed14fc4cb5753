"""A training step: slices change nothing but rounding, threads nothing at all."""

import dataclasses
import re

import pytest
import torch

from tests.runs import step_on
from trmpipe.shards import Corpus, Stream
from trmpipe.trainer import threads
from trmpipe.trainer.building.build import build_learner, build_net, corpus_sizes
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.optim import adamw
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.settings.overrides import apply_overrides
from trmpipe.trainer.threads import num_threads, side_by_side, slices
from trmpipe.trainer.training.trainer import Trainer


@pytest.fixture(autouse=True)
def one_thread():
    """Torch on one thread, as in the threads of slices: its own threads round in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SETTINGS = [
    *(f"model.{one}" for one in ("width=16", "num_heads=2", "inner=16", "num_prefix=1", "h_cycles=1", "l_cycles=1")),
    "schedule.warmup_steps=0",
    "learner.loss=softmax",
    "optimiser.name=muon",
    "batch_size=10",
]


def make_trainer(corpus, *settings, **options):
    """A small network with puzzle embeddings."""
    config = apply_overrides(get_preset("sudoku-attention"), [*SETTINGS, *settings])
    sizes = corpus_sizes(corpus)
    net = build_net(config, sizes, torch.device("cpu"), torch.float32)
    return Trainer(config, net, build_learner(config, net), judge_by_label, sizes, **options)


def test_fused_optimisers_move_each_weight_by_its_own_gradient(corpus4, monkeypatch):
    """Some gradients of the cell come out transposed, and a fused step reads memory in the order in which it lies."""
    cell = ["model.name=equivariant", "model.width=8", "model.inner=16", "model.message=4", "model.calls=2"]
    settings = [*cell, "schedule.warmup_steps=0", "batch_size=10", "optimiser.name=adamw", "optimiser.lr=0.1"]
    weights = {}
    for forms in (adamw._FUSED, ()):
        monkeypatch.setattr(adamw, "_FUSED", forms)
        corpus = Corpus.open(corpus4)
        config = apply_overrides(get_preset("sudoku4-cpu"), settings)
        net = build_net(config, corpus_sizes(corpus), torch.device("cpu"), torch.float32)
        trainer = Trainer(config, net, build_learner(config, net), judge_by_label, corpus_sizes(corpus))
        assert trainer.optimisers[0].param_groups[0]["fused"] == (True if forms else None)
        stream = Stream([corpus], seed=0, batch_size=10)
        for step in range(3):
            step_on(trainer, stream.batch(step), step)
        assert all(one.grad is None or one.grad.stride() == one.stride() for one in trainer.parameters)
        weights[bool(forms)] = trainer.get_state().net
    for name, value in weights[True].items():
        torch.testing.assert_close(value, weights[False][name], msg=name)


def run(corpus4, num_slices, spread=map, num_steps=4):
    """State and metrics after some steps."""
    corpus = Corpus.open(corpus4)
    trainer = make_trainer(corpus, f"num_slices={num_slices}", spread=spread)
    stream = Stream([corpus], seed=0, batch_size=10)
    sums = [list(step_on(trainer, stream.batch(step), step).values()) for step in range(num_steps)]
    return torch.tensor(sums, dtype=torch.float64), trainer.get_state()


@pytest.mark.parametrize("num_slices", [2, 3])
def test_slices_change_only_rounding(corpus4, num_slices):
    whole, _ = run(corpus4, 1)
    sliced, _ = run(corpus4, num_slices)
    # float32 sums in another order.
    torch.testing.assert_close(sliced, whole, rtol=1e-4, atol=1e-4)


def test_threads_change_nothing(corpus4):
    metrics, state = run(corpus4, 3)
    with side_by_side(3) as spread:
        threaded, threaded_state = run(corpus4, 3, spread)
    assert torch.equal(metrics, threaded)
    for name, value in state.net.items():
        assert torch.equal(value, threaded_state.net[name]), name
    assert torch.equal(state.state["latents.z_H"], threaded_state.state["latents.z_H"])


def test_the_gradient_of_all_slices_together_is_clipped(corpus4):
    """Descent with a rate of 1: a step of weights is the gradient, no longer than asked for."""
    corpus = Corpus.open(corpus4)
    lengths = {}
    for clip in (0.0, 0.01, 1e6):
        trainer = make_trainer(corpus, "num_slices=2", f"clip_norm={clip}")
        trainer.optimisers = [torch.optim.SGD(trainer.parameters, lr=1.0)]
        for optimiser in trainer.optimisers:
            optimiser.param_groups[0]["base_lr"] = 1.0
        before = [parameter.detach().clone() for parameter in trainer.parameters]
        step_on(trainer, Stream([corpus], seed=0, batch_size=10).batch(0), 0)
        moved = [a - b for a, b in zip(before, trainer.parameters, strict=True)]
        lengths[clip] = torch.cat([one.flatten() for one in moved]).norm().item()
    assert lengths[0.01] == pytest.approx(0.01, rel=1e-3)
    assert lengths[0.0] == pytest.approx(lengths[1e6])
    assert lengths[0.0] > 0.02


def test_the_puzzle_embedding_moves(corpus4):
    _, state = run(corpus4, 2)
    assert state.net["puzzle_emb.weights"].abs().sum() > 0


class InTurn(Ranks):
    """A rank whose numbers no other one is to add to."""

    def add_up(self, tensors):
        pass

    def rows_of_all(self, rows):
        return rows

    def take_first(self, tensor):
        pass


def test_ranks_in_turn_make_the_same_state_as_one(corpus4):
    """Networks whose weights do not move and that are sure of everything: when a slot halts is drawn by its number."""
    corpus = Corpus.open(corpus4)
    still = ["optimiser.lr=0", "optimiser.matrix_lr=0", "embedding.lr=0", "optimiser.weight_decay=0"]
    settings = [*still, "learner.halt_exploration=1", "learner.halt_max_steps=5", "learner.halt_early_steps=5"]
    halves = [make_trainer(corpus, *settings, ranks=InTurn(rank=rank, world_size=2)) for rank in range(2)]
    whole = make_trainer(corpus, *settings)
    for trainer in (*halves, whole):
        torch.nn.init.constant_(trainer.net.q_head.bias, 5.0)
    streams = [Stream([corpus], seed=0, batch_size=10, rank=rank, world_size=2) for rank in range(2)]
    halted = set()
    for step, batch in zip(range(8), Stream([corpus], seed=0, batch_size=10), strict=False):
        step_on(whole, batch, step)
        for trainer, stream in zip(halves, streams, strict=True):
            step_on(trainer, stream.batch(step), step)
        for name in ("inputs", "steps", "halted"):
            assert torch.equal(torch.cat([half.state[name] for half in halves]), whole.state[name]), name
        halted.add(tuple(whole.state["halted"].tolist()))
    assert len(halted) > 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("steps"), "steps is missing, expected int64 [10]"),
        (lambda state: state.update(more=torch.zeros(10)), "more is float32 [10], expected none"),
        (lambda state: state.update(halted=torch.zeros(9, dtype=torch.bool)), "halted is bool [9], expected bool [10]"),
    ],
)
def test_a_state_that_does_not_fit_the_learner_is_refused(corpus4, change, words):
    trainer = make_trainer(Corpus.open(corpus4))
    state = trainer.get_state()
    saved = dict(state.state)
    change(saved)
    with pytest.raises(RunError, match=re.escape(words)) as caught:
        trainer.set_state(dataclasses.replace(state, state=saved))
    assert "\n" not in str(caught.value)


def test_threads_use_one_core_each_and_put_torch_back():
    torch.set_num_threads(2)
    with side_by_side(2) as spread:
        assert list(spread(lambda _: torch.get_num_threads(), range(4))) == [1] * 4
        assert torch.get_num_threads() == 1
        assert list(spread(lambda x: x * x, range(5))) == [0, 1, 4, 9, 16]
    assert torch.get_num_threads() == 2


def test_more_slices_than_cores_take_turns(monkeypatch):
    monkeypatch.setattr(threads, "num_cores", lambda: 3)
    cpu = torch.device("cpu")
    assert [num_threads(count, cpu) for count in (1, 2, 16)] == [1, 2, 3]
    assert num_threads(16, torch.device("cuda")) == 1


def test_slices_cover_everything_once():
    for length in range(1, 12):
        for count in range(1, 6):
            runs = slices(length, count)
            assert [i for part in runs for i in range(length)[part]] == list(range(length))
            sizes = [part.stop - part.start for part in runs]
            assert max(sizes) - min(sizes) <= 1
