"""The reading order under curricula, written down: it must be the same on every machine and after every change.

A resumed run depends on it. If a change is meant, renew with ``python -m tests.golden.renew`` and say so in the
CHANGELOG under "Data and RNG compatibility".
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.shards_corpora import make_corpus
from trmpipe.shards import Corpus, Curriculum, Stream
from trmpipe.shards.curriculum_order import CurriculumOrder
from trmpipe.shards.order import SAMPLINGS

FILE = Path(__file__).with_name("curriculum_order.json")
LENGTH = 24
STARTS = (0, 1500, 10**9)
"""Among the first groups, while others join, and long after."""
GROWING = Curriculum(start=0.05, until_step=400)
MIXED = Curriculum(start=0.3, until_step=250, mix=(4.0, 3.0, 0.0, 1.0))
CASES = {
    "a share that grows": {"curriculum": GROWING, "counts": [1001] * 1000, "sizes": [1] * 1000, "seed": 0},
    "several examples, quarters by weight": {
        "curriculum": MIXED,
        "counts": [11, 300, 1, 600] * 15,
        "sizes": [2, 1, 7] * 20,
        "seed": 2**63 + 1,
    },
}
RATINGS = {"first": (5, 0, 3, 9, 0, 1, 7, 2), "second": (4, 0.5, 8, 0)}
"""Of two corpora that are ranked together; equal ones come in their own order."""


def compute(folder):
    """Positions of every case, and those of a stream whose groups are ranked by their corpora's catalogs."""
    found = [
        _case(name, sampling, start, **options)
        for name, options in CASES.items()
        for sampling in sorted(SAMPLINGS)
        for start in STARTS
    ]
    return [*found, _stream(folder)]


def _case(name, sampling, start, *, curriculum, counts, sizes, seed):
    # The ranks of groups are 7 apart, which has no divisor in common with their numbers.
    ranked = np.arange(len(counts)) * 7 % len(counts)
    order = CurriculumOrder(
        np.uint64(seed),
        np.array(counts),
        np.array(sizes),
        sampling=sampling,
        ranked=ranked,
        curriculum=curriculum,
        batch_size=8,
    )
    return {"case": name, "sampling": sampling, "start": start, **_places(order.at(start, LENGTH))}


def _stream(folder):
    for seed, (name, ratings) in enumerate(RATINGS.items()):
        make_corpus(folder / name, train=(6,) * len(ratings), difficulty=ratings, seed=seed)
    corpora = [Corpus.open(folder / name) for name in RATINGS]
    stream = Stream(corpora, seed=7, batch_size=4, curriculum=Curriculum(start=0.25, until_step=6, mix=(1, 1, 2, 3)))
    return {"case": "a stream of two corpora", "start": 0, **_places(stream.positions(0, 3 * LENGTH))}


def _places(places):
    return dict(zip(("groups", "variants", "examples"), (place.tolist() for place in places), strict=True))


def renew():
    """Write the file anew."""
    with tempfile.TemporaryDirectory() as folder:
        lines = ",\n".join(json.dumps(case) for case in compute(Path(folder)))
    FILE.write_text(f"[\n{lines}\n]\n")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return compute(tmp_path_factory.mktemp("corpora"))


@pytest.mark.parametrize("number", range(len(CASES) * len(SAMPLINGS) * len(STARTS) + 1))
def test_the_order_is_as_written_down(found, number):
    assert found[number] == json.loads(FILE.read_text())[number]
