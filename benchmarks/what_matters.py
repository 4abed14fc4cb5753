"""What decides how well a small recursive network learns 6x6 Sudoku: stays, depth, equivariance, at equal FLOPs.

    python -m benchmarks.what_matters --out runs/what-matters     # about an hour of one core; goes on where it was

Two families, each with a budget of FLOPs that its first row takes in less than a minute of one thread: the small TRM
(preset `trm-sudoku6-cpu`) and the equivariant cell (preset `sudoku6-cpu`). One thing is changed at a time, and a row
that takes more FLOPs a step gets fewer steps. Answers take 16 supervision steps.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

import trmpipe
from trmpipe.shards import Corpus
from trmpipe.studies.jobs import RUN, Job, outcome_of
from trmpipe.studies.processes import Worker, do_side_by_side
from trmpipe.trainer.building.build import build_learner, build_net, corpus_sizes
from trmpipe.trainer.building.flops import step_flops
from trmpipe.trainer.building.trial import first_puzzles
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.settings.overrides import apply_overrides
from trmpipe.trainer.settings.request import FINAL_LIMIT

ASKED = (1, 4, 16)
"""Supervision steps after which answers are counted in the table."""
_TERA = 1e12


@dataclass(frozen=True, slots=True)
class Family:
    """What a few rows have in common.

    Attributes:
        preset: that settings are changed of.
        settings: ``KEY=VALUE`` of the row that all others differ from in one thing.
        budget: TFLOP of training, products alone, forward and backward.
    """

    preset: str
    settings: tuple[str, ...]
    budget: float


@dataclass(frozen=True, slots=True)
class Row:
    """One thing changed.

    Attributes:
        question: what it belongs to.
        name: what is changed.
        family: its name in `FAMILIES`.
        settings: on top of the family's.
        variants: of each puzzle, None for all of the corpus.
    """

    question: str
    name: str
    family: str
    settings: tuple[str, ...] = ()
    variants: int | None = None


FAMILIES = {
    "TRM": Family("trm-sudoku6-cpu", ("learner.halt_early_share=0", "learner.halt_max_steps=2"), 2.2),
    "cell": Family(
        "sudoku6-cpu",
        ("learner.halt_early_share=0", "learner.halt_max_steps=2", "learner.unroll=1", "model.calls=8"),
        0.24,
    ),
}
_STAYS, _DEPTH, _ALIKE, _HINTS = "stays", "depth of a training step", "variants", "hints"


def _stays(family: str) -> tuple[Row, ...]:
    return tuple(Row(_STAYS, f"up to {most}", family, (f"learner.halt_max_steps={most}",)) for most in (1, 4, 16))


ROWS = (
    Row("", "as it is", "TRM"),
    *_stays("TRM"),
    Row(_DEPTH, "4 calls", "TRM", ("model.l_cycles=3",)),
    Row(_DEPTH, "8 calls, the last 4 differentiated", "TRM", ("model.h_cycles=2", "model.l_cycles=3")),
    Row(_ALIKE, "none", "TRM", variants=1),
    Row("", "as it is", "cell"),
    *_stays("cell"),
    *(Row(_DEPTH, f"{calls} calls", "cell", (f"model.calls={calls}",)) for calls in (1, 2, 4, 16)),
    Row(_ALIKE, "none", "cell", variants=1),
    Row(_HINTS, "none", "cell", ("learner.hints=0",)),
)
"""Two supervision steps are a stay, two calls a step of TRM's and eight one of the cell's, where nothing is said."""


def flops_of_row(row: Row, corpus: Corpus) -> int:
    """FLOPs of a training step of `row` on the first puzzles of `corpus`."""
    config = apply_overrides(get_preset(FAMILIES[row.family].preset), settings_of(row))
    net = build_net(config, corpus_sizes(corpus), torch.device("cpu"), torch.float32)
    return step_flops(net, build_learner(config, net), *first_puzzles(corpus, config.batch_size))


def settings_of(row: Row) -> tuple[str, ...]:
    """All that is set on top of the preset."""
    return (*FAMILIES[row.family].settings, *row.settings, "evaluation.every=0", "precision=fp32", "num_slices=1")


def jobs_of(row: Row, corpus: Corpus, out: Path, *, step_cost: int, seeds: int, budget_share: float) -> list[Job]:
    """The runs of a row.

    Args:
        row: of the table.
        corpus: to train on.
        out: folder of all runs.
        step_cost: FLOPs of a step.
        seeds: how many.
        budget_share: of the family's budget.
    """
    family = FAMILIES[row.family]
    return [
        Job(
            kind=RUN,
            folder=str(out / f"{row.family}, {row.question or 'base'}, {row.name}, seed {seed}"),
            corpus=corpus.path,
            content=corpus.manifest.content_digest,
            preset=family.preset,
            settings=settings_of(row),
            device="cpu",
            steps=max(1, round(budget_share * family.budget * _TERA / step_cost)),
            seed=seed,
            variants=row.variants,
            puzzles=FINAL_LIMIT,
        )
        for seed in range(seeds)
    ]


def result_of(row: Row, step_cost: int, job: Job) -> dict[str, Any]:
    """What a run came to.

    Raises:
        SystemExit: it failed.
    """
    outcome = outcome_of(job)
    if outcome is None or outcome.failed:
        raise SystemExit(f"{job.folder} failed: {outcome.reason if outcome else 'it was not done'}")
    columns = outcome.found["scores"]["columns"]
    about = {"family": row.family, "question": row.question, "name": row.name, "flops": step_cost}
    more = {"exact_by_step": columns["exact"], "exact": columns["exact"][-1], "cell": columns["cell"][-1]}
    return {**about, "steps": job.steps, "seed": job.seed, **more}


def do_all(jobs: Sequence[Job], count: int, log: Path) -> None:
    """Do what is not done, so many at a time."""
    missing = [job for job in jobs if outcome_of(job) is None]
    for _ in do_side_by_side(missing, [Worker(log) for _ in range(min(count, len(missing)))]):
        pass


def as_markdown(results: Sequence[dict[str, Any]]) -> str:
    """A line for every row, in their order, with mean and deviation over its seeds."""
    head = ["model", "what is changed", "steps", "FLOPs a step", *(f"exact % at {step}" for step in ASKED), "cells %"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    keys = dict.fromkeys((one["family"], one["question"], one["name"]) for one in results)
    for family, question, name in keys:
        own = [one for one in results if (one["family"], one["question"], one["name"]) == (family, question, name)]
        asked = [_spread([one["exact_by_step"][step - 1] for one in own]) for step in ASKED]
        changed = f"{question}: {name}" if question else name
        first = own[0]
        cells = [family, changed, f"{first['steps']:,}", f"{first['flops'] / 1e9:.2f} G", *asked]
        lines.append(f"| {' | '.join([*cells, _spread([one['cell'] for one in own])])} |")
    return "\n".join(lines) + "\n"


def _spread(shares: Sequence[float]) -> str:
    deviation = f" ± {100 * stdev(shares):.1f}" if len(shares) > 1 else ""
    return f"{100 * mean(shares):.1f}{deviation}"


def main(arguments: list[str] | None = None) -> None:
    """Train all rows, and write table.md and runs.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of everything")
    parser.add_argument("--seeds", type=int, default=3, help="runs of a row")
    parser.add_argument("--jobs", type=int, default=2, help="runs side by side, one thread each")
    parser.add_argument("--share", type=float, default=1.0, help="of the budgets, for a shorter table")
    parser.add_argument("--size", type=int, default=6, help="of the Sudoku")
    parser.add_argument("--n", type=int, default=1000, help="training puzzles")
    parser.add_argument("--aug", type=int, default=1000, help="variants of each")
    options = parser.parse_args(arguments)
    corpus = str(options.out / "corpus")
    trmpipe.generate(f"sudoku{options.size}", n=options.n, aug=options.aug, out=corpus)
    opened = trmpipe.open(corpus)
    costs = {row: flops_of_row(row, opened) for row in ROWS}
    asked = {"seeds": options.seeds, "budget_share": options.share}
    jobs = [(row, job) for row in ROWS for job in jobs_of(row, opened, options.out, step_cost=costs[row], **asked)]
    do_all([job for _, job in jobs], options.jobs, options.out / "processes.log")
    results = [result_of(row, costs[row], job) for row, job in jobs]
    (options.out / "runs.jsonl").write_text("".join(json.dumps(one) + "\n" for one in results))
    (options.out / "table.md").write_text(as_markdown(results))
    sys.stdout.write((options.out / "table.md").read_text())


if __name__ == "__main__":
    main()
