"""Randomness as a pure function of position: Philox 4x64-10, streams of it, and keyed bijections.

The rule, once for the whole project: a random value belongs to a key (root seed, purpose) and a counter (block,
variant, group, candidate). Nothing is ever seeded by a sum, and no generator keeps a state between calls.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 3 and table 2. NumPy's
``Philox`` gives the same blocks, but increments first: ``Philox(counter=c)`` starts at block c + 1.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from .jit import kernel

# Purposes, the second word of every key. TRAIN and TEST also name the splits (see task.py).
AUGMENT = 2
ORDER = 3
SAMPLE = 4
VARIANT_ORDER = 5
INIT = 6
HALT = 7
PUBLISHED = 8
RATE = 9
TRANSLATE = 10
NOISE = 11
ALTERNATIVES = 12

_MULTIPLIER_0 = np.uint64(0xD2E7470EE14C6C93)
_MULTIPLIER_1 = np.uint64(0xCA5A826395121157)
_WEYL_0 = np.uint64(0x9E3779B97F4A7C15)
_WEYL_1 = np.uint64(0xBB67AE8584CAA73B)
_MIX_0 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_1 = np.uint64(0x94D049BB133111EB)
_NUM_ROUNDS = 10
_NUM_HALF_ROUNDS = 8
_STREAM_WORDS = 11


@intrinsic
def mulhi(typing_context: Any, a: Any, b: Any) -> Any:
    """High 64 bits of the 128-bit product of two uint64, one machine instruction on most processors."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), codegen


@kernel
def philox(
    seed: int, purpose: int, c0: int, c1: int, c2: int, c3: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """One block of Philox 4x64-10.

    Args:
        seed: first key word, 0 <= seed < 2**63 (Numba takes a Python int as a signed one).
        purpose: second key word.
        c0: first counter word, the block.
        c1: second counter word, the variant.
        c2: third counter word, the group.
        c3: fourth counter word, the candidate.

    Returns:
        Four uint64, uniform.
    """
    k0, k1 = np.uint64(seed), np.uint64(purpose)
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    for _ in range(_NUM_ROUNDS):
        high_0, low_0 = mulhi(_MULTIPLIER_0, x0), _MULTIPLIER_0 * x0
        high_1, low_1 = mulhi(_MULTIPLIER_1, x2), _MULTIPLIER_1 * x2
        x0, x1, x2, x3 = high_1 ^ x1 ^ k0, low_1, high_0 ^ x3 ^ k1, low_0
        k0 += _WEYL_0
        k1 += _WEYL_1
    return x0, x1, x2, x3


@kernel
def open_stream(seed: int, purpose: int, variant: int, group: int, candidate: int) -> NDArray[np.uint64]:
    """A stream of random numbers, which `next_uint64` advances.

    Args:
        seed: root seed, 0 <= seed < 2**63.
        purpose: second key word.
        variant: second counter word; the first one, the block, counts up as the stream is read.
        group: third counter word.
        candidate: fourth counter word.

    Returns:
        The state of the stream, uint64 [11].
    """
    stream = np.empty(_STREAM_WORDS, np.uint64)
    stream[0], stream[1] = np.uint64(seed), np.uint64(purpose)
    stream[2] = np.uint64(0)
    stream[3], stream[4], stream[5] = np.uint64(variant), np.uint64(group), np.uint64(candidate)
    stream[10] = np.uint64(4)
    return stream


@kernel
def next_uint64(stream: NDArray[np.uint64]) -> Any:
    """The stream's next number, uniform over uint64."""
    used = stream[10]
    if used == np.uint64(4):
        stream[6], stream[7], stream[8], stream[9] = philox(
            stream[0], stream[1], stream[2], stream[3], stream[4], stream[5]
        )
        stream[2] += np.uint64(1)
        used = np.uint64(0)
    stream[10] = used + np.uint64(1)
    return stream[6 + np.int64(used)]


@kernel
def next_many(stream: NDArray[np.uint64], words: NDArray[np.uint64]) -> None:
    """Fill `words` [N] with the stream's next numbers, as N calls of `next_uint64` give them, several times as fast.

    With nothing between them a processor works at a few blocks at once, as none waits for another.
    """
    done = 0
    while done < len(words) and stream[10] != np.uint64(4):
        words[done] = next_uint64(stream)
        done += 1
    while done + 4 <= len(words):
        words[done], words[done + 1], words[done + 2], words[done + 3] = philox(
            stream[0], stream[1], stream[2], stream[3], stream[4], stream[5]
        )
        stream[2] += np.uint64(1)
        done += 4
    while done < len(words):
        words[done] = next_uint64(stream)
        done += 1


@kernel
def below(stream: NDArray[np.uint64], bound: int) -> Any:
    """A number in range(bound); its bias is under bound / 2**64."""
    return np.int64(mulhi(next_uint64(stream), np.uint64(bound)))


@kernel
def shuffle(stream: NDArray[np.uint64], items: NDArray[Any]) -> None:
    """Shuffle `items` [N] in place, uniformly (Fisher-Yates)."""
    for i in range(len(items) - 1, 0, -1):
        j = below(stream, i + 1)
        items[i], items[j] = items[j], items[i]


@kernel
def bijection_keys(seed: int, purpose: int, c1: int, c2: int, c3: int) -> NDArray[np.uint64]:
    """Round keys of the bijections below: two blocks, at counters (0, c1, c2, c3) and (1, c1, c2, c3).

    Args:
        seed: root seed, 0 <= seed < 2**63.
        purpose: second key word.
        c1: second counter word, the variant.
        c2: third counter word, the group.
        c3: fourth counter word, the candidate.

    Returns:
        Uint64 [8].
    """
    keys = np.empty(_NUM_HALF_ROUNDS, np.uint64)
    for block in range(2):
        keys[4 * block], keys[4 * block + 1], keys[4 * block + 2], keys[4 * block + 3] = philox(
            seed, purpose, block, c1, c2, c3
        )
    return keys


@kernel
def _mix(value: np.uint64, key: np.uint64) -> np.uint64:
    """SplitMix64's finaliser over a keyed value: the round function of `permute`."""
    value = (value ^ key) * _MIX_0
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    return value ^ (value >> np.uint64(31))


@kernel
def _radix(size: int) -> tuple[np.uint64, np.uint64]:
    """Radices (a, b) with a * b >= size, as near to each other and to size as they get."""
    a = np.int64(np.sqrt(size))
    while a * a < size:
        a += 1
    return np.uint64(a), np.uint64((size + a - 1) // a)


@kernel
def _forward(
    left: np.uint64, right: np.uint64, a: np.uint64, b: np.uint64, keys: NDArray[np.uint64]
) -> tuple[np.uint64, np.uint64]:
    """All rounds of the alternating Feistel network over the pairs (left < a, right < b)."""
    for i in range(0, _NUM_HALF_ROUNDS, 2):
        left += mulhi(_mix(right, keys[i]), a)
        if left >= a:
            left -= a
        right += mulhi(_mix(left, keys[i + 1]), b)
        if right >= b:
            right -= b
    return left, right


@kernel
def permute(index: int, size: int, keys: NDArray[np.uint64]) -> Any:
    """Image of `index` under a keyed bijection of range(size), in O(1).

    An alternating Feistel network over the mixed radix (a, b) with a * b >= size, walked on where it leaves the range.

    Args:
        index: 0 <= index < size.
        size: 1 <= size < 2**62.
        keys: uint64 [8], from `bijection_keys`.
    """
    a, b = _radix(size)
    value = np.uint64(index)
    while True:
        left, right = _forward(value // b, value % b, a, b, keys)
        value = left * b + right
        if value < np.uint64(size):
            return np.int64(value)


@kernel
def permute_pair(index: int, a: int, b: int, keys: NDArray[np.uint64]) -> Any:
    """Image of `index` under a keyed bijection of the pairs range(a) x range(b), in O(1): as `permute`, without a walk.

    Args:
        index: 0 <= index < a * b, and below 2**63 where there are more pairs.
        a: how many first items, 1 <= a < 2**63.
        b: how many second items, 1 <= b < 2**63.
        keys: uint64 [8], from `bijection_keys`.

    Returns:
        The pair, two int64.
    """
    value, first, second = np.uint64(index), np.uint64(a), np.uint64(b)
    left = value // second
    left, right = _forward(left, value - left * second, first, second, keys)
    return np.int64(left), np.int64(right)


@kernel
def unpermute(image: int, size: int, keys: NDArray[np.uint64]) -> Any:
    """The index whose image under `permute` is `image`."""
    a, b = _radix(size)
    value = np.uint64(image)
    while True:
        left, right = value // b, value % b
        for i in range(_NUM_HALF_ROUNDS - 2, -1, -2):
            shift = mulhi(_mix(left, keys[i + 1]), b)
            right = right - shift if right >= shift else right + b - shift
            shift = mulhi(_mix(right, keys[i]), a)
            left = left - shift if left >= shift else left + a - shift
        value = left * b + right
        if value < np.uint64(size):
            return np.int64(value)
