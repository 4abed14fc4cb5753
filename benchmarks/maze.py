"""Rates of making mazes, beside maze-dataset (PyPI) where it is installed, in one process and in turn.

    pip install maze-dataset
    python -m benchmarks.maze                      # perfect mazes of 15 x 15 and 32 x 32 rooms, by all algorithms
    python -m benchmarks.maze --rooms 15 --rounds 5

Theirs are the walls of a maze, and so are "walls" of ours, made as in a corpus, many in a call of a kernel. "ours" have
ends and a shortest path besides, as a corpus needs them. CPU seconds, medians over rounds. A line of JSON for the
machine, one for each size and algorithm, and one for mazes as hard as Maze-Hard.
"""

import argparse
import importlib
import json
import platform
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.jit import kernel
from trmpipe.generators.maze.asked import Asked
from trmpipe.generators.maze.boards import board_cells, offsets_of
from trmpipe.generators.maze.maker import make, wanted_of
from trmpipe.generators.maze.trees import ALGORITHMS, TreeRoom, carve, new_tree_room
from trmpipe.generators.rng import open_stream
from trmpipe.generators.task import TRAIN

ROOMS = (15, 32)
_OURS, _THEIRS, _HARD = 2000, 2, 200
"""Mazes of a round."""
_HARD_SIZE = 30

Work = Callable[[int], object]
"""Makes mazes; the argument differs from round to round."""


def ours(rooms: int, algorithm: str, count: int) -> Work:
    """Makes `count` perfect mazes of `rooms` x `rooms` rooms with their ends and paths."""
    size = 2 * rooms + 1
    wanted = wanted_of(Asked(kind="unique", algorithm=algorithm), size)
    return lambda number: make(number, TRAIN, 0, count, size, wanted)


def walls(rooms: int, algorithm: str, count: int) -> Work:
    """Makes the walls alone."""
    size = 2 * rooms + 1
    memory, offsets = new_tree_room(size), offsets_of(size)
    board, number = np.empty(board_cells(size), np.uint8), ALGORITHMS.index(algorithm)

    return lambda seed: carve_all(seed, count, board, offsets, number, memory)


@kernel
def carve_all(
    seed: int,
    count: int,
    board: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    algorithm: int,
    memory: TreeRoom,
) -> None:
    """Carve so many mazes, one after the other on one board, as `make_all` does."""
    for candidate in range(count):
        carve(open_stream(seed, TRAIN, 0, 0, candidate), board, offsets, algorithm, memory)


def hard(count: int) -> Work:
    """Makes `count` mazes as Maze-Hard has them."""
    wanted = wanted_of(Asked(), _HARD_SIZE)
    return lambda number: make(number, TRAIN, 0, count, _HARD_SIZE, wanted)


def theirs(rooms: int, algorithm: str, count: int) -> Work | None:
    """Makes `count` of maze-dataset's; None where it is not installed or has no such algorithm."""
    try:
        generators: Any = importlib.import_module("maze_dataset.generation").LatticeMazeGenerators
    except ImportError:
        return None
    generate = getattr(generators, f"gen_{algorithm}", None)
    if generate is None:
        return None
    shape = np.array([rooms, rooms])
    return lambda number: [generate(shape) for _ in range(count)]


def seconds_each(works: dict[str, tuple[Work, int]], rounds: int) -> dict[str, float]:
    """CPU seconds of a maze, the median over rounds in which all of `works` come in turn; compiled before."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, (work, count) in works.items():
            started = time.process_time()
            work(number)
            taken[name].append((time.process_time() - started) / count)
    return {name: median(times[1:]) for name, times in taken.items()}


def compare(rooms: int, algorithm: str, rounds: int, counts: tuple[int, int]) -> dict[str, Any]:
    """Both sides' times of a maze, and how many of ours come to one of theirs."""
    works = {name: (side(rooms, algorithm, counts[0]), counts[0]) for name, side in (("walls", walls), ("ours", ours))}
    other = theirs(rooms, algorithm, counts[1])
    if other is not None:
        works["maze-dataset"] = (other, counts[1])
    found = seconds_each(works, rounds)
    line = {"rooms": rooms, "algorithm": algorithm, **{name: _in_us(each) for name, each in found.items()}}
    ratios = {f"ratio of {name}": round(found.get("maze-dataset", 0.0) / found[name]) for name in ("walls", "ours")}
    return line if other is None else {**line, **ratios}


def _in_us(seconds: float) -> str:
    return f"{1e6 * seconds:,.1f} us"


def main(arguments: list[str] | None = None) -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, nargs="*", default=ROOMS, help="to a side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", type=int, default=_OURS, help="mazes of a round of ours")
    parser.add_argument("--theirs", type=int, default=_THEIRS, help="and of theirs")
    parser.add_argument("--hard", type=int, default=_HARD, help="and of hard ones")
    options = parser.parse_args(arguments)
    print(json.dumps({"machine": platform.processor() or platform.machine(), "python": platform.python_version()}))
    for rooms in options.rooms:
        for algorithm in ALGORITHMS:
            print(json.dumps(compare(rooms, algorithm, options.rounds, (options.ours, options.theirs))), flush=True)
    each = seconds_each({"hard": (hard(options.hard), options.hard)}, options.rounds)["hard"]
    print(json.dumps({"size": _HARD_SIZE, "kind": "hard", "ours": _in_us(each)}))


if __name__ == "__main__":
    main()
