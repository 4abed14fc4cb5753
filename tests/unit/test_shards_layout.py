"""Layouts: every variant of every group in exactly one shard, in reading order, whatever the sizes."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shards_corpora import split_layout
from trmpipe.shards import default_layout

variants = st.lists(st.integers(1, 20), min_size=1, max_size=15)


@settings(deadline=None)
@given(variants=variants, group_block=st.integers(1, 20), variant_block=st.integers(1, 25))
def test_every_variant_is_in_one_shard(variants, group_block, variant_block):
    layout = split_layout("train", variants, group_block, variant_block)
    seen = np.zeros((len(variants), max(variants)), int)
    for shard in layout.shards():
        for group, count in zip(range(*shard.groups), layout.counts(shard), strict=True):
            seen[group, shard.variants[0] : shard.variants[0] + count] += 1
    assert (seen == (np.arange(max(variants)) < np.array(variants)[:, None])).all()


@settings(deadline=None)
@given(variants=variants, group_block=st.integers(1, 20), variant_block=st.integers(1, 25))
def test_shards_come_in_reading_order(variants, group_block, variant_block):
    layout = split_layout("train", variants, group_block, variant_block)
    shards = layout.shards()
    assert [shard.index for shard in shards] == list(range(len(shards)))
    places = [(shard.variants[0], shard.groups[0]) for shard in shards]
    assert places == sorted(places)
    assert all(layout.counts(shard).any() for shard in shards)


def test_units_take_all_shards():
    layout = split_layout("train", [9, 3, 1, 8, 4], 2, 4)
    by_unit = [shard for unit in range(layout.num_units) for shard in layout.shards_of(unit)]
    assert sorted(by_unit, key=lambda shard: shard.index) == list(layout.shards())
    assert [layout.unit_groups(unit) for unit in range(3)] == [(0, 2), (2, 4), (4, 5)]


def test_headline_layout_has_large_samples_and_eight_units():
    layout = default_layout("train", 81, np.full(1000, 1001))
    assert (layout.group_block, layout.variant_block, layout.sample_groups) == (125, 256, 1)
    assert layout.num_units == 8
    assert layout.variant_block * 81 * 2 > 40_000


@pytest.mark.parametrize(
    ("seq_len", "num_groups", "num_variants"), [(81, 1000, 1), (16, 36, 2001), (36, 1000, 1001), (900, 960, 1001)]
)
def test_default_samples_are_neither_tiny_nor_shards_huge(seq_len, num_groups, num_variants):
    layout = default_layout("train", seq_len, np.full(num_groups, num_variants))
    row_bytes = 2 * seq_len
    sample_bytes = layout.sample_groups * layout.variant_block * row_bytes
    assert sample_bytes >= min(40_000, num_groups * num_variants * row_bytes)
    assert layout.group_block * layout.variant_block * row_bytes <= 64 << 20


def test_tiny_corpora_get_one_shard():
    assert len(default_layout("test", 81, np.ones(1000)).shards()) == 1
    assert len(default_layout("train", 81, np.full(10, 11)).shards()) == 1


def test_an_empty_split_has_no_shards():
    layout = default_layout("test", 81, [])
    assert (layout.num_groups, layout.num_units, len(layout.shards())) == (0, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"group_block": 0},
        {"variant_block": 0},
        {"group_block": 4, "sample_groups": 3},
        {"variants": [3, 0]},
    ],
)
def test_senseless_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must|needs"):
        split_layout(**{"split": "train", "variants": [3, 3], **wrong})


def test_layouts_travel_to_workers():
    layout = split_layout("train", [9, 3, 1, 8, 4], 2, 4)
    copy = pickle.loads(pickle.dumps(layout))
    assert copy.shards() == layout.shards()


def test_rows_and_identifiers_of_a_shard():
    first, options = [1, 10, 13, 14, 22], {"examples": [2, 1, 5, 3, 1]}
    layout = split_layout("train", [9, 3, 1, 8, 4], 3, 4, **options, first_identifiers=first)
    shards = layout.shards()
    assert (layout.num_examples, layout.max_examples, layout.has_identifiers) == (54, 5, True)
    assert sum(int(layout.rows(shard).sum()) for shard in shards) == layout.num_examples
    assert layout.rows(shards[0]).tolist() == [8, 3, 5]
    assert layout.identifiers(shards[0]).tolist() == [1, 2, 3, 4, 10, 11, 12, 13]
    assert layout.identifiers(shards[-1]).tolist() == [9]
    assert layout.identifiers(shards[0]).dtype == np.int32
    assert sorted(np.concatenate([layout.identifiers(shard) for shard in shards]).tolist()) == list(range(1, 26))


def test_puzzles_of_many_cells_get_shards_of_the_same_bytes_and_larger_samples():
    examples = np.tile([2, 3, 4, 7], 240)
    train = default_layout("train", 900, np.full(960, 1001), examples=examples, compressed=True)
    puzzle_bytes = 2 * 900 * 4
    assert (train.variant_block, train.sample_groups) == (256, 1)
    assert 32 << 20 < train.group_block * train.variant_block * puzzle_bytes <= 64 << 20
    test = default_layout("test", 900, np.full(400, 1001), examples=np.ones(400), compressed=True)
    assert test.variant_block * test.sample_groups * 2 * 900 >= 640_000
    assert test.num_units >= 8


@pytest.mark.parametrize(
    "wrong",
    [{"examples": [1]}, {"examples": [1, 0]}, {"first_identifiers": [1]}, {"first_identifiers": [0, 4]}],
)
def test_senseless_examples_and_identifiers_are_refused(wrong):
    with pytest.raises(ValueError, match=r"needs|either"):
        split_layout("train", [3, 3], **wrong)
