"""The reading order: equal to its plain reference, uniform over epochs, without repeats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import shards_reference as reference
from trmpipe.shards import kernels

seeds = st.integers(0, 2**64 - 1)
windows = st.sampled_from([256, 64, 1])
counts_of_groups = st.lists(st.integers(1, 1100), min_size=1, max_size=12)
KERNELS = [
    pytest.param(kernels.order_by_windows, reference.by_windows, id="windows"),
    pytest.param(kernels.order_as_published, reference.as_published, id="published"),
]


def positions(kernel, seed, start, count, counts, window=256):
    groups, variants = np.empty((2, count), np.int64)
    kernel(np.uint64(seed), start, np.asarray(counts, np.int64), window, groups, variants)
    return groups, variants


@pytest.mark.parametrize(("kernel", "plain"), KERNELS)
@settings(deadline=None, max_examples=60)
@given(seed=seeds, start=st.integers(0, 2**40), counts=counts_of_groups, window=windows)
def test_kernel_equals_its_reference(kernel, plain, seed, start, counts, window):
    groups, variants = positions(kernel, seed, start, 40, counts, window)
    expected = [plain(seed, start + i, counts, window) for i in range(40)]
    assert list(zip(groups.tolist(), variants.tolist(), strict=True)) == expected


@pytest.mark.parametrize(("kernel", "plain"), KERNELS)
@settings(deadline=None, max_examples=30)
@given(seed=seeds, epoch=st.integers(0, 10**6), counts=counts_of_groups)
def test_every_epoch_visits_every_group_once(kernel, plain, seed, epoch, counts):
    size = len(counts)
    groups, variants = positions(kernel, seed, epoch * size, size, counts)
    assert sorted(groups.tolist()) == list(range(size))
    assert (variants >= 0).all()
    assert (variants < np.asarray(counts)[groups]).all()


@settings(deadline=None, max_examples=30)
@given(seed=seeds, cycle=st.integers(0, 1000), count=st.integers(1, 1100))
def test_every_variant_is_seen_once_in_a_cycle(seed, cycle, count):
    _, variants = positions(kernels.order_by_windows, seed, cycle * count, count, [count])
    assert sorted(variants.tolist()) == list(range(count))


@settings(deadline=None, max_examples=30)
@given(seed=seeds, cycle=st.integers(0, 1000), count=st.integers(1, 1100), window=windows)
def test_a_window_is_read_in_one_go(seed, cycle, count, window):
    _, variants = positions(kernels.order_by_windows, seed, cycle * count, count, [count], window)
    num_changes = int((np.diff(variants // window) != 0).sum())
    assert num_changes == -(-count // window) - 1


@settings(deadline=None, max_examples=30)
@given(seed=seeds, epoch=st.integers(0, 5000), counts=counts_of_groups, window=windows)
def test_windows_of_epoch_are_those_of_the_order(seed, epoch, counts, window):
    found = np.empty(len(counts), np.int64)
    kernels.windows_of_epoch(np.uint64(seed), epoch, np.asarray(counts, np.int64), window, found)
    groups, variants = positions(kernels.order_by_windows, seed, epoch * len(counts), len(counts), counts, window)
    assert (found[groups] == variants // window).all()


@pytest.mark.parametrize(
    ("seq_len", "window"), [(1, 256), (81, 256), (256, 256), (257, 128), (900, 64), (2**16, 1), (2**20, 1)]
)
def test_windows_are_smaller_where_sequences_are_long(seq_len, window):
    assert kernels.order_window(seq_len) == window


def test_groups_differ_in_their_order_within_a_window():
    counts = [256] * 50
    groups, variants = positions(kernels.order_by_windows, 1, 0, 50 * 256, counts)
    by_group = np.empty((50, 256), np.int64)
    for epoch in range(256):
        run = slice(epoch * 50, (epoch + 1) * 50)
        by_group[groups[run], epoch] = variants[run]
    assert len({tuple(row) for row in by_group.tolist()}) == 50
    # 50 x 256 pairs (epoch, variant), each variant expected 50 times in 256 epochs: agreement between two groups'
    # orders is Poisson with mean 1; a mean above 1.2 over 1225 pairs is 7 standard deviations away.
    agreements = [(by_group[i] == by_group[j]).sum() for i in range(50) for j in range(i)]
    assert 0.8 < np.mean(agreements) < 1.2


def test_published_draws_are_uniform_with_replacement():
    counts = [1000] * 100
    _, variants = positions(kernels.order_as_published, 3, 0, 100_000, counts)
    histogram = np.bincount(variants, minlength=1000)
    # Chi-squared with 999 degrees of freedom: mean 999, standard deviation 45; five of them are allowed.
    assert abs(((histogram - 100) ** 2 / 100).sum() - 999) < 5 * 45
    _, of_one_group = positions(kernels.order_as_published, 3, 0, 1000, [1000])
    assert len(set(of_one_group.tolist())) < 700


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_copies_equal_their_references(data):
    counts = np.array(data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=6)), np.int64)
    sizes = np.array([data.draw(st.integers(1, 3)) for _ in counts], np.int64)
    first = data.draw(st.integers(0, 3))
    starts = np.array([data.draw(st.integers(0, 8)) for _ in counts], np.int64)
    stops = starts + np.array([data.draw(st.integers(0, 5)) for _ in counts], np.int64)
    rows = np.concatenate([[0], np.cumsum((stops - starts) * sizes)]).astype(np.int64)
    rng = np.random.default_rng(0)
    inputs, labels = rng.integers(0, 255, (2, int((counts * sizes).sum()), 7), dtype=np.uint8)
    table = np.zeros((rows[-1], 2, 7), np.uint8)
    expected = table.copy()
    kernels.place_rows(table, inputs, labels, counts, sizes, first, starts, stops, rows[:-1])
    source = 0
    for group, count in enumerate(counts):
        for variant in range(first, first + count):
            for example in range(sizes[group]):
                if starts[group] <= variant < stops[group]:
                    row = rows[group] + (variant - starts[group]) * sizes[group] + example
                    expected[row] = inputs[source], labels[source]
                source += 1
    assert (table == expected).all()
    wanted = [(g, v, e) for g in range(len(counts)) for v in range(starts[g], stops[g]) for e in range(sizes[g])]
    wanted = [wanted[i] for i in rng.permutation(len(wanted))]
    groups, variants, examples = np.array(wanted, np.int64).reshape(-1, 3).T.copy()
    index = np.empty(len(wanted), np.int64)
    kernels.find_rows(groups, variants, examples, sizes, starts, rows[:-1], index)
    assert index.tolist() == [rows[g] + (v - starts[g]) * sizes[g] + e for g, v, e in wanted]
    out = np.empty((2, len(wanted), 7), np.uint8)
    kernels.gather_rows(table, index, out[0], out[1])
    assert (out == table[index].transpose(1, 0, 2)).all()
