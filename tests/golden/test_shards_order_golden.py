"""The reading order of two seeds, written down: it must be the same on every machine and after every change.

A resumed run depends on it. If a change is meant, renew with ``python -m tests.golden.renew`` and say so in the
CHANGELOG under "Data and RNG compatibility".
"""

import json
from pathlib import Path

import numpy as np

from trmpipe.shards.order import SAMPLINGS, Order

FILE = Path(__file__).with_name("shards_order.json")
CASES = [
    (sampling, seed, start, counts)
    for sampling in sorted(SAMPLINGS)
    for seed, start, counts in [(0, 0, [1001] * 1000), (1, 10**9, [1001] * 1000), (0, 0, [11, 300, 1, 600])]
]
RAGGED_CASES = [
    (sampling, seed, start, counts, sizes)
    for sampling in sorted(SAMPLINGS)
    for seed, start, counts, sizes in [
        (0, 3, [1001] * 960, [3, 4, 5] * 320),
        (1, 10**9, [11, 300, 1, 600], [2, 1, 7, 3]),
    ]
]
LONG_WINDOW = 64
"""Variants of a window where sequences are as long as ARC's."""


def compute():
    """The first positions of every case."""
    found = []
    for sampling, seed, start, counts in CASES:
        groups, variants = np.empty((2, 24), np.int64)
        SAMPLINGS[sampling](np.uint64(seed), start, np.array(counts), 256, groups, variants)
        case = {"sampling": sampling, "seed": seed, "start": start, "num_groups": len(counts)}
        found.append({**case, "groups": groups.tolist(), "variants": variants.tolist()})
    return found + [_ragged(*case) for case in RAGGED_CASES]


def _ragged(sampling, seed, start, counts, sizes):
    """Positions of puzzles of several examples, beginning inside of one."""
    order = Order(np.uint64(seed), np.array(counts), np.array(sizes), sampling, LONG_WINDOW)
    case = {"sampling": sampling, "seed": seed, "start": start, "epoch_size": order.epoch_size}
    places = (place.tolist() for place in order.at(start, 24))
    return case | dict(zip(("groups", "variants", "examples"), places, strict=True))


def renew():
    """Write the file anew."""
    lines = ",\n".join(json.dumps(case) for case in compute())
    FILE.write_text(f"[\n{lines}\n]\n")


def test_the_order_is_as_written_down():
    assert compute() == json.loads(FILE.read_text())
