"""Philox 4x64-10 and what is built on it, in Python's unbounded integers.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), section 3 and table 2.
"""

from math import isqrt

WORD = 1 << 64
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(key, counter):
    """One block: four words from a key of two words and a counter of four."""
    k0, k1 = key
    x0, x1, x2, x3 = counter
    for _ in range(10):
        high_0, low_0 = divmod(MULTIPLIERS[0] * x0, WORD)
        high_1, low_1 = divmod(MULTIPLIERS[1] * x2, WORD)
        x0, x1, x2, x3 = high_1 ^ x1 ^ k0, low_1, high_0 ^ x3 ^ k1, low_0
        k0, k1 = (k0 + WEYL[0]) % WORD, (k1 + WEYL[1]) % WORD
    return x0, x1, x2, x3


class Stream:
    """The words of blocks 0, 1, 2, ... of one (variant, group, candidate)."""

    def __init__(self, seed, purpose, variant, group, candidate):
        self.words = (
            word for block in range(1 << 32) for word in philox((seed, purpose), (block, variant, group, candidate))
        )

    def next(self):
        return next(self.words)

    def below(self, bound):
        return self.next() * bound // WORD

    def shuffle(self, items):
        """Fisher-Yates from the end, in place."""
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]


def bijection_keys(seed, purpose, c1, c2, c3):
    return [word for block in (0, 1) for word in philox((seed, purpose), (block, c1, c2, c3))]


def mix(value, key):
    """SplitMix64's finaliser of `value` xor `key`, its first shift left out."""
    value = (value ^ key) * 0xBF58476D1CE4E5B9 % WORD
    value = (value ^ (value >> 30)) * 0x94D049BB133111EB % WORD
    return value ^ (value >> 31)


def radices(size):
    """(a, b): a is the root of `size` rounded up, b the least with a * b >= size."""
    a = isqrt(size - 1) + 1
    return a, -(-size // a)


def forward(left, right, a, b, keys):
    """Alternating Feistel rounds on a pair of range(a) x range(b)."""
    for even, odd in zip(keys[::2], keys[1::2], strict=True):
        left = (left + mix(right, even) * a // WORD) % a
        right = (right + mix(left, odd) * b // WORD) % b
    return left, right


def permute(index, size, keys):
    """The rounds on (index // b, index % b), repeated until the value is in range(size)."""
    a, b = radices(size)
    while True:
        left, right = forward(*divmod(index, b), a, b, keys)
        index = left * b + right
        if index < size:
            return index


def permute_pair(index, a, b, keys):
    """The pair that the rounds make of (index // b, index % b)."""
    return forward(*divmod(index, b), a, b, keys)
