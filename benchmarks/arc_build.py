"""An ARC corpus built from a cold process, as ratios to the published builder.

The published builder's figures are quoted from its measurement on a machine of this kind, not measured here. Kernels
are compiled and cached by one small run before the clock starts.

    python benchmarks/arc_build.py [SET...] [--aug 1000] [--format webdataset] [--repeats 3]

SET are further sets to learn from, such as ConceptARC's challenges, beside arc-agi-1.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PUBLISHED_PUZZLES_PER_SECOND = 2_100
PUBLISHED_PEAK_GB = 16


def build(out: Path, sets: list[str], *options: str) -> tuple[float, dict[str, Any]]:
    """Seconds of one whole command, and what it told."""
    command = [sys.executable, "-m", "trmpipe", "generate", "arc", "--out", str(out), "--json", *options]
    command += ["--dataset", "arc-agi-1", *(word for path in sets for word in ("--train-set", path))]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - started, json.loads(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--aug", type=int, default=1000)
    parser.add_argument("--format", default="webdataset")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    seconds, told = [], {}
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "warm", options.sets, "--aug", "2", "--n", "20", "--format", options.format)
        for repeat in range(options.repeats):
            out = Path(folder) / f"corpus{repeat}"
            taken, told = build(out, options.sets, "--aug", str(options.aug), "--format", options.format)
            seconds.append(taken)
    puzzles, rate = sum(told["puzzles"].values()), told["puzzles"]["train"] / statistics.median(seconds)
    peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    print(f"{told['groups']['train']} tasks, {puzzles:,} puzzles, {sum(told['examples'].values()):,} examples")
    print(f"seconds {statistics.median(seconds):.1f} ({', '.join(f'{taken:.1f}' for taken in seconds)})")
    print(f"training puzzles/s {rate:,.0f}, {rate / PUBLISHED_PUZZLES_PER_SECOND:.1f} times the published builder's")
    print(f"peak memory {peak_gb:.2f} GB (published builder, about {PUBLISHED_PEAK_GB})")
    print(f"on disk {told['bytes'] / 1e6:.0f} MB as {options.format}; content digest {told['content_digest'][:16]}")


if __name__ == "__main__":
    main()
