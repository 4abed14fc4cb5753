"""Opening and reading corpora: rows, limits, catalogs, and one clear line for what is no corpus or cannot be mixed."""

import dataclasses
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests.shards_corpora import (
    SPEC,
    classes,
    group_rows,
    make_corpus,
    split_layout,
)
from trmpipe.generators.errors import OptionError
from trmpipe.shards import (
    CODECS,
    PROGRESS,
    Corpus,
    CorpusError,
    NoCorpusError,
    Store,
    UnitRecord,
    compare,
    find_all,
    find_corpora,
    open_corpora,
    verify,
)
from trmpipe.shards.catalog import catalog_bytes
from trmpipe.shards.json_files import read_json

TRAIN = (9, 3, 1, 8, 4)


@pytest.fixture(params=CODECS.names())
def corpus(request, tmp_path):
    make_corpus(tmp_path / "toy", request.param, TRAIN, test=(1, 1, 1), group_block=2, variant_block=4)
    return Corpus.open(tmp_path / "toy")


@pytest.mark.parametrize("limit", [None, 0, 1, 9, 10, 20, 25, 1000])
def test_reads_rows_by_group_and_variant(corpus, limit):
    examples = corpus.read("train", limit)
    places = [(group, k) for group, count in enumerate(TRAIN) for k in range(count)][:limit]
    assert list(zip(examples.groups.tolist(), examples.variants.tolist(), strict=True)) == places
    assert len(examples) == len(places)
    for row, (group, k) in enumerate(places):
        inputs, labels = group_rows("train", group, TRAIN[group])
        assert np.array_equal(examples.inputs[row], inputs[k])
        assert np.array_equal(examples.labels[row], labels[k])
    assert examples.identifiers.dtype == np.int32
    assert not examples.identifiers.any()


def test_a_limit_opens_only_the_shards_it_needs(corpus, monkeypatch):
    read = []
    monkeypatch.setattr(Corpus, "read_shard", _noting(Corpus.read_shard, read))
    corpus.read("train", 3)
    assert [shard.groups for shard in read] == [(0, 2)]


def _noting(function, calls):
    def wrapper(self, split, shard):
        calls.append(shard)
        return function(self, split, shard)

    return wrapper


def test_says_what_it_is(corpus):
    assert corpus.spec == SPEC
    assert corpus.name == "toy"
    assert corpus.num_groups("train") == 5
    assert corpus.num_groups("test") == 3
    assert corpus.num_groups("validation") == 0
    with pytest.raises(CorpusError, match="has no split 'validation'; it has: test, train"):
        corpus.read("validation")


def test_catalog_has_a_row_for_every_group(corpus):
    train = corpus.catalog["train"]
    assert train.variants.tolist() == list(TRAIN)
    assert train.candidates.tolist() == [0, 3, 6, 9, 12]
    assert train.canonical == tuple(row.tobytes() for row in classes("train", split_layout("train", TRAIN)))
    for group, count in enumerate(TRAIN):
        inputs, labels = group_rows("train", group, count)
        assert train.clues[group] == (inputs[0] == labels[0]).sum()
    assert len(corpus.catalog["test"]) == 3


class Listener:
    def __init__(self):
        self.said = []

    def start(self, stage, total):
        self.said.append((stage, total, 0))

    def advance(self, done):
        stage, total, before = self.said[-1]
        self.said[-1] = (stage, total, before + done)

    def finish(self):
        self.said.append("finished")


def test_verify_tells_how_far_it_is(corpus):
    listener = Listener()
    assert verify(corpus, listener).problems == ()
    num_files, num_puzzles = len(corpus.manifest.all_files()), sum(TRAIN) + 3
    assert listener.said == [
        ("hashing files", num_files, num_files),
        "finished",
        ("digesting puzzles", num_puzzles, num_puzzles),
        "finished",
    ]


def test_copies_travel_to_workers(corpus):
    copy = pickle.loads(pickle.dumps(corpus))
    assert np.array_equal(copy.read("test").inputs, corpus.read("test").inputs)


@pytest.mark.parametrize("codec_name", CODECS.names())
def test_lives_on_any_file_system(codec_name, tmp_path):
    url = f"memory://{tmp_path.name}/toy"
    make_corpus(url, codec_name, TRAIN)
    corpus = Corpus.open(url)
    assert np.array_equal(corpus.read("train").inputs[9], group_rows("train", 1, 3)[0][0])
    assert find_corpora(f"memory://{tmp_path.name}")[0].path == corpus.path
    corpus.store.remove("")


def test_unit_records_go_through_json_unchanged(tmp_path):
    from tests.shards_corpora import write_unit

    record = write_unit(Store(tmp_path), "zarr", split_layout("train", TRAIN), 1)
    assert read_json(json.dumps(record.to_json()).encode(), UnitRecord, "a record", "") == record
    assert catalog_bytes([record]) == catalog_bytes([record])


def one_line(error):
    return "\n" not in str(error.value)


def test_a_folder_without_manifest_is_no_corpus(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    for opener in (Corpus.open, find_corpora):
        with pytest.raises(NoCorpusError, match=r"is no corpus: it holds no manifest\.json; give a folder"):
            opener(tmp_path)


def test_a_missing_folder_is_no_corpus(tmp_path):
    for opener in (Corpus.open, find_corpora):
        with pytest.raises(NoCorpusError, match="is no corpus: there is no such folder"):
            opener(tmp_path / "nowhere")


def test_an_unfinished_corpus_is_told_to_go_on(tmp_path):
    Store(tmp_path / "toy").write(f"{PROGRESS}/plan.json", b"{}")
    for path in (tmp_path / "toy", tmp_path):
        with pytest.raises(NoCorpusError, match=r"toy is an unfinished corpus.* run the same `trmpipe generate`"):
            find_corpora(path)


def test_finds_corpora_in_a_folder(tmp_path):
    for seed, name in enumerate(["b", "a"]):
        make_corpus(tmp_path / name, seed=seed, name=name)
    (tmp_path / "notes.txt").write_text("hello")
    assert [corpus.name for corpus in find_corpora(tmp_path)] == ["a", "b"]
    assert [corpus.name for corpus in open_corpora([tmp_path])] == ["a", "b"]


def test_a_corpus_that_is_given_twice_is_refused(tmp_path):
    make_corpus(tmp_path / "a", name="a")
    for paths in ([tmp_path / "a", tmp_path / "a"], [tmp_path, tmp_path / "a"], [f"{tmp_path}/*", f"{tmp_path}/a*"]):
        with pytest.raises(OptionError, match=r"a is given twice, .*; give it once") as error:
            open_corpora(paths)
        assert one_line(error)


def test_patterns_find_corpora_and_folders_of_them(tmp_path):
    for seed, name in enumerate(["six/b", "six/a", "nine/c"]):
        make_corpus(tmp_path / name, seed=seed, name=name[-1])
    (tmp_path / "nine.txt").write_text("hello")
    for pattern, names in (("six/*", "ab"), ("*", "cab"), ("s[i]x", "ab"), ("*/[bc]", "cb"), ("n?ne", "c")):
        assert [corpus.name for corpus in find_corpora(tmp_path / pattern)] == list(names), pattern
    with pytest.raises(NoCorpusError):
        find_corpora(tmp_path / "s*/nothing*")
    with pytest.raises(NoCorpusError):
        find_all([tmp_path / "six/*"], patterns=False)


def test_a_folder_whose_name_looks_like_a_pattern(tmp_path):
    make_corpus(tmp_path / "a[1]", name="a")
    assert [corpus.name for corpus in find_corpora(tmp_path / "a[1]")] == ["a"]


def test_no_path_is_no_corpus():
    with pytest.raises(NoCorpusError, match="no corpus is given"):
        open_corpora([])


def test_different_tasks_are_not_mixed(tmp_path):
    make_corpus(tmp_path / "a")
    make_corpus(tmp_path / "b", seed=1, spec=dataclasses.replace(SPEC, name="other"))
    with pytest.raises(CorpusError, match=r"a \(toy\), .*b \(other\); give those of one task, or say which") as error:
        open_corpora([tmp_path])
    assert one_line(error)


def test_the_same_content_twice_is_refused(tmp_path):
    make_corpus(tmp_path / "a", "zarr")
    make_corpus(tmp_path / "b", "webdataset")
    with pytest.raises(CorpusError, match=r"a and .*b hold the same content; give one of them"):
        open_corpora([tmp_path])


@pytest.mark.parametrize("leaky", ["a", "b"])
def test_a_leak_of_test_groups_is_refused(tmp_path, leaky):
    """A test group of `leaky` is a symmetric copy of a training group of the other corpus."""
    for seed, name in enumerate("ab"):
        own = classes("test", split_layout("test", (1, 1)), seed)
        if name == leaky:
            own[1] = classes("train", split_layout("train", (5, 5, 3)), 1 - seed)[2]
        make_corpus(tmp_path / name, seed=seed, test_classes=own)
    other = {"a": "b", "b": "a"}[leaky]
    message = rf"1 test groups of .*{leaky} are in the training set of .*{other}, .*; train on one of them"
    with pytest.raises(CorpusError, match=message):
        open_corpora([tmp_path])
    assert len(open_corpora([tmp_path / leaky])) == 1


def test_corpora_of_one_recipe_and_two_sizes_can_be_mixed(tmp_path):
    make_corpus(tmp_path / "small", train=(5, 5))
    make_corpus(tmp_path / "large", train=(5, 5, 3))
    assert len(open_corpora([tmp_path])) == 2


def test_the_catalog_keeps_difficulties(corpus):
    difficulty = corpus.catalog["train"].difficulty
    assert np.isnan(difficulty[1::2]).all()
    assert difficulty[::2].tolist() == [0.0, 0.5, 1.0]


def test_shared_classes_are_found_for_every_pair_of_splits(tmp_path):
    make_corpus(tmp_path / "one", train=(2, 2, 2), test=(1, 1))
    one = Corpus.open(tmp_path / "one")
    theirs = [*one.catalog["train"].canonical[2:], bytes(32), *one.catalog["train"].canonical[2:]]
    make_corpus(
        tmp_path / "two", train=(1,), test=(1, 1, 1), test_classes=np.array([list(d) for d in theirs], np.uint8)
    )
    found = {(part.split, part.other_split): part for part in compare(one, Corpus.open(tmp_path / "two"))}
    # Both draw the digest of their first training group from the same seed.
    counts = {splits: len(part) for splits, part in found.items()}
    assert counts == {("train", "train"): 1, ("train", "test"): 1, ("test", "train"): 0, ("test", "test"): 0}
    assert found["train", "test"].groups.tolist() == [2]
    assert found["train", "test"].other_groups.tolist() == [0]


def test_corpora_of_different_tasks_share_no_classes(tmp_path):
    make_corpus(tmp_path / "one")
    make_corpus(tmp_path / "two", spec=dataclasses.replace(SPEC, name="other"))
    with pytest.raises(CorpusError, match=r"holds toy and .* other, which share no classes"):
        compare(Corpus.open(tmp_path / "one"), Corpus.open(tmp_path / "two"))


_COUNT_THREADS = """
import sys
import psutil, pyarrow.parquet
from trmpipe.shards import Corpus
threads = psutil.Process().num_threads()
assert len(Corpus.open(sys.argv[1]).catalog["train"]) == 5
assert psutil.Process().num_threads() == threads
"""


def test_a_catalog_is_read_without_threads(corpus):
    """A thread of Arrow that lets go of Python's memory while the interpreter ends aborts the process."""
    subprocess.run([sys.executable, "-c", _COUNT_THREADS, corpus.path], check=True, timeout=60)
