"""Philox, streams and keyed bijections: equal to NumPy's and to their plain references."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.references import philox as reference
from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators import rng

many = settings(deadline=None, derandomize=True, max_examples=200)
few = settings(deadline=None, derandomize=True, max_examples=40)
words = st.integers(0, 2**64 - 1)
small = st.integers(0, 2**62)
positions = st.tuples(small, st.integers(0, 20), small, small, small)


@many
@given(key=st.tuples(words, words), counter=st.tuples(words, words, words, words))
@example(key=(0, 0), counter=(0, 0, 0, 0))
@example(key=(2**64 - 1, 2**64 - 1), counter=(2**64 - 1,) * 4)
def test_philox_equals_its_reference(key, counter):
    assert rng.philox(*map(np.uint64, key + counter)) == reference.philox(key, counter)


@many
@given(key=st.tuples(words, words), counter=st.tuples(words, words, words, words))
def test_philox_is_that_of_numpy_one_block_later(key, counter):
    # NumPy increments the counter, 256 bits with the first word lowest, before it makes a block.
    whole = sum(word << 64 * i for i, word in enumerate(counter))
    before = (whole - 1) % 2**256
    numpys = np.random.Philox(key=sum(word << 64 * i for i, word in enumerate(key)), counter=before)
    assert rng.philox(*map(np.uint64, key + counter)) == tuple(numpys.random_raw(4).tolist())


@few
@given(position=positions, count=st.integers(1, 40))
def test_streams_spell_blocks_in_order(position, count):
    stream, plain = rng.open_stream(*position), reference.Stream(*position)
    assert [int(rng.next_uint64(stream)) for _ in range(count)] == [plain.next() for _ in range(count)]


@few
@given(position=positions, before=st.integers(0, 9), count=st.integers(0, 40))
def test_many_words_are_those_that_single_calls_give(position, before, count):
    stream, plain = rng.open_stream(*position), reference.Stream(*position)
    drawn = np.empty(count, np.uint64)
    expected = [plain.next() for _ in range(before + count + 5)]
    found = [int(rng.next_uint64(stream)) for _ in range(before)]
    rng.next_many(stream, drawn)
    assert found + drawn.tolist() + [int(rng.next_uint64(stream)) for _ in range(5)] == expected


@few
@given(position=positions, bounds=st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=20))
def test_below_equals_its_reference(position, bounds):
    stream, plain = rng.open_stream(*position), reference.Stream(*position)
    drawn = [rng.below(stream, bound) for bound in bounds]
    assert drawn == [plain.below(bound) for bound in bounds]
    assert all(0 <= value < bound for value, bound in zip(drawn, bounds, strict=True))


@few
@given(position=positions, size=st.integers(0, 30))
def test_shuffle_equals_its_reference(position, size):
    items, plain = np.arange(size), list(range(size))
    rng.shuffle(rng.open_stream(*position), items)
    reference.Stream(*position).shuffle(plain)
    assert items.tolist() == plain


@many
@given(position=positions, size=st.integers(1, 2**62 - 1), where=st.floats(0, 1, exclude_max=True))
@example(position=(0, 0, 0, 0, 0), size=1, where=0.0)
@example(position=(0, 0, 0, 0, 0), size=2**62 - 1, where=0.999)
@example(position=(0, 0, 0, 0, 0), size=(2**31 - 1) ** 2 + 1, where=0.5)
def test_permute_equals_its_reference_and_unpermute_undoes_it(position, size, where):
    index = min(int(where * size), size - 1)
    keys = rng.bijection_keys(*position)
    plain_keys = reference.bijection_keys(*position)
    assert keys.tolist() == plain_keys
    image = rng.permute(index, size, keys)
    assert image == reference.permute(index, size, plain_keys)
    assert rng.unpermute(image, size, keys) == index


@many
@given(position=positions, a=st.integers(1, 2**62), b=st.integers(1, 2**62), where=st.floats(0, 1, exclude_max=True))
@example(position=(0, 0, 0, 0, 0), a=1, b=1, where=0.0)
@example(position=(0, 0, 0, 0, 0), a=2**63 - 1, b=2**63 - 1, where=0.999)
def test_permute_pair_equals_its_reference(position, a, b, where):
    index = int(where * min(a * b, 2**62))
    keys = rng.bijection_keys(*position)
    assert rng.permute_pair(index, a, b, keys) == reference.permute_pair(index, a, b, keys.tolist())


@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 9), (9, 1), (2, 2), (7, 13), (24, 128), (300, 2)])
def test_permute_pair_reaches_every_pair_once(a, b):
    keys = rng.bijection_keys(7, a, b, 0, 0)
    assert sorted(rng.permute_pair(i, a, b, keys) for i in range(a * b)) == [(i, j) for i in range(a) for j in range(b)]


@pytest.mark.parametrize("sizes", [range(1, 130), [1000, 1024, 3071, 2**14 - 1, 2**14 + 1]], ids=["small", "large"])
def test_permute_is_a_bijection_of_every_size(sizes):
    for size in sizes:
        keys = rng.bijection_keys(7, size, 0, 0, 0)
        assert sorted(rng.permute(i, size, keys) for i in range(size)) == list(range(size))


def test_different_keys_give_different_bijections():
    positions = [(0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1)]
    images = {tuple(rng.permute(i, 1000, rng.bijection_keys(*position)) for i in range(20)) for position in positions}
    assert len(images) == len(positions)


@pytest.mark.parametrize("size", [5, 24, 31])
def test_permute_is_roughly_uniform(size):
    # Where a pair of neighbours goes. One-sided: a bijection that is too even is none we fear.
    seen = np.zeros((size, size))
    for key in range(20 * size * (size - 1)):
        keys = rng.bijection_keys(0, 99, key, 0, 0)
        seen[rng.permute(0, size, keys), rng.permute(1, size, keys)] += 1
    assert np.all(np.diag(seen) == 0)
    pairs = seen[~np.eye(size, dtype=bool)]
    assert chi_square(pairs) < chi_square_bound(len(pairs) - 1)


def test_below_is_roughly_uniform():
    stream = rng.open_stream(3, 0, 0, 0, 0)
    seen = np.bincount([rng.below(stream, 10) for _ in range(10_000)], minlength=10)
    assert chi_square(seen) < chi_square_bound(9)
