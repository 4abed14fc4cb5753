"""Vectors in kernels: every operation equal to NumPy's, on this machine's instructions and on the portable way."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trmpipe.generators.sudoku.nine import lanes

WORDS = st.integers(0, 0xFFFF)
INDICES = [3, None, 7, 0, 15, 8, None, 1, 2, 2, 14, 9, 4, 5, 6, None]
taken = lanes.take_lanes(INDICES)
halved = lanes.take_lanes(range(8))
fixed = lanes.constant(range(16))


def vectors(count):
    return st.lists(WORDS, min_size=count, max_size=count).map(lambda words: np.array(words, np.uint16))


@numba.njit
def combine(a, b, lane, out, bits):
    x, y = lanes.load16(lanes.address(a)), lanes.load16(lanes.address(b))
    place = lanes.address(out)
    lanes.store(place, x & y)
    lanes.store(place + 32, x | y)
    lanes.store(place + 64, x ^ y)
    lanes.store(place + 96, ~x)
    lanes.store(place + 128, lanes.equal(x, y))
    lanes.store(place + 160, lanes.less(x, y))
    lanes.store(place + 192, lanes.popcounts(x))
    lanes.store(place + 224, lanes.lowest_bits(x))
    lanes.store(place + 256, taken(x))
    lanes.store(place + 288, fixed())
    lanes.store(place + 320, lanes.one_lane(lane, 0x1234))
    low = halved(x)
    lanes.store(place + 352, low)
    lanes.store(place + 368, lanes.without_lowest_bit(low))
    lanes.store(place + 384, lanes.splat8(a[0]))
    lanes.store_word(place + 400, lanes.load_word(lanes.address(b)))
    bits[0], bits[1] = lanes.any_bit(x & y), lanes.differing_lanes(x, y)
    bits[2] = lanes.popcount(low)


def number(words):
    return sum(int(word) << 16 * i for i, word in enumerate(words))


@given(vectors(16), vectors(16), st.integers(0, 15), st.integers(0, 16))
@settings(deadline=None)
def test_operations_are_those_of_numpy(a, b, lane, alike):
    b[:alike] = a[:alike]
    a[:alike] &= 0x8001
    out, bits = np.zeros((13, 16), np.uint16), np.zeros(3, np.int64)
    combine(a, b, lane, out, bits)
    full = np.uint16(0xFFFF)
    np.testing.assert_array_equal(out[:4], [a & b, a | b, a ^ b, ~a])
    np.testing.assert_array_equal(out[4], np.where(a == b, full, 0))
    np.testing.assert_array_equal(out[5], np.where(a.view(np.int16) < b.view(np.int16), full, 0))
    np.testing.assert_array_equal(out[6], [int(word).bit_count() for word in a])
    np.testing.assert_array_equal(out[7], [int(word) & -int(word) for word in a])
    np.testing.assert_array_equal(out[8], [0 if i is None else a[i] for i in INDICES])
    np.testing.assert_array_equal(out[9], np.arange(16))
    np.testing.assert_array_equal(out[10], np.where(np.arange(16) == lane, 0x1234, 0))
    np.testing.assert_array_equal(out[11, :8], a[:8])
    low = number(a[:8])
    assert number(out[11, 8:]) == low & (low - 1) % 2**128
    np.testing.assert_array_equal(out[12, :9], [a[0]] * 8 + [b[0]])
    assert bits.tolist() == [
        bool((a & b).any()),
        sum(1 << i for i in range(16) if a[i] != b[i]),
        low.bit_count(),
    ]


def looked_up(table, indices):
    """`lookup` by its definition, byte by byte."""
    from_bytes, by = table.view(np.uint8).reshape(2, 16), indices.view(np.uint8).reshape(2, 16)
    rows = [[0 if at == 0xFF else half[at] for at in places] for half, places in zip(from_bytes, by, strict=True)]
    return np.array(rows, np.uint8).view(np.uint16).ravel()


def lookup_kernel():
    @numba.njit
    def run(table, indices, out):
        lanes.store(
            lanes.address(out), lanes.lookup(lanes.load16(lanes.address(table)), lanes.load16(lanes.address(indices)))
        )

    return run


@pytest.mark.parametrize("features", [None, {"ssse3": True}, {}])
def test_lookup_is_the_same_on_every_machine(features, monkeypatch):
    if features is not None:
        monkeypatch.setattr(lanes.llvm, "get_host_cpu_features", lambda: features)
        monkeypatch.setattr(lanes.llvm, "get_process_triple", lambda: "none")
    run = lookup_kernel()
    random = np.random.default_rng(0)
    for _ in range(200):
        table = random.integers(0, 1 << 16, 16, np.uint16)
        bytes_ = random.integers(0, 16, 32, np.uint8)
        bytes_[random.random(32) < 0.3] = 0xFF
        indices, out = bytes_.view(np.uint16), np.zeros(16, np.uint16)
        run(table, indices, out)
        np.testing.assert_array_equal(out, looked_up(table, indices))
