"""Streams: the same global sequence for any ranks, memory, format or restart, and refusals in one line."""

import itertools
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests import shards_reference as reference
from tests.shards_corpora import group_rows, make_corpus
from trmpipe.shards import Corpus, CorpusError, StateError, Stream, as_torch
from trmpipe.shards.table import WholeHolder
from trmpipe.shards.windows import WindowHolder

RAGGED = (1200, 700, 256, 7, 1, 1000)
BLOCKS = {"group_block": 4, "variant_block": 100, "sample_groups": 2}
APART = (760, 700, 640, 580, 530)
"""Three windows of variants each, which the groups change in epochs of their own."""
ROW_BYTES = 2 * 9


def window_bytes(num_groups):
    """Memory for one window of variants of every group; twice as much leaves room to read ahead."""
    return num_groups * 256 * ROW_BYTES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    make_corpus(root / "ragged", "webdataset", RAGGED, **BLOCKS)
    make_corpus(root / "ragged-zarr", "zarr", RAGGED, group_block=6, variant_block=256)
    make_corpus(root / "even", "webdataset", (520,) * 5, seed=1, **BLOCKS)
    make_corpus(root / "apart", "webdataset", APART, **BLOCKS)
    return root


@pytest.fixture
def open_stream(folder):
    def build(*names, **options):
        corpora = [Corpus.open(folder / name) for name in names or ("ragged",)]
        return Stream(corpora, **{"seed": 7, "batch_size": 12, **options})

    return build


def same(first, second):
    return all(
        np.array_equal(getattr(first, field), getattr(second, field))
        for field in ("inputs", "labels", "identifiers", "groups", "variants", "examples")
    )


def test_batches_hold_the_rows_of_the_reference_order(open_stream):
    stream = open_stream()
    for step in (0, 1, 2, 50, 1000):
        batch = stream.batch(step)
        assert batch.inputs.shape == batch.labels.shape == (12, 9)
        for i in range(12):
            group, variant = reference.by_windows(7, 12 * step + i, RAGGED)
            inputs, labels = group_rows("train", group, RAGGED[group])
            assert (batch.groups[i], batch.variants[i]) == (group, variant)
            assert np.array_equal(batch.inputs[i], inputs[variant])
            assert np.array_equal(batch.labels[i], labels[variant])


@pytest.mark.parametrize("world_size", [1, 2, 3, 12])
def test_ranks_share_out_the_global_batch(open_stream, world_size):
    whole = open_stream()
    ranks = [open_stream(rank=rank, world_size=world_size) for rank in range(world_size)]
    for step in range(5):
        parts = [stream.batch(step) for stream in ranks]
        assert np.array_equal(np.concatenate([part.inputs for part in parts]), whole.batch(step).inputs)
        assert np.array_equal(np.concatenate([part.variants for part in parts]), whole.batch(step).variants)
    assert {stream.fingerprint for stream in ranks} == {whole.fingerprint}


def test_format_and_layout_do_not_change_the_sequence(open_stream):
    tar, zarr = open_stream("ragged"), open_stream("ragged-zarr")
    assert tar.fingerprint == zarr.fingerprint
    assert all(same(tar.batch(step), zarr.batch(step)) for step in range(700))


@pytest.mark.parametrize("name", ["ragged", "ragged-zarr", "even"])
@pytest.mark.parametrize("room", [1, 2])
def test_a_corpus_larger_than_memory_gives_the_same_sequence(open_stream, name, room):
    """With room for one window of each group, and with room to read the next ahead; past the end of a cycle."""
    whole = open_stream(name)
    tight = open_stream(name, memory_limit_bytes=room * window_bytes(whole.num_groups))
    assert isinstance(whole._holder, WholeHolder)
    assert isinstance(tight._holder, WindowHolder)
    assert (tight._holder._thread is not None) == (room == 2)
    num_steps = 700 * whole.num_groups // 12
    assert all(same(whole.batch(step), tight.batch(step)) for step in range(num_steps))


@pytest.mark.parametrize("name", ["ragged", "apart"])
def test_a_corpus_larger_than_memory_is_read_at_random_too(open_stream, name):
    whole = open_stream(name)
    tight = open_stream(name, memory_limit_bytes=2 * window_bytes(whole.num_groups))
    assert isinstance(tight._holder, WindowHolder)
    steps = np.random.default_rng(0).integers(0, 2000, 300).tolist()
    assert all(same(whole.batch(step), tight.batch(step)) for step in steps)


def test_one_read_of_a_window_serves_its_epochs(open_stream, monkeypatch):
    read = []
    original = Corpus.read_shard

    stream = open_stream("even", batch_size=5, memory_limit_bytes=window_bytes(5))
    corpus = stream._spans[0].corpus

    def note(self, split, shard):
        # Streams of earlier tests may still be reading ahead.
        if self is corpus:
            read.append(shard.index)
        return original(self, split, shard)

    monkeypatch.setattr(Corpus, "read_shard", note)
    for epoch in range(520):
        stream.batch(epoch)
    # 520 variants are three windows of the order; shards of 100 variants that straddle a boundary are read for both
    # sides: 3 + 4 + 1 columns of two shards each.
    assert len(read) == 2 * (3 + 4 + 1)


def test_windows_are_read_ahead(open_stream, monkeypatch):
    taken = []
    original = WindowHolder._take_ahead

    def note(self, change):
        taken.append(original(self, change))
        return taken[-1]

    monkeypatch.setattr(WindowHolder, "_take_ahead", note)
    stream = open_stream("even", batch_size=5, memory_limit_bytes=2 * window_bytes(5))
    for epoch in range(520):
        stream.batch(epoch)
    assert taken == [False, True, True]


def test_batches_may_span_epochs(open_stream):
    stream = open_stream(batch_size=50)
    batch = stream.batch(3)
    expected = [reference.by_windows(7, 150 + i, RAGGED) for i in range(50)]
    assert list(zip(batch.groups.tolist(), batch.variants.tolist(), strict=True)) == expected


def test_groups_of_several_corpora_are_counted_on(open_stream):
    stream = open_stream("ragged", "even")
    assert stream.num_groups == 11
    batch = stream.batch(0)
    for i in range(12):
        group, variant = int(batch.groups[i]), int(batch.variants[i])
        rows = group_rows("train", group, RAGGED[group]) if group < 6 else group_rows("train", group - 6, 520, seed=1)
        assert np.array_equal(batch.inputs[i], rows[0][variant])


def test_subsets_are_prefixes(open_stream):
    stream = open_stream("ragged", "even", num_groups=8, num_variants=5)
    assert stream.num_groups == 8
    counts = [min(count, 5) for count in (*RAGGED, 520, 520)]
    assert stream.num_puzzles == sum(counts)
    groups, variants, examples = stream.positions(0, 8 * 50)
    assert not examples.any()
    assert set(groups.tolist()) == set(range(8))
    for group in range(8):
        assert set(variants[groups == group].tolist()) == set(range(counts[group]))
    assert np.array_equal(stream.batch(4).inputs[0], _row(stream.batch(4), 0))


def _row(batch, i):
    group = int(batch.groups[i])
    rows = group_rows("train", group, RAGGED[group]) if group < 6 else group_rows("train", group - 6, 520, seed=1)
    return rows[0][int(batch.variants[i])]


def test_published_sampling_draws_by_its_rule(open_stream):
    stream = open_stream(sampling="published")
    batch = stream.batch(9)
    expected = [reference.as_published(7, 9 * 12 + i, RAGGED) for i in range(12)]
    assert list(zip(batch.groups.tolist(), batch.variants.tolist(), strict=True)) == expected
    assert np.array_equal(batch.inputs[3], _row(batch, 3))


def test_iteration_goes_on_where_it_was(open_stream):
    stream = open_stream()
    expected = [stream.batch(step) for step in range(12)]
    for stop in range(12):
        stream = open_stream()
        for batch, wanted in zip(itertools.islice(stream, stop), expected, strict=False):
            assert same(batch, wanted)
        state = pickle.loads(pickle.dumps(stream.get_state()))
        again = open_stream(rank=0, world_size=1)
        again.set_state(state)
        assert again.step == stop
        rest = list(itertools.islice(again, 12 - stop))
        assert all(same(batch, wanted) for batch, wanted in zip(rest, expected[stop:], strict=True))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"seed": 8}, "seed 7, here it is 8"),
        ({"batch_size": 24}, "batch_size 12, here it is 24"),
        ({"num_groups": 5}, "num_groups 6, here it is 5"),
        ({"num_variants": 5}, "num_variants None, here it is 5"),
        ({"sampling": "published"}, "sampling blocks, here it is published"),
    ],
)
def test_a_state_of_other_options_is_refused(open_stream, options, word):
    state = open_stream().get_state()
    other = open_stream(**options)
    with pytest.raises(StateError, match=word):
        other.set_state(state)
    assert other.fingerprint != open_stream().fingerprint
    assert other.step == 0


def test_a_state_of_another_corpus_is_refused(open_stream):
    with pytest.raises(StateError, match="saved with corpora"):
        open_stream("even", num_groups=5).set_state(open_stream("ragged").get_state())


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"version": 1}, "version 1, this trmpipe reads 2"),
        ({"fingerprint": "0"}, "fingerprint"),
        ({"config": {}}, "None"),
    ],
)
def test_a_changed_state_is_refused(open_stream, change, word):
    stream = open_stream()
    with pytest.raises(StateError, match=word):
        stream.set_state({**stream.get_state(), **change})


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**64}, "seed is"),
        ({"batch_size": 0}, "batch of 0"),
        ({"world_size": 5}, "cannot be split over 5 ranks"),
        ({"rank": 1}, "rank 1 is not one of 1 ranks"),
        ({"num_groups": 0}, "0 groups are asked for and there are 6"),
        ({"num_groups": 7}, "7 groups are asked for and there are 6"),
        ({"num_variants": 0}, "give at least 1"),
        ({"sampling": "random"}, "'random'; known: blocks, published"),
        (
            {"memory_limit_bytes": 1000},
            r"memory_limit_bytes is 1000; train on fewer groups \(--groups\) or on fewer variants than a window has "
            r"\(--variants\), or, in Python, give the Stream a larger memory_limit_bytes",
        ),
        (
            {"memory_limit_bytes": 1000, "sampling": "published"},
            r"published sampling reads anywhere.* memory_limit_bytes, which is 1000; train on fewer groups "
            r"\(--groups\) or variants \(--variants\), use sampling='blocks', or, in Python, give the Stream a larger",
        ),
    ],
)
def test_senseless_options_are_refused(open_stream, options, word):
    with pytest.raises(CorpusError, match=word) as error:
        open_stream(**options)
    assert "\n" not in str(error.value)


def test_the_largest_seed_works(open_stream):
    batch = open_stream(seed=2**64 - 1).batch(0)
    expected = [reference.by_windows(2**64 - 1, i, RAGGED) for i in range(12)]
    assert list(zip(batch.groups.tolist(), batch.variants.tolist(), strict=True)) == expected


@pytest.mark.parametrize("memory_limit_bytes", [1 << 30, 2 * window_bytes(6)])
def test_copies_give_the_same_batches(open_stream, memory_limit_bytes):
    stream = open_stream(memory_limit_bytes=memory_limit_bytes)
    expected = stream.batch(5)
    assert same(pickle.loads(pickle.dumps(stream)).batch(5), expected)


def test_tensors_are_what_embeddings_and_losses_take(open_stream):
    import torch

    batch = open_stream().batch(0)
    tensors = as_torch(batch)
    assert {name: tensor.dtype for name, tensor in tensors.items()} == dict.fromkeys(batch.arrays(), torch.int64)
    assert all(np.array_equal(tensors[name].numpy(), values) for name, values in batch.arrays().items())
    assert tensors["groups"].data_ptr() == batch.groups.ctypes.data
    logits = torch.nn.Embedding(256, 256)(tensors["inputs"])
    assert torch.nn.functional.cross_entropy(logits.flatten(0, 1), tensors["labels"].flatten()).isfinite()


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on a machine of one core
@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_loader_takes_a_stream(open_stream, num_workers):
    from torch.utils.data import DataLoader

    stream = open_stream()
    # Processes are spawned: forking one that has threads is what Python warns of.
    options = {"num_workers": num_workers, "multiprocessing_context": "spawn" if num_workers else None}
    endless = iter(DataLoader(stream, batch_size=None, **options))
    for step in range(5):
        assert np.array_equal(next(endless)["inputs"], stream.batch(step).inputs)
    steps = range(20, 27)
    found = list(DataLoader(stream, batch_size=None, sampler=steps, **options))
    assert [np.array_equal(found[i]["labels"], stream.batch(20 + i).labels) for i in range(7)] == [True] * 7
    rows = np.concatenate([np.stack([one["groups"], one["variants"], one["examples"]]) for one in found], axis=1)
    expected = stream.positions(20 * stream.batch_size, 7 * stream.batch_size)
    assert np.array_equal(rows, np.stack(expected)), "every row once, in the stream's order"
    assert next(iter(DataLoader(stream)))["inputs"].shape == (1, *stream.batch(0).inputs.shape)


def test_there_is_no_step_before_the_first(open_stream):
    with pytest.raises(IndexError, match="no step -1; the first is 0"):
        open_stream()[-1]


PIPELINE = """
import json, sys
from trmpipe.shards import Corpus
found = [
    [int(item["groups"][i]), int(item["variants"][i]), item["inputs"][i].tolist(), item["labels"][i].tolist()]
    for item in Corpus.open(sys.argv[1]).webdataset("train")
    for i in range(len(item["groups"]))
]
print(json.dumps(found))
"""


def test_webdataset_pipeline_gives_the_rows_of_every_sample(folder):
    # In a process of its own, since that library leaves files open, and warnings are errors here.
    command = [sys.executable, "-W", "ignore", "-c", PIPELINE, str(folder / "ragged")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    rows = [group_rows("train", group, count) for group, count in enumerate(RAGGED)]
    expected = [
        [group, k, rows[group][0][k].tolist(), rows[group][1][k].tolist()]
        for group, count in enumerate(RAGGED)
        for k in range(count)
    ]
    assert sorted(json.loads(done.stdout)) == expected


def test_webdataset_pipeline_needs_that_format(folder):
    with pytest.raises(CorpusError, match="has the format zarr; generate it with --format webdataset"):
        Corpus.open(folder / "ragged-zarr").webdataset("train")
