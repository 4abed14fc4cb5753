"""Streams and corpora of puzzles with several examples and identifiers: order, rows, identifiers, memory, restarts."""

import dataclasses
import itertools
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests import shards_reference as reference
from tests.shards_corpora import NAMED, SPEC, group_names, group_rows, make_corpus
from trmpipe.shards import Corpus, CorpusError, DamagedError, Stream, open_corpora, read_manifest, stream, verify
from trmpipe.shards.table import WholeHolder
from trmpipe.shards.windows import WindowHolder

VARIANTS, EXAMPLES = (300, 70, 64, 7, 1, 130), (3, 1, 4, 2, 5, 1)
OTHERS, OTHER_EXAMPLES = (9, 5), (2, 2)
SIZE = sum(EXAMPLES)
WINDOW = 64
FIELDS = ("inputs", "labels", "identifiers", "groups", "variants", "examples")
SAMPLINGS = {"blocks": reference.by_windows, "published": reference.as_published}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    blocks = {"group_block": 4, "variant_block": 100, "sample_groups": 2}
    tests = {"test": (300, 70), "test_examples": (1, 2)}
    make_corpus(root / "tar", "webdataset", VARIANTS, examples=EXAMPLES, spec=NAMED, **tests, **blocks)
    make_corpus(root / "zarr", "zarr", VARIANTS, examples=EXAMPLES, spec=NAMED, **tests, group_block=5)
    make_corpus(root / "other", "zarr", OTHERS, test=(9,), examples=OTHER_EXAMPLES, seed=1, spec=NAMED)
    return root


@pytest.fixture
def open_stream(folder, monkeypatch):
    """Streams whose order has windows of 64 variants, as long sequences have."""
    monkeypatch.setattr(stream, "order_window", lambda seq_len: WINDOW)

    def build(*names, **options):
        corpora = [Corpus.open(folder / name) for name in names or ("tar",)]
        return Stream(corpora, **{"seed": 7, "batch_size": 12, **options})

    return build


def same(first, second):
    return all(np.array_equal(getattr(first, field), getattr(second, field)) for field in FIELDS)


def identifier(group, variant):
    return 1 + sum(VARIANTS[:group]) + variant


def assert_is_the_reference(batch, start, sampling="blocks"):
    for i in range(len(batch)):
        order = SAMPLINGS[sampling]
        group, variant, example = reference.at_position(order, 7, start + i, VARIANTS, EXAMPLES, WINDOW)
        assert (batch.groups[i], batch.variants[i], batch.examples[i]) == (group, variant, example)
        inputs, labels = group_rows("train", group, VARIANTS[group] * EXAMPLES[group])
        row = variant * EXAMPLES[group] + example
        assert np.array_equal(batch.inputs[i], inputs[row])
        assert np.array_equal(batch.labels[i], labels[row])
        assert batch.identifiers[i] == identifier(group, variant)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("batch_size", [12, 1, 50])
def test_batches_hold_the_rows_of_the_reference_order(open_stream, batch_size, sampling):
    """Batches that begin and end inside a puzzle, of one example, and longer than an epoch."""
    made = open_stream(batch_size=batch_size, sampling=sampling)
    assert made.epoch_size == SIZE
    for step in (*range(12), 50, 1000):
        assert_is_the_reference(made.batch(step), batch_size * step, sampling)


def test_an_epoch_visits_every_example_of_one_variant_of_each_group(open_stream):
    made = open_stream()
    for epoch in range(40):
        groups, variants, examples = made.positions(epoch * SIZE, SIZE)
        for group, size in enumerate(EXAMPLES):
            assert examples[groups == group].tolist() == list(range(size))
            assert len(set(variants[groups == group].tolist())) == 1


def test_identifiers_are_int32_and_distinct_for_every_variant(open_stream):
    made = open_stream()
    seen = {}
    for step in range(300 * SIZE // 12):
        batch = made.batch(step)
        assert batch.identifiers.dtype == np.int32
        for number, *puzzle in zip(batch.identifiers.tolist(), batch.groups, batch.variants, strict=True):
            assert seen.setdefault(number, puzzle) == puzzle
    assert sorted(seen) == list(range(1, sum(VARIANTS) + 1))
    assert made.num_identifiers == 1 + sum(VARIANTS)


@pytest.mark.parametrize("world_size", [1, 3, 12])
def test_ranks_share_out_the_global_batch(open_stream, world_size):
    whole = open_stream()
    ranks = [open_stream(rank=rank, world_size=world_size) for rank in range(world_size)]
    for step in range(5):
        parts = [one.batch(step) for one in ranks]
        for field in FIELDS:
            joined = np.concatenate([getattr(part, field) for part in parts])
            assert np.array_equal(joined, getattr(whole.batch(step), field))


def test_format_and_layout_do_not_change_the_sequence(open_stream):
    tar, zarr = open_stream("tar"), open_stream("zarr")
    assert tar.fingerprint == zarr.fingerprint
    assert all(same(tar.batch(step), zarr.batch(step)) for step in range(300))


def window_bytes():
    """Memory for one window of variants of every group."""
    return sum(min(WINDOW, count) * size for count, size in zip(VARIANTS, EXAMPLES, strict=True)) * 2 * 9


@pytest.mark.parametrize("name", ["tar", "zarr"])
@pytest.mark.parametrize("room", [1, 2])
def test_a_corpus_larger_than_memory_gives_the_same_sequence(open_stream, name, room):
    whole, tight = open_stream(name), open_stream(name, memory_limit_bytes=room * window_bytes())
    assert isinstance(whole._holder, WholeHolder)
    assert isinstance(tight._holder, WindowHolder)
    assert (tight._holder._thread is not None) == (room == 2)
    assert len(tight._holder.table) * 2 * 9 == window_bytes()
    assert whole.fingerprint == tight.fingerprint
    assert all(same(whole.batch(step), tight.batch(step)) for step in range(350 * SIZE // 12))
    steps = np.random.default_rng(0).integers(0, 2000, 200).tolist()
    assert all(same(whole.batch(step), tight.batch(step)) for step in steps)


def test_less_memory_than_a_window_is_refused(open_stream):
    with pytest.raises(CorpusError, match=f"takes {window_bytes()} bytes, memory_limit_bytes is {window_bytes() - 1};"):
        open_stream(memory_limit_bytes=window_bytes() - 1)
    with pytest.raises(CorpusError, match="published sampling reads anywhere"):
        open_stream(memory_limit_bytes=window_bytes(), sampling="published")


def test_iteration_goes_on_where_it_was(open_stream):
    expected = [open_stream(batch_size=5).batch(step) for step in range(2 * SIZE)]
    for stop in range(2 * SIZE):
        made = open_stream(batch_size=5)
        for batch, wanted in zip(itertools.islice(made, stop), expected, strict=False):
            assert same(batch, wanted)
        again = open_stream(batch_size=5)
        again.set_state(pickle.loads(pickle.dumps(made.get_state())))
        rest = list(itertools.islice(again, 2 * SIZE - stop))
        assert all(same(batch, wanted) for batch, wanted in zip(rest, expected[stop:], strict=True))


def test_copies_give_the_same_batches(open_stream):
    made = open_stream()
    expected = made.batch(5)
    assert same(pickle.loads(pickle.dumps(made)).batch(5), expected)


def test_identifiers_are_counted_on_over_several_corpora(open_stream):
    made = open_stream("tar", "other")
    assert made.num_identifiers == 1 + sum(VARIANTS) + sum(OTHERS)
    size = made.epoch_size
    batch = open_stream("tar", "other", batch_size=size).batch(3)
    for i in range(size):
        group, variant = int(batch.groups[i]), int(batch.variants[i])
        first = 1 + sum((*VARIANTS, *OTHERS)[:group])
        assert batch.identifiers[i] == first + variant
    # A subset of the groups keeps the identifiers of the whole.
    few = open_stream("tar", "other", num_groups=7, num_variants=2, batch_size=size)
    batch = few.batch(0)
    assert set(batch.identifiers[batch.groups == 6].tolist()) <= {1 + sum(VARIANTS), 2 + sum(VARIANTS)}
    assert few.num_identifiers == made.num_identifiers


@pytest.mark.parametrize("name", ["tar", "zarr"])
@pytest.mark.parametrize("limit", [None, 0, 1, 5, 900, 971, 10**6])
def test_reads_rows_by_group_variant_and_example(folder, name, limit):
    found = Corpus.open(folder / name).read("train", limit)
    places = [
        (group, variant, example)
        for group, (count, size) in enumerate(zip(VARIANTS, EXAMPLES, strict=True))
        for variant in range(count)
        for example in range(size)
    ][:limit]
    assert list(zip(found.groups.tolist(), found.variants.tolist(), found.examples.tolist(), strict=True)) == places
    assert found.identifiers.tolist() == [identifier(group, variant) for group, variant, _ in places]
    rows = [group_rows("train", g, c * e) for g, (c, e) in enumerate(zip(VARIANTS, EXAMPLES, strict=True))]
    for field, tokens in enumerate((found.inputs, found.labels)):
        assert np.array_equal(tokens, np.concatenate([row[field] for row in rows])[: len(places)])


PIPELINE = """
import sys
import numpy as np
from trmpipe.shards import Corpus, Examples
corpus = Corpus.open(sys.argv[1])
found = Examples.join([Examples(**item) for item in corpus.webdataset("train")])
found = found.take(np.lexsort((found.examples, found.variants, found.groups)))
for name, values in corpus.read("train").arrays().items():
    assert np.array_equal(found.arrays()[name], values), name
    assert found.arrays()[name].dtype == values.dtype, name
print(len(found))
"""


def test_webdataset_pipeline_gives_examples_and_identifiers(folder):
    # In a process of its own, since that library leaves files open, and warnings are errors here.
    command = [sys.executable, "-W", "ignore", "-c", PIPELINE, str(folder / "tar")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == np.dot(VARIANTS, EXAMPLES)


def test_held_out_puzzles_have_the_identifiers_of_their_training_groups(folder):
    found = Corpus.open(folder / "tar").read("test")
    assert len(found) == 300 + 2 * 70
    assert found.identifiers.tolist() == [*range(1, 301), *np.repeat(np.arange(301, 371), 2)]


@pytest.mark.parametrize("name", ["tar", "zarr"])
def test_names_of_variants_are_found_by_identifier(folder, name):
    corpus = Corpus.open(folder / name)
    names = corpus.variant_names()
    assert len(names) == corpus.num_identifiers == 1 + sum(VARIANTS)
    assert names[0] == "<blank>"
    assert names[identifier(2, 5)] == "task 2|||5"
    assert corpus.catalog["train"].names == tuple(group_names("train", (0, 6)))
    assert corpus.catalog["train"].examples.tolist() == list(EXAMPLES)
    assert corpus.catalog["test"].first_identifiers.tolist() == [1, 301]


def test_a_corpus_without_identifiers_has_the_blank_name(tmp_path):
    make_corpus(tmp_path)
    corpus = Corpus.open(tmp_path)
    assert (corpus.variant_names(), corpus.num_identifiers) == (["<blank>"], 1)
    assert corpus.catalog["train"].names == (None,) * 3


def test_the_manifest_counts_examples_and_identifiers(folder):
    manifest = read_manifest(Corpus.open(folder / "tar").store)
    train = manifest.splits["train"]
    assert (train.puzzles, train.examples) == (sum(VARIANTS), np.dot(VARIANTS, EXAMPLES))
    assert manifest.num_identifiers == 1 + sum(VARIANTS)
    assert (manifest.spec.variant_identifiers, manifest.spec.compressed) == (True, True)
    assert "identifiers.parquet" in {file.path for file in manifest.files}


def test_the_table_of_identifiers_says_group_and_variant(folder):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(folder / "tar" / "identifiers.parquet", use_threads=False).to_pylist()
    expected = [(g, v) for g, count in enumerate(VARIANTS) for v in range(count)]
    assert [(row["group"], row["variant"]) for row in table] == expected
    assert [row["identifier"] for row in table] == list(range(1, sum(VARIANTS) + 1))
    assert [row["name"] for row in table] == [f"task {g}|||{v}" for g, v in expected]


def test_verify_digests_examples_and_identifiers(folder, tmp_path):
    tar, zarr = (Corpus.open(folder / name) for name in ("tar", "zarr"))
    assert verify(tar).problems == verify(zarr).problems == ()
    assert tar.manifest.content_digest == zarr.manifest.content_digest
    plain = dataclasses.replace(SPEC, name="named")
    tests = {"test": (300, 70), "test_examples": (1, 2)}
    nameless = make_corpus(tmp_path, "zarr", VARIANTS, examples=EXAMPLES, spec=plain, **tests)
    assert verify(Corpus.open(tmp_path)).problems == ()
    assert nameless.content_digest != tar.manifest.content_digest


def test_wrong_identifiers_in_a_shard_are_refused(tmp_path):
    """Files as the manifest says, yet the shard has the identifiers of another layout."""
    make_corpus(tmp_path / "one", "webdataset", (3, 4), test=(), examples=(2, 2), spec=NAMED)
    make_corpus(tmp_path / "two", "webdataset", (4, 4), test=(), examples=(2, 2), spec=NAMED)
    one, two = (Corpus.open(tmp_path / name) for name in ("one", "two"))
    layout, other = one.layout("train"), two.layout("train")
    codec = one._codec
    files = [two.store.read(path) for path in codec.paths(other, other.shards()[0])]
    with pytest.raises(ValueError, match="the identifiers of the sample 00000000-000000 are not those of the catalog"):
        codec.decode(layout, layout.shards()[0], files)


def test_damaged_names_are_found(tmp_path):
    make_corpus(tmp_path, "zarr", (3, 4), test=(), examples=(2, 2), spec=NAMED)
    path = tmp_path / "identifiers.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedError, match=r"identifiers\.parquet"):
        Corpus.open(tmp_path).variant_names()
    assert any("identifiers.parquet" in problem for problem in verify(Corpus.open(tmp_path)).problems)


def test_corpora_with_and_without_identifiers_are_not_mixed(folder, tmp_path):
    make_corpus(tmp_path / "plain")
    with pytest.raises(CorpusError, match="hold different tasks"):
        open_corpora([folder / "tar", tmp_path / "plain"])
