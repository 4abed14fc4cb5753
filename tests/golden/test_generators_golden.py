"""The bytes of puzzles and variants, pinned: a digest that changes is another corpus for every user's seed.

``python -m tests.golden.renew`` writes the file anew. Do so only for a change that is meant to change bytes, and say so
in the changelog under "Data and RNG compatibility".
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from tests.blocks_of_variants import augment
from trmpipe.generators.rng import AUGMENT, bijection_keys, open_stream, permute, philox, shuffle, unpermute
from trmpipe.generators.sudoku import SIZES, SudokuTask, format_puzzle
from trmpipe.generators.task import TEST, TRAIN

FILE = Path(__file__).with_name("generators_puzzles.json")
SEEDS = (0, 1, 2**63 - 1)
COUNTS = {4: 64, 6: 64, 9: 16, 16: 3}
VARIANTS = {4: 100, 6: 200, 9: 200, 16: 100}
"""Variants a group: at 4x4 fewer than the most symmetric puzzle has, and so that some groups have automorphisms."""


def digest(*arrays):
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(f"{array.dtype} {array.shape}\n".encode() + np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()


def puzzles(size, seed):
    """Digests of puzzles, grids, classes and variants, and the first puzzle in plain sight."""
    task = SudokuTask(size=size)
    train = task.generate(seed, TRAIN, 0, COUNTS[size])
    test = task.generate(seed, TEST, 10**6, COUNTS[size])
    return {
        "first": format_puzzle(train.inputs[0] - 1),
        "train": digest(train.inputs, train.labels),
        "test": digest(test.inputs, test.labels),
        "classes": digest(task.examine(train).digests),
        "num_variants": digest(task.num_variants(train)),
        "variants": digest(*augment(task, train, seed, 0, VARIANTS[size])),
    }


def randomness():
    """Blocks, bijections and shuffles at a few positions."""
    images = []
    for size in (1, 2, 97, 10**6, 2**40, 2**62 - 1):
        keys = bijection_keys(5, AUGMENT, 1, 2, size)
        images += [permute(i, size, keys) for i in (0, size // 2, size - 1)]
        assert unpermute(images[-1], size, keys) == size - 1
    items = np.arange(20)
    shuffle(open_stream(1, 2, 3, 4, 5), items)
    return {
        "philox": [int(word) for word in philox(*map(np.uint64, (1, 2, 3, 4, 5, 6)))],
        "permute": [int(image) for image in images],
        "shuffle": items.tolist(),
    }


def current():
    """All that the file holds, computed."""
    return {"randomness": randomness()} | {f"sudoku{n} seed {seed}": puzzles(n, seed) for n in SIZES for seed in SEEDS}


def renew():
    """Write the digests of today's code."""
    FILE.write_text(json.dumps(current(), indent=1) + "\n")


def golden(name):
    return json.loads(FILE.read_text())[name]


def test_randomness_is_as_it_was():
    assert randomness() == golden("randomness")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", SIZES)
def test_puzzles_are_as_they_were(size, seed):
    assert puzzles(size, seed) == golden(f"sudoku{size} seed {seed}")


def test_the_file_holds_nothing_else():
    names = {"randomness", *(f"sudoku{size} seed {seed}" for size in SIZES for seed in SEEDS)}
    assert set(json.loads(FILE.read_text())) == names
