"""The 9x9 solver on lists of puzzles, as a ratio to Tdoku where its shared library is at hand; rates of making puzzles.

Both sides run in this process, in turn, on one core; CPU time, best of several, as other work only ever slows a run.

    python benchmarks/sudoku_solver.py LIST... [--tdoku libtdoku_shared.so] [--repeats 5]
"""

import argparse
import ctypes
import math
import time
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.registry import get_task
from trmpipe.generators.sudoku import BLANK, SudokuTask, canonical, solve
from trmpipe.pipeline import read_puzzle_file

LIMIT = 2
TDOKU_LINE = 128
"""Bytes that Tdoku may read of a puzzle: its vectors reach past the 81st."""


def tdoku_solver(path: str) -> Callable[[NDArray[np.uint8]], NDArray[np.int64]]:
    """Tdoku as a function from puzzles [B, 81] to guesses [B], called from a compiled loop as ours is."""
    function = ctypes.CDLL(path).TdokuSolverDpllTriadSimd
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p]
    function.restype = ctypes.c_size_t

    @numba.njit
    def run(lines: Any, limit: int, solution: Any, guesses: Any) -> None:
        for i in range(len(lines)):
            function(lines[i].ctypes.data, limit, 0, solution.ctypes.data, guesses[i:].ctypes.data)

    def count_guesses(puzzles: NDArray[np.uint8]) -> NDArray[np.int64]:
        lines = np.zeros((len(puzzles), TDOKU_LINE), np.uint8)
        lines[:, :81] = np.where(puzzles > 0, puzzles + ord("0"), ord("."))
        guesses = np.zeros(len(puzzles), np.uint64)
        run(lines, LIMIT, np.zeros(TDOKU_LINE, np.uint8), guesses)
        return guesses.astype(np.int64)

    return count_guesses


def our_solver(puzzles: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Guesses [B] of ours."""
    return solve(puzzles, LIMIT)[2]


def best_rates(
    solvers: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.int64]]], puzzles: NDArray[np.uint8], repeats: int
) -> dict[str, tuple[float, float]]:
    """(puzzles per CPU second, mean guesses) of each solver, measured in turn."""
    found = {name: (0.0, float(run(puzzles).mean())) for name, run in solvers.items()}
    for _ in range(repeats):
        for name, run in solvers.items():
            started = time.process_time()
            run(puzzles)
            rate = len(puzzles) / (time.process_time() - started)
            found[name] = max(found[name][0], rate), found[name][1]
    return found


def measure_making(size: int, count: int, repeats: int) -> None:
    """Print rates of making minimal puzzles, and of finding their canonical forms and class digests."""
    task = get_task(f"sudoku{size}")
    groups = task.generate(0, 0, 0, 1)
    works: dict[str, Callable[[], Any]] = {
        "minimal puzzles made": lambda: task.generate(0, 0, 1, count),
        "canonical forms": lambda: canonical(groups.inputs - BLANK),
        "class digests": lambda: task.examine(groups),
    }
    words = []
    for name, work in works.items():
        work()
        groups = task.generate(0, 0, 1, count) if len(groups) == 1 else groups
        rates = []
        for _ in range(repeats):
            started = time.process_time()
            work()
            rates.append(count / (time.process_time() - started))
        words.append(f"{name} {max(rates):>9,.1f}/s")
    print(f"{size}x{size}: {', '.join(words)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lists", nargs="+")
    parser.add_argument("--tdoku")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    solvers = {"trmpipe": our_solver} | ({"tdoku": tdoku_solver(options.tdoku)} if options.tdoku else {})
    ratios = []
    for path in options.lists:
        puzzles = read_puzzle_file(path, SudokuTask(size=9)).inputs - BLANK
        rates = best_rates(solvers, puzzles, options.repeats)
        words = [f"{name} {rate:>9,.0f}/s ({guesses:.2f} guesses)" for name, (rate, guesses) in rates.items()]
        if options.tdoku:
            ratios.append(rates["trmpipe"][0] / rates["tdoku"][0])
            words.append(f"ratio {ratios[-1]:.2f}")
        print(f"{path.rsplit('/', 1)[-1]:<36} {'   '.join(words)}")
    if ratios:
        print(f"geometric mean of the ratios {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}")
    for size, count in ((9, 2000), (6, 2000), (4, 2000), (16, 30)):
        measure_making(size, count, options.repeats if size < 16 else 1)


if __name__ == "__main__":
    main()
