"""The project's own gzip against the standard library's reader, which is its reference."""

import gzip as reference
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trmpipe.shards.codecs import deflate
from trmpipe.shards.codecs.deflate import gzip


@st.composite
def grids(draw):
    """Bytes that repeat as padded grids do: runs, rows, earlier stretches, and some noise."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    data = rng.integers(0, draw(st.integers(1, 256)), draw(st.integers(0, 300)), dtype=np.uint8).tobytes()
    for _ in range(draw(st.integers(0, 12))):
        size = draw(st.integers(1, 700))
        distance = draw(st.sampled_from([1, 2, 3, 4, 5, 30, 257, 900, 32768, 32769]))
        if draw(st.booleans()) and len(data) >= distance:
            piece = data[-distance:]
            data += (piece * (size // distance + 1))[:size]
        else:
            data += rng.integers(0, draw(st.integers(1, 256)), size, dtype=np.uint8).tobytes()
    return data


@settings(deadline=None, max_examples=200)
@given(data=grids(), row_length=st.sampled_from([1, 2, 30, 32768, 10**6]))
def test_the_reference_unpacks_it(data, row_length):
    packed = gzip(data, row_length=row_length)
    assert reference.decompress(packed) == data
    assert gzip(memoryview(data), row_length=row_length) == packed


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=600))
def test_any_bytes_go_through(data):
    assert reference.decompress(gzip(data)) == data


@pytest.mark.parametrize("size", [32767, 32768, 32769, 65536, 200_000])
@pytest.mark.parametrize("alphabet", [1, 2, 12, 256])
def test_long_data_of_several_blocks(size, alphabet):
    data = np.random.default_rng(size).integers(0, alphabet, size, dtype=np.uint8).tobytes()
    packed = gzip(data, row_length=30)
    assert reference.decompress(packed) == data
    # What cannot be packed hardly grows: a block's codes take a few hundred bytes.
    assert len(packed) < size + 400 * (size // 32768 + 1)


@pytest.mark.parametrize("distance", [1, 2, 3, 4, 5, 24577, 32767, 32768, 32769, 40000])
def test_matches_reach_over_the_whole_window(distance):
    """All distances that the format can spell, and those just beyond."""
    data = np.random.default_rng(distance).integers(0, 256, distance, dtype=np.uint8).tobytes()
    packed = gzip(data + data[:5000], row_length=min(distance, 32768))
    assert reference.decompress(packed) == data + data[:5000]
    assert (len(packed) < len(data) + 2000) == (distance <= 32768)


def test_codes_are_never_longer_than_the_format_allows():
    """Counts like Fibonacci numbers make the deepest trees."""
    counts = np.array([1, 1], np.int64)
    while counts.sum() < 10**6:
        counts = np.append(counts, counts[-1] + counts[-2])
    for limit in (7, 15):
        lengths = np.empty(len(counts), np.int64)
        deflate.code_lengths(counts, limit, lengths)
        assert lengths.max() <= limit
        assert (2.0 ** -lengths[lengths > 0]).sum() == 1
    data = np.random.default_rng(0).permutation(np.repeat(np.arange(20, dtype=np.uint8), counts[:20])).tobytes()
    assert reference.decompress(gzip(data)) == data


def test_code_lengths_are_the_shortest():
    """Huffman's own bound: the cost of the code is the sum of the weights of all inner nodes."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        counts = rng.integers(0, 50, 30)
        counts[:2] += 1
        lengths = np.empty(30, np.int64)
        deflate.code_lengths(counts, 15, lengths)
        nodes, cost = sorted(counts[counts > 0].tolist()), 0
        while len(nodes) > 1:
            both = nodes[0] + nodes[1]
            cost += both
            nodes = sorted([*nodes[2:], both])
        assert (counts * lengths).sum() == cost
        assert ((lengths > 0) == (counts > 0)).all()


def padded_grids():
    """A thousand grids of 30 x 30 cells, most of which are padding."""
    rng = np.random.default_rng(0)
    grids = np.zeros((1000, 30, 30), np.uint8)
    for grid in grids:
        height, width = rng.integers(3, 15, 2)
        grid[:height, :width] = 2 + (rng.random((height, width)) < 0.3) * rng.integers(0, 10)
        grid[height, :width] = grid[:height, width] = 1
    return grids.tobytes()


def test_padded_grids_pack_better_than_with_the_librarys_first_levels():
    data = padded_grids()
    assert len(gzip(data, row_length=30)) < len(zlib.compress(data, 3))


def test_the_same_data_is_the_same_file():
    data = padded_grids()
    assert gzip(data, row_length=30) == gzip(data, row_length=30)
    assert gzip(data)[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
