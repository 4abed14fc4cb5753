"""Every preset trains: its own parts and settings, at tiny sizes, for a few steps on rows of nothing in particular."""

import numpy as np
import pytest
import torch

from tests.shrinking import shrunk_run
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.presets import PRESETS, get_preset
from trmpipe.trainer.training.trainer import Trainer

SIZES = CorpusSizes(seq_len=16, vocab_size=6, num_identifiers=7, rows=4, columns=4)
NUM_STEPS = 3


@pytest.mark.parametrize("name", PRESETS.names())
def test_every_preset_trains_for_a_few_steps(name):
    config = shrunk_run(get_preset(name), max_steps=NUM_STEPS)
    net = build_net(config, SIZES, torch.device("cpu"), torch.float32)
    before = {name: one.clone() for name, one in net.state_dict().items()}
    trainer = Trainer(config, net, build_learner(config, net), judge_by_label, SIZES)
    generator = torch.Generator().manual_seed(1)
    for step in range(NUM_STEPS):
        inputs, labels = (torch.randint(1, 6, (config.batch_size, SIZES.seq_len), generator=generator) for _ in "ab")
        draws = {name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in drawn(trainer, step).items()}
        identifiers = torch.arange(1, 1 + config.batch_size)
        rows = Rows(inputs=inputs, labels=labels, identifiers=identifiers, draws=draws)
        metrics = trainer.train_step(rows, step)
        assert all(column.isfinite().all() for column in metrics.values())
        assert {"loss", "cell", "exact"} <= metrics.keys()
    moved = {name for name, one in net.state_dict().items() if not torch.equal(one, before[name])}
    trained = {name for name, _ in net.named_parameters()}
    # Heads that a learner does not ask stay as they are.
    unasked = {name for name in trained - moved if not name.startswith("candidate_heads.")}
    assert unasked <= {"q_head.weight", "q_head.bias", "other_head"}
    assert ("puzzle_emb.weights" in moved) == (net.puzzle_table is not None)


def drawn(trainer, step):
    return trainer.learner.draws(step, trainer.slots)
