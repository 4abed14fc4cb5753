"""The headline command from a cold process, its parts, and the augmentation kernel, as ratios to the published builder.

The published builder's figures are quoted from its measurement on a machine of this kind, not measured here. Kernels
are compiled and cached by one small run before the clock starts.

    python benchmarks/generate_sudoku.py [--repeats 3] [--json]
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np

import trmpipe
from trmpipe.generators.registry import get_task
from trmpipe.generators.sudoku.classes import automorphisms
from trmpipe.generators.sudoku.symmetry import symmetry_tables
from trmpipe.generators.sudoku.task import BLANK
from trmpipe.generators.sudoku.variants import augment_groups

PUBLISHED_SECONDS, PUBLISHED_PEAK_MB, PUBLISHED_DISK_MB = 93, 3500, 1300
PUBLISHED_VARIANTS_PER_SECOND = 15_000
NUM_GROUPS, NUM_VARIANTS = 1000, 1000


def time_command(folder: str, repeats: int) -> dict[str, Any]:
    """Seconds, peak memory of the largest process, and bytes on disk of ``trmpipe generate sudoku``."""
    seconds, told = [], {}
    for repeat in range(repeats + 1):
        out = Path(folder) / f"corpus{repeat}"
        size = ["--n", "10", "--aug", "10", "--test", "10"] if repeat == 0 else ["--n", "1000", "--aug", "1000"]
        command = [sys.executable, "-m", "trmpipe", "generate", "sudoku", *size, "--out", str(out), "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        if repeat:
            seconds.append(time.perf_counter() - started)
            told = json.loads(done.stdout)
    return {
        "seconds": statistics.median(seconds),
        "all_seconds": seconds,
        # Linux counts kilobytes; the largest of the children, of which none has children of its own.
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000,
        "disk_mb": told["bytes"] / 1e6,
        "content_digest": told["content_digest"],
    }


def time_augmentation(repeats: int) -> float:
    """Variants a second of one core: the kernel alone, from bases in memory to variants in memory."""
    task, tables = get_task("sudoku9"), symmetry_tables(9)
    groups = task.generate(0, 0, 0, 100)
    moves, offsets = automorphisms(groups.inputs - BLANK, 9)
    inputs = np.empty((len(groups), NUM_VARIANTS, 81), np.uint8)
    labels = np.empty_like(inputs)
    rates = []
    for _ in range(max(5, repeats) + 1):
        started = time.perf_counter()
        augment_groups(groups.inputs, groups.labels, groups.candidates, 0, 1, tables, moves, offsets, inputs, labels)
        rates.append(len(groups) * NUM_VARIANTS / (time.perf_counter() - started))
    return statistics.median(rates[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = time_command(folder, options.repeats)
    kernel = time_augmentation(options.repeats)
    result = {
        **command,
        "variants_per_second_and_core": kernel,
        "ratios": {
            "time": PUBLISHED_SECONDS / command["seconds"],
            "memory": PUBLISHED_PEAK_MB / command["peak_mb"],
            "disk": PUBLISHED_DISK_MB / command["disk_mb"],
            "augmentation": kernel / PUBLISHED_VARIANTS_PER_SECOND,
        },
        "versions": {"trmpipe": trmpipe.__version__, "numba": numba.__version__, "python": platform.python_version()},
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
    }
    if options.json:
        print(json.dumps(result, indent=2))
        return
    ratios = result["ratios"]
    print("generate sudoku --n 1000 --aug 1000, cold process, kernels cached; published builder's figures are quoted")
    for what, unit, value, published, ratio in (
        ("whole command", "s", command["seconds"], PUBLISHED_SECONDS, ratios["time"]),
        ("peak memory", "MB", command["peak_mb"], PUBLISHED_PEAK_MB, ratios["memory"]),
        ("on disk", "MB", command["disk_mb"], PUBLISHED_DISK_MB, ratios["disk"]),
        ("augmentation", "variants/s/core", kernel, PUBLISHED_VARIANTS_PER_SECOND, ratios["augmentation"]),
    ):
        print(f"{what:>14}: {value:14,.1f} {unit:<16} published {published:>8,}   {ratio:6.1f} times better")
    print(
        f"all runs: {', '.join(f'{s:.2f} s' for s in command['all_seconds'])}; "
        f"{result['hardware']}; {result['versions']}"
    )


if __name__ == "__main__":
    main()
