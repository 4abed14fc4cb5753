"""A training step: slices change nothing but rounding, threads nothing at all."""

import dataclasses

import pytest
import torch

from trmpipe.shards import Corpus, Stream
from trmpipe.trainer.build import build_net, corpus_sizes
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.threads import side_by_side, slices
from trmpipe.trainer.trainer import Trainer


@pytest.fixture(autouse=True)
def one_thread():
    """Torch on one thread, as in the threads of slices: its own threads round in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(corpus4, num_slices, spread=map, num_steps=4):
    """State and metrics after some steps of a small network with puzzle embeddings."""
    corpus = Corpus.open(corpus4)
    recipe = get_preset("sudoku-attention")
    model = dataclasses.replace(recipe.model, width=16, num_heads=2, inner=16, num_prefix=1, h_cycles=1, l_cycles=1)
    config = dataclasses.replace(
        recipe, model=model, batch_size=10, num_slices=num_slices, warmup_steps=0, loss="softmax", optimiser="muon"
    )
    trainer = Trainer(
        config, build_net(config, corpus_sizes(corpus), torch.device("cpu"), torch.float32), spread=spread
    )
    stream = Stream([corpus], seed=0, batch_size=10)
    metrics = torch.stack([trainer.train_step(stream.batch(step)) for step in range(num_steps)])
    return metrics, trainer.get_state()


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
    for name, value in state["net"].items():
        assert torch.equal(value, threaded_state["net"][name]), name
    assert torch.equal(state["carry"]["z_H"], threaded_state["carry"]["z_H"])


def test_the_puzzle_embedding_moves(corpus4):
    _, state = run(corpus4, 2)
    assert state["net"]["puzzle_emb.weights"].abs().sum() > 0


def test_threads_use_one_core_each_and_put_torch_back():
    before = torch.get_num_threads()
    with side_by_side(2) as spread:
        assert list(spread(lambda _: torch.get_num_threads(), range(4))) == [1] * 4
        assert list(spread(lambda x: x * x, range(5))) == [0, 1, 4, 9, 16]
    assert torch.get_num_threads() == before


def test_slices_cover_everything_once():
    for length in range(1, 12):
        for count in range(1, 6):
            runs = slices(length, count)
            assert [i for part in runs for i in range(length)[part]] == list(range(length))
            sizes = [part.stop - part.start for part in runs]
            assert max(sizes) - min(sizes) <= 1
