"""Votes over stored ARC predictions, made synthetically; beside the published rule in plain Python on a part of them.

    python -m benchmarks.arc_vote [--tasks 400] [--variants 1000] [--plain 2]

Predictions are a task's right answer, one of its few wrong ones (whose counts and probabilities tie), noise, or empty,
each under its variant's map. The limit is 30 s for 400 tasks of 1000 variants on 2 cores.
"""

import argparse
import resource
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.references import arc_votes as plain
from trmpipe.trainer.arc import score

KINDS = ("right", "tied", "noise", "empty")
CONCENTRATION = (0.3, 1.0, 1.0, 0.1)
"""Of the Dirichlet distribution that a task's shares of the kinds are drawn from: some are solved, some not at all."""


def make_task(
    rng: np.random.Generator, name: str, variants: int
) -> tuple[dict[str, Any], tuple[list[str], NDArray[np.uint8], NDArray[np.uint8], list[float]]]:
    """One task's tests, and names, inputs, predictions and probabilities of its variants' rows."""
    pairs = [{"input": random_grid(rng), "output": random_grid(rng)} for _ in range(1 + int(rng.random() < 0.05))]
    tied = [random_grid(rng) for _ in range(4)]
    shares = rng.dirichlet(CONCENTRATION)
    names, inputs, predictions, probabilities = [], [], [], []
    for _ in range(variants):
        turn, permutation = int(rng.integers(8)), np.append(0, 1 + rng.permutation(9))
        for pair in pairs:
            kind = rng.choice(KINDS, p=shares)
            grids = {"right": pair["output"], "tied": tied[rng.integers(4)], "noise": pair["output"], "empty": [[0]]}
            tokens = plain.tokens(plain.image(grids[kind], turn, permutation))
            if kind == "empty":
                tokens[0] = 1
            if kind == "noise":
                cells = np.flatnonzero(tokens > 1)
                tokens[cells] = np.where(rng.random(len(cells)) < 0.1, rng.integers(2, 12, len(cells)), tokens[cells])
            names.append(plain.variant_name(name, turn, permutation))
            inputs.append(plain.tokens(plain.image(pair["input"], turn, permutation)))
            predictions.append(tokens)
            probabilities.append(round(float(rng.random()), 1))
    return {"test": pairs}, (names, np.array(inputs), np.array(predictions), probabilities)


def random_grid(rng: np.random.Generator) -> list[list[int]]:
    """A grid of 3 to 30 rows and columns."""
    grid: list[list[int]] = rng.integers(0, 10, rng.integers(3, 31, 2)).tolist()
    return grid


def joined(parts: list[Any]) -> tuple[list[str], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float64]]:
    """The rows of several tasks together."""
    names, inputs, predictions, probabilities = zip(*parts, strict=True)
    return (
        [name for some in names for name in some],
        np.concatenate(inputs),
        np.concatenate(predictions),
        np.concatenate(probabilities),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--variants", type=int, default=1000)
    parser.add_argument("--plain", type=int, default=2, help="tasks that the plain rule scores too; it takes its time")
    options = parser.parse_args()
    rng = np.random.Generator(np.random.Philox(0))
    tests, parts = {}, []
    for i in range(options.tasks):
        tests[f"task{i:04d}"], part = make_task(rng, f"task{i:04d}", options.variants)
        parts.append(part)
    rows = joined(parts)
    score(*joined([tuple(column[:10] for column in parts[0])]), tests)  # Compiled before the clock runs.
    started, cpu = time.perf_counter(), time.process_time()
    scores = score(*rows, tests)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(rows[0]):,} rows of {options.tasks} tasks: {seconds:.2f} s, {cpu:.2f} CPU-seconds, peak {peak:.2f} GB")
    print("  ".join(f"pass@{k} {scores.fractional(k):.2%}/{scores.strict(k):.2%}" for k in scores.ks))
    some = dict(list(tests.items())[: options.plain])
    started = time.perf_counter()
    per_task, _ = plain.scores(*joined(parts[: options.plain]), some, scores.ks)
    rate = sum(len(part[0]) for part in parts[: options.plain]) / (time.perf_counter() - started)
    ours = {task.task: {k: (task.fractional(k), task.strict(k)) for k in scores.ks} for task in scores.tasks}
    assert all(ours[task] == values for task, values in per_task.items())
    print(
        f"the plain rule: {rate:,.0f} rows/s on {options.plain} tasks, the same scores; "
        f"ours {len(rows[0]) / seconds:,.0f}/s"
    )


if __name__ == "__main__":
    main()
