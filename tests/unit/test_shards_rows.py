"""Rows of a split, shard by shard, and the verbs of `Examples`."""

import numpy as np
import pytest

from tests.shards_corpora import NAMED, group_rows, make_corpus, split_layout
from trmpipe.shards import CODECS, Corpus, CorpusError, Examples

VARIANTS, EXAMPLES = (9, 3, 1, 8, 4), (2, 1, 5, 3, 1)


@pytest.fixture(params=CODECS.names())
def corpus(request, tmp_path):
    blocks = {"group_block": 2, "variant_block": 4}
    make_corpus(tmp_path, request.param, VARIANTS, test=(9, 3), examples=EXAMPLES, spec=NAMED, **blocks)
    return Corpus.open(tmp_path)


def places_of(examples):
    return list(zip(examples.groups.tolist(), examples.variants.tolist(), examples.examples.tolist(), strict=True))


def assert_rows_fit_their_places(examples):
    for i, (group, variant, example) in enumerate(places_of(examples)):
        row = variant * EXAMPLES[group] + example
        inputs, labels = group_rows("train", group, VARIANTS[group] * EXAMPLES[group])
        assert np.array_equal(examples.inputs[i], inputs[row])
        assert np.array_equal(examples.labels[i], labels[row])
        assert examples.identifiers[i] == 1 + sum(VARIANTS[:group]) + variant


@pytest.mark.parametrize("num_groups", [None, 0, 1, 3, 99])
@pytest.mark.parametrize("num_variants", [None, 0, 1, 5, 99])
def test_every_wanted_row_comes_once(corpus, num_groups, num_variants):
    parts = list(corpus.rows("train", num_groups=num_groups, num_variants=num_variants))
    for part in parts:
        assert len(part)
        assert_rows_fit_their_places(part)
    expected = [
        (group, variant, example)
        for group in range(len(VARIANTS))[:num_groups]
        for variant in range(VARIANTS[group])[:num_variants]
        for example in range(EXAMPLES[group])
    ]
    assert sorted(place for part in parts for place in places_of(part)) == expected


def test_rows_come_in_the_order_of_the_shards(corpus):
    parts = list(corpus.rows("train"))
    assert [places_of(part)[0][:2] for part in parts] == [
        (shard.groups[0] if counts[0] else shard.groups[0] + 1, shard.variants[0])
        for shard in corpus.layout("train").shards()
        for counts in [corpus.layout("train").counts(shard)]
    ]


def test_only_shards_with_wanted_rows_are_opened(corpus, monkeypatch):
    opened, read_shard = [], Corpus.read_shard

    def note(self, split, shard):
        opened.append((shard.groups, shard.variants))
        return read_shard(self, split, shard)

    monkeypatch.setattr(Corpus, "read_shard", note)
    rows = corpus.rows("train", num_groups=3, num_variants=5)
    assert opened == []
    list(rows)
    # Group 2 has one variant, so that nothing of the shard behind is wanted.
    assert opened == [((0, 2), (0, 4)), ((2, 4), (0, 4)), ((0, 2), (4, 8))]


def test_another_split_is_refused_before_a_row_is_read(corpus):
    with pytest.raises(CorpusError, match="has no split 'validation'"):
        corpus.rows("validation")


def test_an_empty_split_has_no_rows(tmp_path):
    make_corpus(tmp_path, test=())
    corpus = Corpus.open(tmp_path)
    assert list(corpus.rows("test")) == []
    assert corpus.read("test").inputs.shape == (0, 9)


def test_take_keeps_rows_together(corpus):
    every = corpus.read("train")
    index = np.random.default_rng(0).permutation(len(every))[:20]
    taken = every.take(index)
    assert places_of(taken) == [places_of(every)[i] for i in index]
    assert_rows_fit_their_places(taken)
    assert places_of(every.take(slice(1, None, 3))) == places_of(every)[1::3]


def test_join_puts_parts_one_after_the_other(corpus):
    every = corpus.read("train")
    parts = [every.take(slice(0, 5)), Examples.empty(9), every.take(slice(5, None))]
    joined = Examples.join(parts)
    for name, values in joined.arrays().items():
        assert np.array_equal(values, every.arrays()[name])
        assert values.dtype == every.arrays()[name].dtype


def test_puzzles_without_identifiers_have_the_blank_one():
    layout = split_layout("train", VARIANTS)
    for shard in layout.shards():
        assert layout.identifiers(shard).dtype == np.int32
        inputs = np.zeros((int(layout.rows(shard).sum()), 9), np.uint8)
        found = Examples.of_shard(layout, shard, inputs, inputs)
        assert len(found.identifiers) == len(inputs)
        assert not found.identifiers.any()
