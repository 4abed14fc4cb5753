"""See the package: `python -m benchmarks.model_table --out FOLDER`."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import benchmarks.model_table as package
import trmpipe
from benchmarks.runs import Spec, do_all
from trmpipe.trainer.result import FINAL_LIMIT

from .entries import PRESET, REFERENCE, entries_named
from .estimate import estimated_seconds
from .report import as_markdown, draw, summary
from .tuning import KEPT_ASIDE, Choice, measure, tune

SAME = 0.03
"""Step counts that differ by a smaller share are one run, which serves both budgets."""
SPARE_TEST = 25
"""Held-out puzzles of the corpus of tuning, which nothing is chosen by."""
TRAIN_SCORED = 250
"""Training puzzles that are scored at the end, for the gap."""


def specs_of(choice: Choice, budget: dict[str, float], seeds: int, corpus: str, out: Path, scored: int) -> list[Spec]:
    """The runs of an entry: for both budgets, or one for both where that comes to the same.

    Args:
        choice: what tuning chose.
        budget: ``time`` in seconds and ``flops``.
        seeds: how many.
        corpus: to train on.
        out: folder of all runs.
        scored: training puzzles that are scored.
    """
    steps = {
        "time": max(1, int(budget["time"] / choice.seconds)),
        "flops": max(1, int(budget["flops"] / choice.flops)),
    }
    if abs(steps["time"] - steps["flops"]) <= SAME * steps["flops"]:
        kinds = {("time", "flops"): steps["flops"]}
    else:
        kinds = {(name,): number for name, number in steps.items()}
    more = ("evaluation.every=0", f"evaluation.train_limit={scored}")
    labels = {"entry": choice.entry.name, "variant": choice.variant, "rate": choice.rate}
    return [
        Spec(
            folder=str(out / "final" / f"{choice.entry.name}, {'+'.join(budgets)}, seed {seed}"),
            corpus=corpus,
            preset=PRESET,
            settings=(*choice.settings, *more),
            steps=number,
            seed=seed,
            labels={**labels, "budgets": list(budgets)},
        )
        for budgets, number in kinds.items()
        for seed in range(seeds)
    ]


def corpora(out: Path, size: int, n: int, aug: int) -> tuple[str, str]:
    """The corpus of the table and that of tuning, made where they are not there yet."""
    made = []
    for name, seed, test in (("corpus", 0, None), ("tuning-corpus", 1, min(SPARE_TEST, n))):
        options: dict[str, Any] = {} if test is None else {"test": test}
        place = out / name
        trmpipe.generate(f"sudoku{size}", n=n, aug=aug, seed=seed, out=str(place), **options)
        made.append(str(place))
    return made[0], made[1]


def write_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """JSON, one a line."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def main(arguments: list[str] | None = None) -> None:
    """Tune, train, score, and write table.md, models.svg, runs.jsonl, tuning.jsonl and machine.json."""
    parser = argparse.ArgumentParser(description=package.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of everything")
    parser.add_argument("--seconds", type=float, default=60.0, help="training of a run, on one thread")
    parser.add_argument("--seeds", type=int, default=3, help="runs of an entry and budget")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side, one thread each")
    parser.add_argument("--only", nargs="*", default=(), help="these entries alone, and the reference")
    parser.add_argument("--size", type=int, default=6, help="of the Sudoku")
    parser.add_argument("--n", type=int, default=1000, help="training puzzles")
    parser.add_argument("--aug", type=int, default=1000, help="variants of each")
    options = parser.parse_args(arguments)
    out, entries = options.out, entries_named(tuple(options.only))
    corpus, spare = corpora(out, options.size, options.n, options.aug)
    costs = measure(entries, spare, out, options.jobs)
    kept_aside = min(KEPT_ASIDE, options.n // 4)
    scored, tried_on = min(TRAIN_SCORED, options.n), kept_aside + SPARE_TEST
    whole = estimated_seconds(
        entries, costs, options.seconds, options.seeds, tried_on=tried_on, scored_on=FINAL_LIMIT + scored
    )
    print(f"all of it takes about {whole / options.jobs / 60:.0f} minutes", flush=True)
    third = options.seconds / 3
    choices, tries = tune(entries, costs, spare, out, seconds=third, kept_aside=kept_aside, jobs=options.jobs)
    write_lines(out / "tuning.jsonl", tries)
    reference = next(choice for choice in choices if choice.entry.name == REFERENCE)
    budget = {"time": options.seconds, "flops": int(options.seconds / reference.seconds) * reference.flops}
    specs = [spec for choice in choices for spec in specs_of(choice, budget, options.seeds, corpus, out, scored)]
    results = do_all(specs, options.jobs)
    rows = summary(results)
    write_lines(out / "runs.jsonl", results)
    (out / "table.md").write_text(as_markdown(rows))
    draw(rows, out / "models.svg")
    machine = {"processor": platform.processor() or platform.machine(), "torch": torch.__version__}
    about = {**machine, "capability": torch.backends.cpu.get_cpu_capability(), "budget": budget, "seeds": options.seeds}
    (out / "machine.json").write_text(json.dumps(about, indent=2) + "\n")
    sys.stdout.write((out / "table.md").read_text())


if __name__ == "__main__":
    main()
