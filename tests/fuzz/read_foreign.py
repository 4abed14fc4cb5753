"""Reads the corpus that is given by every door; prints what each says, and fails if one says nothing or takes long."""

import sys
import time

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, Stream, verify

DOORS = {
    "verify": lambda corpus: sys.stdout.write("\n".join(verify(corpus).problems) + "\n"),
    "rows": lambda corpus: (corpus.variant_names(), list(corpus.rows("train"))),
    "stream": lambda corpus: (corpus.variant_names(), Stream([corpus], seed=0, batch_size=4).batch(0)),
}

for name, door in DOORS.items():
    start = time.perf_counter()
    try:
        door(Corpus.open(sys.argv[1]))
        assert name == "verify", f"{name} believed it"
    except TrmpipeError as error:
        print(error)
    assert time.perf_counter() - start < 5, name
