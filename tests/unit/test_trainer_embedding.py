"""Puzzle embeddings: a table of a million rows costs a step no more time and memory than one of ten."""

import time

import numpy as np
import psutil
import pytest
import torch

from tests.runs import step_on
from trmpipe.shards import Batch
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.files import typed
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.runs.checkpoint import load_checkpoint, save_checkpoint
from trmpipe.trainer.runs.run_state import TrainerState, to_plain
from trmpipe.trainer.settings.overrides import apply_overrides
from trmpipe.trainer.training.trainer import Trainer

WIDTH = 32
BATCH = 8
SEQ_LEN = 12


@pytest.fixture(autouse=True)
def one_thread():
    """Torch on one thread: tiny matrices are faster so, also where other processes use the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_trainer(num_identifiers, *settings):
    model = [f"width={WIDTH}", "num_heads=2", "inner=16", "num_prefix=2", "h_cycles=1", "l_cycles=1"]
    usual = [*(f"model.{one}" for one in model), f"batch_size={BATCH}", "schedule.warmup_steps=0"]
    config = apply_overrides(get_preset("sudoku-attention"), [*usual, "learner.halt_max_steps=1", *settings])
    sizes = CorpusSizes(seq_len=SEQ_LEN, vocab_size=5, num_identifiers=num_identifiers)
    net = build_net(config, sizes, torch.device("cpu"), torch.float32)
    return Trainer(config, net, build_learner(config, net), judge_by_label, sizes)


def make_batch(identifiers):
    rng = np.random.Generator(np.random.Philox(3))
    inputs, labels = rng.integers(1, 5, (2, BATCH, SEQ_LEN), dtype=np.uint8)
    zeros = np.zeros(BATCH, np.int64)
    return Batch(
        inputs=inputs,
        labels=labels,
        identifiers=np.array(identifiers, np.int32),
        groups=zeros,
        variants=zeros,
        examples=zeros,
    )


def table(trainer):
    return trainer.net.puzzle_emb.weights


def test_a_million_rows_cost_a_step_what_ten_do():
    few, many = make_trainer(10), make_trainer(1_000_000)
    batches = {few: make_batch(range(BATCH)), many: make_batch(range(0, 1_000_000, 125_000))}
    seconds = {few: [], many: []}
    memory = psutil.Process().memory_info
    before = memory().rss
    for _ in range(30):
        for trainer, batch in batches.items():
            start = time.process_time()
            step_on(trainer, batch, 0)
            seconds[trainer].append(time.process_time() - start)
    assert memory().rss - before < table(many).nbytes / 4
    # The quickest of many, in CPU time: others only ever slow a step, by the cache that they take most of all. A pass
    # over the table would take ten steps' time.
    assert min(seconds[many]) < 4 * min(seconds[few])


def test_a_trainer_holds_the_table_once():
    memory = psutil.Process().memory_info
    before = memory().rss
    trainer = make_trainer(1_000_000)
    assert memory().rss - before < 1.5 * table(trainer).nbytes
    assert trainer.averaged.puzzle_emb.weights is table(trainer)


def test_a_step_moves_the_rows_of_its_batch_alone():
    trainer = make_trainer(50)
    step_on(trainer, make_batch([3, 3, 3, 17, 17, 41, 41, 41]), 0)
    moved = table(trainer).abs().sum(1).nonzero().flatten().tolist()
    assert moved == [3, 17, 41]


def test_rates_and_decay_of_the_embedding_are_its_own():
    trainer = make_trainer(
        10, "embedding.lr=0.5", "embedding.weight_decay=0.1", "optimiser.lr=0", "optimiser.weight_decay=7"
    )
    with torch.no_grad():
        table(trainer)[:] = 2.0
    weights = [parameter.clone() for parameter in trainer.parameters]
    step_on(trainer, make_batch([4] * BATCH), 0)
    assert all(torch.equal(*pair) for pair in zip(weights, trainer.parameters, strict=True))
    steps = (table(trainer)[4] - 2.0 * (1 - 0.5 * 0.1)).abs()
    assert steps == pytest.approx([0.5] * WIDTH, rel=1e-5)
    assert (table(trainer)[:4] == 2.0).all()


def test_the_embedding_warms_up_as_the_rest_does():
    trainer = make_trainer(10, "embedding.lr=0.8", "embedding.weight_decay=0", "schedule.warmup_steps=4")
    for step in range(5):
        before = table(trainer)[4].clone()
        step_on(trainer, make_batch([4] * BATCH), step)
        length = (table(trainer)[4] - before).abs().max().item()
        assert length == pytest.approx(0.8 * min(1, (step + 1) / 4), rel=1e-5)


def test_a_checkpoint_holds_the_table_once_and_gives_it_back(tmp_path):
    trainer = make_trainer(50_000)
    step_on(trainer, make_batch(range(BATCH)), 0)
    path = save_checkpoint(tmp_path, 1, {"trainer": to_plain(trainer.get_state())})
    assert path.stat().st_size < 1.5 * table(trainer).nbytes
    other = make_trainer(50_000)
    other.set_state(typed(load_checkpoint(path)["trainer"], TrainerState, "", ""))
    assert torch.equal(table(other), table(trainer))
    assert other.averaged.puzzle_emb.weights is table(other)
    assert step_on(trainer, make_batch(range(BATCH)), 1) == step_on(other, make_batch(range(BATCH)), 1)


class TwoRanks(Ranks):
    """The first of two processes, of which the other sees the same rows and says what is right."""

    def gather(self, value):
        raise NotImplementedError

    def rows_of_all(self, rows):
        return torch.cat((rows, rows))

    def add_up(self, tensors):
        pass

    def take_first(self, tensor):
        tensor.fill_(7.0)


def test_all_ranks_have_the_rows_of_the_first():
    """On CUDA the ranks' own sums may differ in the last digit, and so in the sign."""
    trainer = make_trainer(10)
    trainer.ranks = TwoRanks(rank=0, world_size=2)
    step_on(trainer, make_batch([3, 4, 3, 4, 3, 4, 3, 4]), 0)
    assert table(trainer)[[3, 4]].eq(7).all()
    assert table(trainer)[[0, 1, 2, 5]].eq(0).all()
