"""Examples a second out of a stream, in one process, beside a limit measured in the same run.

The limit is NumPy taking the same number of random rows out of an array in memory, with the indices known
beforehand: no order to compute, no labels apart from inputs. The published loader's figure is quoted, not measured
here.

    python benchmarks/stream_rate.py [CORPUS] [--batch-size 768] [--seconds 3] [--json]

Without a corpus, one of 1000 groups x 1001 variants of 81 cells is written to a temporary folder first; what
its cells hold makes no difference to reading.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

import trmpipe
from trmpipe.generators.task import TaskSpec
from trmpipe.shards import (
    Corpus,
    Curriculum,
    Provenance,
    Store,
    Stream,
    UnitWriter,
    default_layout,
    open_corpora,
    write_manifest,
    write_metadata,
)

PUBLISHED_EXAMPLES_PER_SECOND = 86_000
"""The published loader's shuffled read of 81-cell examples on a machine of this kind: quoted."""
NUM_GROUPS, NUM_VARIANTS, SEQ_LEN = 1000, 1001, 81
NUM_REPEATS = 3


def write_corpus(folder: str) -> None:
    """Write a corpus of random cells in the layout that the headline command gets."""
    rng = np.random.default_rng(0)
    spec = TaskSpec(
        name="sudoku9", vocabulary=".x123456789", grid_shape=(9, 9), num_symmetries=2**40, classes="identity"
    )
    store = Store(folder)
    layouts = {"train": default_layout("train", SEQ_LEN, np.full(NUM_GROUPS, NUM_VARIANTS))}
    write_metadata(store, "webdataset", layouts.values())
    units = []
    for unit in range(layouts["train"].num_units):
        start, stop = layouts["train"].unit_groups(unit)
        digests = rng.integers(0, 256, (stop - start, 32), dtype=np.uint8)
        writer = UnitWriter(
            store=store,
            codec_name="webdataset",
            layout=layouts["train"],
            unit=unit,
            candidates=np.arange(start, stop),
            canonical=digests,
            difficulty=rng.integers(0, 100, stop - start).astype(float),
        )
        for shard in layouts["train"].shards_of(unit):
            shape = (2, int(layouts["train"].rows(shard).sum()), SEQ_LEN)
            writer.write(shard, *rng.integers(1, 11, shape, dtype=np.uint8))
        units.append(writer.finish())
    about = Provenance(
        name="random", recipe={}, guarantees={}, generator={"name": "benchmark", "version": "1"}, libraries={}
    )
    write_manifest(store, codec_name="webdataset", spec=spec, provenance=about, layouts=layouts, units=units)


def rate(give: Callable[[int], Any], batch_size: int, seconds: float) -> tuple[float, float]:
    """Best of a few rates of `give(step)`, in examples a second of wall time and of CPU time.

    Other work on the machine only ever slows it, hence the best; where there is much of it, CPU time says more.
    """
    give(0)
    wall, cpu, step = 0.0, 0.0, 1
    for _ in range(NUM_REPEATS):
        begin, begin_cpu, first = time.perf_counter(), time.process_time(), step
        while time.perf_counter() - begin < seconds / NUM_REPEATS:
            give(step)
            step += 1
        count = (step - first) * batch_size
        wall = max(wall, count / (time.perf_counter() - begin))
        cpu = max(cpu, count / (time.process_time() - begin_cpu))
    return wall, cpu


def limit(num_rows: int, seq_len: int, batch_size: int, seconds: float) -> tuple[float, float]:
    """Rate at which NumPy takes random rows of the same size out of as large an array."""
    table = np.ones((num_rows, 2 * seq_len), np.uint8)
    index = np.random.default_rng(0).integers(0, num_rows, (64, batch_size))
    return rate(lambda step: table.take(index[step % 64], axis=0), batch_size, seconds)


def measure(corpora: list[Corpus], batch_size: int, seconds: float) -> dict[str, Any]:
    """All rates over these corpora."""
    begin = time.perf_counter()
    stream = Stream(corpora, seed=0, batch_size=batch_size, memory_limit_bytes=1 << 40)
    stream.batch(0)
    first_batch_seconds = time.perf_counter() - begin
    seq_len = corpora[0].spec.seq_len
    published = Stream(corpora, seed=0, batch_size=batch_size, sampling="published", memory_limit_bytes=1 << 40)
    rated = all(np.ptp(corpus.catalog["train"].difficulty) > 0 for corpus in corpora)
    curriculum = Curriculum(start=0.1, until_step=30_000, mix=(4, 3, 2, 1)) if rated else None
    ordered = Stream(corpora, seed=0, batch_size=batch_size, curriculum=curriculum, memory_limit_bytes=1 << 40)
    window_bytes = 2 * stream.num_groups * 256 * 2 * seq_len
    tight = Stream(corpora, seed=0, batch_size=batch_size, memory_limit_bytes=window_bytes)
    rates = {
        "in memory": rate(stream.batch, batch_size, seconds),
        "one window of variants in memory": rate(tight.batch, batch_size, seconds),
        "in memory, published sampling": rate(published.batch, batch_size, seconds),
        **({"in memory, a curriculum": rate(ordered.batch, batch_size, seconds)} if rated else {}),
        "limit: NumPy taking known rows": limit(stream.num_puzzles, seq_len, batch_size, seconds),
    }
    return {
        "corpora": [corpus.name for corpus in corpora],
        "num_puzzles": stream.num_puzzles,
        "seq_len": seq_len,
        "batch_size": batch_size,
        "first_batch_seconds": first_batch_seconds,
        "examples_per_second": {name: wall for name, (wall, _) in rates.items()},
        "examples_per_cpu_second": {name: cpu for name, (_, cpu) in rates.items()},
        "published_examples_per_second_quoted": PUBLISHED_EXAMPLES_PER_SECOND,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "versions": {
            "trmpipe": trmpipe.__version__,
            "numpy": np.__version__,
            "numba": numba.__version__,
            "python": platform.python_version(),
        },
    }


def show(found: dict[str, Any]) -> None:
    """Print the rates as a table."""
    rates = found["examples_per_second"]
    most = rates["limit: NumPy taking known rows"]
    print(f"{found['num_puzzles']} examples of {found['seq_len']} cells, batch {found['batch_size']}, ", end="")
    print(f"{found['cores']} cores (load {found['load_before']:.1f}), {found['versions']}")
    print(f"first batch, all shards read and checked: {found['first_batch_seconds']:.2f} s")
    print(f"{'':34}{'examples/s':>12}{'/CPU-second':>13}{'of the limit':>14}{'published, quoted':>19}")
    for name, value in rates.items():
        ratio = value / PUBLISHED_EXAMPLES_PER_SECOND
        cpu = found["examples_per_cpu_second"][name]
        print(f"{name:34}{value:>12,.0f}{cpu:>13,.0f}{value / most:>14.2f}{ratio:>18.1f}x")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpus", nargs="?", help="a corpus; by default one is made")
    parser.add_argument("--batch-size", type=int, default=768)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each rate")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.corpus is None:
            write_corpus(folder)
        found = measure(open_corpora([options.corpus or folder]), options.batch_size, options.seconds)
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
