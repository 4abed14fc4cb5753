"""The words that networks draw, one by one in Python's whole numbers."""


def mix(x):
    """lowbias32, as its author prints it."""
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ x >> 16


def word(key, draw, position):
    """The word of one position, of a key from -2**63 to 2**63 - 1."""
    low, high = key % 2**32, key % 2**64 // 2**32
    place = mix(draw)
    first = mix(low ^ place)
    second = mix((high + first + place) % 2**32)
    return mix((mix(position ^ first) + second) % 2**32)
