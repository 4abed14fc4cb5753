"""Damaged files of published weights: each is read as weights of the same form, or refused in one line.

TRMPIPE_FUZZ_INPUTS says how many inputs all tests make; all are drawn from one seed, so that a failure comes again.
"""

import numpy as np
import pytest
import torch

from tests.fuzz.mutations import damage, num_inputs
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import PART, TRM, TRMConfig
from trmpipe.trainer.published.reading import network_tensors, open_published, published_tensors, read_for
from trmpipe.trainer.published.tensor_files import write_tensors

NUM_INPUTS = num_inputs(30)
SIZES = CorpusSizes(seq_len=16, vocab_size=6)
CONFIG = TRMConfig(width=8, num_layers=1, inner=8, token_inner=8, num_prefix=1, h_cycles=1, l_cycles=1)


@pytest.mark.parametrize("name", ["step_3", "x.safetensors"])
def test_damaged_weights_are_one_line(tmp_path, name):
    net = TRM(CONFIG, SIZES, generator=torch.Generator().manual_seed(1))
    path, rng = tmp_path / name, np.random.Generator(np.random.Philox(9))
    write_tensors(path, published_tensors(net, PART.published))
    whole, refused, wrong = path.read_bytes(), 0, []
    # Most of a file is numbers; names, shapes and places, which are more likely to do harm, are at its ends.
    for number in range(NUM_INPUTS):
        half = len(whole) // 2
        data = (damage(rng, whole), damage(rng, whole[:600]) + whole[600:], whole[:half] + damage(rng, whole[half:]))
        path.write_bytes(data[number % 3])
        try:
            weights = open_published(path)
            if read_for(weights, SIZES, "sudoku4", {"h_cycles": 1, "l_cycles": 1}).config.model == CONFIG:
                network_tensors(weights, net)
        except RunError as error:
            refused += 1
            wrong += [] if str(error).isprintable() and len(str(error)) < 2500 else [str(error)[:300]]
    assert wrong == []
    assert refused > NUM_INPUTS // 3
