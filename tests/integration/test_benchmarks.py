"""The benchmarks of a training step run from end to end, in a size in which their figures mean nothing."""

import json
import subprocess
import sys
from contextlib import ExitStack

import pytest

from benchmarks import gpu, more_tasks, train_step
from benchmarks import maze as mazes
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig

TINY_SIZE = (
    TRMConfig(width=16, inner=16, token_inner=8, num_prefix=2, h_cycles=2, l_cycles=2),
    CorpusSizes(seq_len=9, vocab_size=5),
    *(4, {"fp32": 2, "bf16": 2}),
)
"""As `train_step.SIZES` have it: model, corpus, batch, slices."""


def printed(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_recipe_is_measured_without_a_gpu(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "find_compiler", lambda: None)
    gpu.main(["--smallest", "--device", "cpu", "--rounds", "1"])
    machine, *lines = printed(capsys)
    assert machine["device"] == "cpu"
    assert [line["recipe"] for line in lines] == ["sudoku", "maze", "arc"]
    for line in lines:
        assert line["step_ms"] > 0
        assert line["model_tflops"] >= 0
        assert line["launches"] is None


@pytest.mark.slow
def test_a_compiled_step_is_measured_too():
    """In a process of its own: here the compiler's own warnings are errors."""
    arguments = ["--smallest", "--device", "cpu", "--rounds", "1", "--recipe", "sudoku"]
    command = [sys.executable, "-m", "benchmarks.gpu", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=250)
    _, eager, compiled = map(json.loads, done.stdout.splitlines())
    assert (eager["mode"], compiled["mode"]) == ("eager", "compiled")


COMPILED = """
import sys, torch
from contextlib import ExitStack
from benchmarks import train_step
from tests.integration.test_benchmarks import TINY_SIZE

train_step.SIZES = {"tiny": TINY_SIZE}
compile_steps, said = train_step.compile_steps, []
train_step.compile_steps = lambda *arguments: said.append(compile_steps(*arguments))
with ExitStack() as stack:
    steps = [train_step.make_step("ours", "tiny", "fp32", stack, compiled=compiled) for compiled in (False, True)]
    for _ in range(3):
        print(*(step() for step in steps))
print(*said)
"""


@pytest.mark.slow
def test_slices_of_a_compiled_step_run_side_by_side():
    """To the losses of a step that is not compiled; in a process of its own, as above."""
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=True, timeout=250)
    *losses, said = done.stdout.splitlines()
    assert said == "torch.compile is on"
    pairs = [tuple(map(float, line.split())) for line in losses]
    assert all(eager == pytest.approx(compiled, rel=1e-4) for eager, compiled in pairs)
    assert len({eager for eager, _ in pairs}) == 3


def first_loss(side, dtype):
    with ExitStack() as stack:
        return train_step.make_step(side, "tiny", dtype, stack)()


def test_mazes_are_measured_with_and_without_a_peer(monkeypatch, capsys):
    arguments = ["--rooms", "3", "--rounds", "1", "--ours", "2", "--theirs", "2", "--hard", "1"]
    monkeypatch.setattr(mazes, "theirs", lambda rooms, algorithm, count: None)
    mazes.main(arguments)
    _, *lines, hard = printed(capsys)
    assert [line["algorithm"] for line in lines] == ["dfs", "wilson", "kruskal", "prim"]
    assert all("ratio of ours" not in line and line["ours"].endswith(" us") for line in (*lines, hard))
    made = []
    monkeypatch.setattr(mazes, "theirs", lambda rooms, algorithm, count: lambda number: made.append(number))
    mazes.main(arguments)
    assert all(line["ratio of walls"] >= 0 for line in printed(capsys)[1:-1])
    assert made == [0, 1] * 4


def test_rates_of_more_tasks_are_measured(capsys):
    more_tasks.main(["--task", "queens8", "nonogram10, lines", "--puzzles", "9", "--rounds", "1", "--no-cold"])
    _, *lines = printed(capsys)
    assert [line["task"] for line in lines] == ["queens8", "nonogram10, lines"]
    assert all(line[what] > 0 for line in lines for what in ("made", "examined", "solved", "variants"))


@pytest.mark.slow
def test_a_process_is_timed_with_and_without_compiled_kernels(capsys):
    more_tasks.main(["--task", "queens8", "--puzzles", "9", "--rounds", "1"])
    _, line = printed(capsys)
    assert line["compiling"] > line["from cache"] > 0


def test_the_published_step_has_our_loss(monkeypatch):
    """It is compared before anything is timed."""
    monkeypatch.setattr(train_step, "SIZES", {"tiny": TINY_SIZE})
    ours = first_loss("ours", "fp32")
    assert first_loss("published", "fp32") == pytest.approx(ours, rel=1e-4)
    assert first_loss("published", "bf16") == pytest.approx(ours, rel=0.03)
    monkeypatch.setattr(train_step.PlainStep, "_norm", lambda self, x: x)
    assert first_loss("published", "fp32") != pytest.approx(ours, rel=1e-4)


@pytest.mark.slow
def test_freed_memory_stays_with_the_process():
    """Where the C library is glibc: blocks above 32 MB are not mapped anew, which takes a page fault for each 4 KB.

    The heap grows in some of the first steps, up to the eighth as small blocks happen to lie between the large ones.
    """
    code = (
        "import resource, statistics, sys, torch\n"
        "from trmpipe.trainer.training.allocation import keep_freed_memory\n"
        "known = sys.argv[1] == 'kept' and keep_freed_memory()\n"
        "def step(): return [torch.ones(n) for n in (9_500_000, 8_500_000, 9_000_000)]\n"
        "def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "def faults_of_a_step():\n"
        "    before = faults()\n"
        "    step()\n"
        "    return faults() - before\n"
        "print(known, statistics.median_low(faults_of_a_step() for _ in range(24)))\n"
    )
    faults = {}
    for way in ("kept", "not kept"):
        command = [sys.executable, "-c", code, way]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
        known, count = done.stdout.split()
        faults[way] = int(count)
        if way == "kept" and known == "False":
            pytest.skip("another C library")
    assert faults["kept"] < faults["not kept"] / 10
