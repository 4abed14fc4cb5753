"""Studies of no size for tests: a plan of four runs, done in this process, and what of its results is no time."""

import json
from contextlib import contextmanager

import pytest

from trmpipe.studies import executing, making
from trmpipe.studies.reading import parse_plan
from trmpipe.studies.work import do

TINY = """
name = "tiny"
question = "Does it run?"
seeds = 2
preset = "trm-sudoku6-cpu"
settings = [
    "model.width=16", "model.inner=16", "model.token_inner=16", "model.num_heads=2", "batch_size=8",
    "log_every=5", "checkpoint_every=4",
]

[budget]
steps = 12

[evaluation]
steps = 3
depths = [1, 3]
puzzles = 8
trained = 5

[[data]]
name = "4x4"
"""
ARMS = """
[[arms]]
name = "TRM"

[[arms]]
name = "other"
settings = ["model.num_layers=1"]
"""
TUNING = """
[tuning]
key = "optimiser.matrix_lr"
rates = [0.01, 0.03]
puzzles = 6
share = 0.5
"""
AS_PLANNED = TINY + ARMS


def tiny_plan(text=AS_PLANNED):
    return parse_plan(text, "tiny.toml")


def do_here(jobs, workers):
    """Stands in for `processes.do_side_by_side`."""
    for job in jobs:
        do(job)
        yield job


def work_here(_rank=0):
    """Let studies do their jobs in this process, for good; see `tests.train_forks`."""
    executing.do_side_by_side = do_here


@contextmanager
def working_here():
    """The same for the time of a ``with`` block; gives the folders of the jobs that are done."""
    done = []

    def noted(jobs, workers):
        for job in do_here(jobs, workers):
            done.append(job.folder)
            yield job

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executing, "do_side_by_side", noted)
        patch.setattr(making, "_PACE_SECONDS", 0.05)  # Nobody looks at how exact paces are.
        yield done


def without_times(folder):
    """The rows of a study's results as they would be at any pace, and its table."""
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    for row in rows:
        del row["training_seconds"]
    return rows, (folder / "table.md").read_bytes()
