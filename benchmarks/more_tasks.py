"""Rates of making queens and nonograms, in one process on one core: warm, and from the first call on.

    python -m benchmarks.more_tasks                        # all tasks
    python -m benchmarks.more_tasks --task queens8 --puzzles 2000 --rounds 3 --no-cold

A line of JSON for the machine, and one for each task: puzzles a CPU second that are made, examined (class, rating,
whether they are as asked for) and solved, and variants a CPU second, medians over rounds, compiled before. Then the CPU
seconds of a process that makes and examines 1000 puzzles: with an empty cache of kernels, and with a full one.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import numpy as np

from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TRAIN, Task

TASKS: Mapping[str, tuple[str, dict[str, str]]] = {
    "queens8": ("queens8", {}),
    "queens10": ("queens10", {}),
    "queens10, one answer": ("queens10", {"answers": "1"}),
    "queens14": ("queens14", {}),
    "nonogram5": ("nonogram5", {}),
    "nonogram8": ("nonogram8", {}),
    "nonogram10": ("nonogram10", {}),
    "nonogram10, lines": ("nonogram10", {"logic": "lines"}),
    "nonogram12": ("nonogram12", {}),
    "nonogram12, 40 % filled": ("nonogram12", {"fill": "40"}),
}
"""Tasks and options by what they are called here."""

_FIRST = 1000
_COLD = """
import sys
from benchmarks.more_tasks import first_puzzles
first_puzzles(sys.argv[1])
"""


def first_puzzles(name: str) -> None:
    """Make and examine as many puzzles as a process is timed for."""
    task = get_task(*TASKS[name])
    task.examine(task.generate(0, TRAIN, 0, _FIRST))


def rates(task: Task, count: int, rounds: int) -> dict[str, int]:
    """Puzzles or variants a CPU second, the median over rounds of so many candidates each; the first is not counted."""
    taken: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for what, rate in _round(task, number, count).items():
            taken.setdefault(what, []).append(rate)
    return {what: round(median(found[1:])) for what, found in taken.items()}


def _round(task: Task, seed: int, count: int) -> dict[str, float]:
    made, groups = _timed(task.generate, seed, TRAIN, 0, count)
    examined, _ = _timed(task.examine, groups)
    solved, _ = _timed(task.solve, groups.inputs)
    numbers = task.num_variants(groups)
    augmented, _ = _timed(task.augment, groups, seed, 0, numbers)
    seconds = {"made": made, "examined": examined, "solved": solved}
    return {what: len(groups) / taken for what, taken in seconds.items()} | {"variants": numbers.sum() / augmented}


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """CPU seconds, and what it gives."""
    started = time.process_time()
    result = work(*arguments)
    return max(time.process_time() - started, 1e-9), result


def seconds_from_start(name: str) -> dict[str, float]:
    """CPU seconds of a process that makes its first puzzles, with no kernel compiled before, and with all."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TRMPIPE_CACHE_DIR": folder}
        found = {}
        for state in ("compiling", "from cache"):
            before = _seconds_of_children()
            subprocess.run([sys.executable, "-c", _COLD, name], env=environment, check=True)
            found[state] = round(_seconds_of_children() - before, 1)
    return found


def _seconds_of_children() -> float:
    used = os.times()
    return used.children_user + used.children_system


def main(arguments: list[str] | None = None) -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", nargs="*", choices=TASKS, default=list(TASKS), help="by the names of TASKS")
    parser.add_argument("--puzzles", type=int, default=2000, help="candidates of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-cold", action="store_true", help="leave the processes out")
    options = parser.parse_args(arguments)
    machine = {"machine": platform.processor() or platform.machine(), "python": platform.python_version()}
    print(json.dumps({**machine, "numpy": np.__version__}))
    for name in options.task:
        line: dict[str, Any] = {"task": name, **rates(get_task(*TASKS[name]), options.puzzles, options.rounds)}
        if not options.no_cold and not TASKS[name][1]:
            line |= seconds_from_start(name)
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
