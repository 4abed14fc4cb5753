"""How hard 9x9 puzzles are, and how fast puzzles made to order come; beside Tdoku's guesses where it is at hand.

    python benchmarks/sudoku_difficulty.py [LIST...] [--tdoku libtdoku_shared.so] [--seconds 10]

Rates are puzzles a CPU second of one core; candidates that miss their target cost time and do not count.
"""

import argparse
import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from sudoku_solver import tdoku_solver

from trmpipe.generators.sudoku import BLANK, SudokuTask, Target
from trmpipe.generators.sudoku.rating import rate
from trmpipe.generators.sudoku.targets import LEVELS, PATTERNS
from trmpipe.generators.sudoku.walk import build_goal, find
from trmpipe.generators.task import TRAIN
from trmpipe.pipeline import read_puzzle_file

SIZE = 9
SEED = 0
PERCENTS = (10, 50, 90, 99)
STEPS = (0, 30, 100, 200, 300, 500, 700, 1000)
CLUES = ("18", "19", "20", "21", "22", "23:25", "27", "28", "29", "30", "31")
COMBINATIONS = (
    {"clues": "20:22", "difficulty": "hard"},
    {"clues": "27:", "difficulty": "hard"},
    {"clues": "20:22", "difficulty": "extreme"},
    {"pattern": "half-turn", "difficulty": "easy"},
    {"pattern": "half-turn", "difficulty": "hard"},
    {"pattern": "half-turn", "clues": "22:24", "difficulty": "hard"},
)

Puzzles = NDArray[np.uint8]
Guesses = Callable[[Puzzles], NDArray[np.int64]]


def describe(puzzles: Puzzles, peer: Guesses | None) -> str:
    """How hard puzzles [B, 81] are: mean and percentiles of their ratings, and the peer's mean guesses."""
    if not len(puzzles):
        return "none"
    ratings = rate(puzzles, SIZE)
    spread = " ".join(f"{value:6.1f}" for value in np.percentile(ratings, PERCENTS))
    beside = f"  tdoku {peer(puzzles).mean():6.2f}" if peer else ""
    return f"rating {ratings.mean():6.2f}{beside}  percentiles {spread}"


def measure(name: str, make: Callable[[int, int], Puzzles], seconds: float, peer: Guesses | None) -> None:
    """Print rate, share of candidates kept and difficulty of the puzzles that ``make(start, count)`` gives."""
    make(0, 1)
    parts, tried, count = [], 0, 1
    started = time.process_time()
    while (spent := time.process_time() - started) < seconds:
        parts.append(make(tried, count))
        tried += count
        count = max(1, min(2 * count, int(tried / max(spent, 1e-3) * (seconds - spent))))
    puzzles = np.concatenate(parts)
    print(f"{name:<48} {len(puzzles) / spent:>8,.1f}/s  kept {len(puzzles) / tried:4.0%}  {describe(puzzles, peer)}")


def made_to_order(options: Mapping[str, str]) -> Callable[[int, int], Puzzles]:
    """Puzzles of the task with `options`, as a function of (start, count)."""
    task = SudokuTask(size=SIZE, target=Target.parse(options))
    return lambda start, count: task.generate(SEED, TRAIN, start, count).inputs - BLANK


def climbed(num_steps: int) -> Callable[[int, int], Puzzles]:
    """Puzzles after so many steps uphill, none left out, as a function of (start, count)."""
    goal = build_goal(Target.parse({"difficulty": "extreme"}), SIZE)._replace(max_steps=num_steps)
    return lambda start, count: find(SEED, TRAIN, start, count, SIZE, goal)[0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lists", nargs="*")
    parser.add_argument("--tdoku")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    peer = tdoku_solver(options.tdoku) if options.tdoku else None
    print(f"lists (percentiles are {', '.join(map(str, PERCENTS))})")
    for path in options.lists:
        puzzles = read_puzzle_file(path, SudokuTask(size=SIZE)).inputs - BLANK
        print(f"{path.rsplit('/', 1)[-1]:<48} {describe(puzzles, peer)}")
    targets: list[dict[str, str]] = [{}, *({"difficulty": level} for level in LEVELS)]
    targets += [{"clues": clues} for clues in CLUES]
    targets += [{"pattern": pattern} for pattern in PATTERNS]
    targets += COMBINATIONS
    print("made to order")
    for target in targets:
        name = " ".join(f"--{option} {value}" for option, value in target.items()) or "plain"
        measure(name, made_to_order(target), options.seconds, peer)
    print("climbed")
    for num_steps in STEPS:
        measure(f"{num_steps} steps", climbed(num_steps), options.seconds, peer)


if __name__ == "__main__":
    main()
