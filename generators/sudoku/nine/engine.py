"""The engine as others see it: puzzles and grids of 81 cells in and out, and one piece of memory for all of it.

It solves 17-clue puzzles at 270 thousand/s/core; through `workbench`, minimal puzzles are made at 10 thousand/s/core.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...jit import kernel
from .desk import FRAMES, new_desk
from .lanes import address
from .minimiser import CODES, MAX_SETS, Notes, is_removed, minimise_solved, new_notes, start_sets
from .search import count_below, draw_solved
from .triads import load_puzzle


class Engine(NamedTuple):
    """Memory and tables of the engine, for one thread; `new_engine` makes it.

    Attributes:
        memory: the desk, from `desk.new_desk`.
        notes: from `minimiser.new_notes`.
        codes: `minimiser.CODES`.
    """

    memory: NDArray[np.uint16]
    notes: Notes
    codes: NDArray[np.int64]


def new_engine(*, only_solves: bool = False) -> Engine:
    """Memory for one thread.

    Args:
        only_solves: leave out the room for sets, a megabyte, without which only `count_solutions` can be called. One
            puzzle is then solved in 30 us, and else in 55.
    """
    return Engine(memory=new_desk(), notes=new_notes(0 if only_solves else MAX_SETS), codes=CODES)


@kernel
def count_solutions(
    puzzle: NDArray[np.uint8], limit: int, solution: NDArray[np.uint8], engine: Engine
) -> tuple[int, int]:
    """Count the solutions of a puzzle up to a limit.

    Args:
        puzzle: uint8 [81], 0 = blank.
        limit: at least 1.
        solution: uint8 [81], receives the first solution, if there is one.
        engine: from `new_engine`.

    Returns:
        Number of solutions, at most `limit`, and number of guesses.
    """
    desk = address(engine.memory)
    alive = load_puzzle(puzzle, desk + FRAMES, desk)
    return count_below(desk, alive, limit, solution)


@kernel
def draw_grid(stream: NDArray[np.uint64], grid: NDArray[np.uint8], engine: Engine) -> None:
    """Draw a full grid, uint8 [81]; `minimise` then works on this one."""
    draw_solved(stream, address(engine.memory), grid)
    start_sets(engine.notes, grid)


@kernel
def minimise(order: NDArray[np.int64], grid: NDArray[np.uint8], puzzle: NDArray[np.uint8], engine: Engine) -> None:
    """Take the clues of the grid drawn last away in `order`, each that can go while one solution is left.

    Args:
        order: int64 [81], the cells in the order in which they are tried.
        grid: uint8 [81], the grid of `draw_grid`.
        puzzle: uint8 [81], receives the puzzle, 0 = blank.
        engine: the one that the grid was drawn with.
    """
    for place in range(81):
        engine.notes.order[place] = engine.codes[order[place]]
    minimise_solved(address(engine.memory), engine.notes, grid)
    for cell in range(81):
        puzzle[cell] = 0 if is_removed(engine.notes, engine.codes[cell]) else grid[cell]
