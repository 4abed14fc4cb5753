"""Solving, drawing grids, minimising and making puzzles at any size: here it is decided what works on a puzzle.

That is the 9x9 engine (`nine`) or the plain kernels (`solver`, `maker`); every other module of Sudoku asks this one. A
workbench is two arguments, `plain` and `engine`, and one of them is None. A kernel compiles without what works on None,
so that a first run waits for nothing that it does not use (ten seconds for the 9x9 engine, five for the plain kernels):
Numba drops a branch on ``is not None`` where an argument is None. It does so for an argument alone, not for an
attribute, and only where it *is* None, so that each branch has a condition of its own.

A made puzzle is minimal: it has one solution, and without any one clue it has more.

Shapes: B puzzles, C cells, N size, U units, P peers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import open_stream, shuffle
from .batches import check_positive, check_puzzles, in_slices
from .geometry import geometry
from .maker import MOST_GUESSES
from .maker import draw_grid as draw_plainly
from .maker import minimise as minimise_plainly
from .nine import Engine, new_engine
from .nine import count_solutions as count_by_engine
from .nine import draw_grid as draw_by_engine
from .nine import minimise as minimise_by_engine
from .solver import load, search

_ENGINE_SIZE = 9


class Plain(NamedTuple):
    """Memory and tables of `solver` and `maker`, for one thread; `new_plain` makes it.

    Attributes:
        units: int16 [U, N].
        peers: int16 [C, P].
        stack: int32 [C + 1, C], room for guesses.
        queue: int16 [C], room for `solver.propagate`.
    """

    units: NDArray[np.int16]
    peers: NDArray[np.int16]
    stack: NDArray[np.int32]
    queue: NDArray[np.int16]


def new_plain(size: int) -> Plain:
    """The plain kernels' memory for any size N, 9x9 too, where they are what the engine is compared with."""
    tables = geometry(size)
    num_cells = tables.num_cells
    return Plain(
        units=tables.units,
        peers=tables.peers,
        stack=np.empty((num_cells + 1, num_cells), np.int32),
        queue=np.empty(num_cells, np.int16),
    )


def new_workbench(size: int, *, only_solves: bool = False) -> tuple[Plain | None, Engine | None]:
    """What works on puzzles of size N, for one thread: the arguments `plain` and `engine` of the kernels here.

    Args:
        size: N.
        only_solves: for `count_solutions` alone; sooner made than what can draw and minimise too.
    """
    return (None, new_engine(only_solves=only_solves)) if size == _ENGINE_SIZE else (new_plain(size), None)


@kernel
def count_solutions(
    puzzle: NDArray[np.uint8], limit: int, solution: NDArray[np.uint8], plain: Plain | None, engine: Engine | None
) -> tuple[int, int]:
    """Count the solutions of a puzzle up to a limit.

    Args:
        puzzle: uint8 [C], 0 = blank.
        limit: at least 1.
        solution: uint8 [C], receives the first solution, if there is one.
        plain: from `new_workbench`.
        engine: from `new_workbench`.

    Returns:
        Number of solutions, at most `limit`, and number of guesses.
    """
    found, guesses = 0, 0
    if engine is not None:
        found, guesses = count_by_engine(puzzle, limit, solution, engine)
    if plain is not None:
        queued = load(puzzle, plain.stack[0], plain.queue, plain.units.shape[1])
        found, guesses = search(plain.stack, plain.queue, queued, limit, solution, plain.units, plain.peers)
    return found, guesses


@kernel
def draw_grid(stream: NDArray[np.uint64], grid: NDArray[np.uint8], plain: Plain | None, engine: Engine | None) -> None:
    """Draw a full grid; `minimise` then works on this one.

    Args:
        stream: randomness, see `rng.open_stream`.
        grid: uint8 [C], receives values 1..N.
        plain: from `new_workbench`.
        engine: from `new_workbench`.
    """
    if engine is not None:
        draw_by_engine(stream, grid, engine)
    if plain is not None:
        draw_plainly(stream, plain.stack, plain.queue, grid, plain.units, plain.peers)


@kernel
def minimise(
    order: NDArray[np.int64],
    grid: NDArray[np.uint8],
    puzzle: NDArray[np.uint8],
    most_guesses: int,
    plain: Plain | None,
    engine: Engine | None,
) -> bool:
    """Take the clues of the grid drawn last away in `order`, each that can go while one solution is left.

    Args:
        order: int64 [C], the cells in the order in which they are tried.
        grid: uint8 [C], the grid of `draw_grid`.
        puzzle: uint8 [C], receives the puzzle, 0 = blank.
        most_guesses: give up after so many; -1 for never. The engine never gives up.
        plain: from `new_workbench`.
        engine: from `new_workbench`.

    Returns:
        Whether it was not given up.
    """
    done = True
    if engine is not None:
        minimise_by_engine(order, grid, puzzle, engine)
    if plain is not None:
        stack, queue, units, peers = plain.stack, plain.queue, plain.units, plain.peers
        done = minimise_plainly(order, grid, puzzle, stack, queue, units, peers, most_guesses)
    return done


@kernel
def solve_all(
    puzzles: NDArray[np.uint8],
    limit: int,
    plain: Plain | None,
    engine: Engine | None,
    counts: NDArray[np.int64],
    solutions: NDArray[np.uint8],
    guesses: NDArray[np.int64],
) -> None:
    """`count_solutions` of many puzzles.

    Args:
        puzzles: uint8 [B, C], 0 = blank.
        limit: at least 1.
        plain: from `new_workbench`.
        engine: from `new_workbench`.
        counts: int64 [B], receives the numbers of solutions.
        solutions: uint8 [B, C], receives a solution of each puzzle that has one.
        guesses: int64 [B], receives the numbers of guesses.
    """
    for i in range(len(puzzles)):
        counts[i], guesses[i] = count_solutions(puzzles[i], limit, solutions[i], plain, engine)


def solve_with(
    puzzles: NDArray[np.uint8], limit: int, plain: Plain | None, engine: Engine | None
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """`solve` on one core, without its checks, with a given workbench.

    Args:
        puzzles: uint8 [B, C], 0 = blank.
        limit: solutions to count at most, 1 or more.
        plain: from `new_workbench`, or from `new_plain` to have the plain solver at 9x9.
        engine: from `new_workbench`, or None.

    Returns:
        As `solve`.
    """
    counts, guesses = np.zeros(len(puzzles), np.int64), np.zeros(len(puzzles), np.int64)
    solutions = np.zeros(puzzles.shape, np.uint8)
    solve_all(puzzles, limit, plain, engine, counts, solutions, guesses)
    return counts, solutions, guesses


def solve(
    puzzles: NDArray[np.uint8], limit: int = 2, threads: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """Solve puzzles and count their solutions.

    Args:
        puzzles: uint8 [B, C], values 1..N and 0 = blank; C is 16, 36, 81 or 256.
        limit: solutions to count at most, 1 or more; 2 is enough to tell a proper puzzle.
        threads: cores to use.

    Returns:
        Counts int64 [B] (0..limit), one solution each uint8 [B, C] (zeros where there is none), and guesses int64 [B],
        the values tried where logic left more than one.

    Raises:
        InputError: the shape or a value is not one of a Sudoku, or `limit` or `threads` is below 1.
    """
    size = check_puzzles(puzzles)
    check_positive("limit", limit)

    def solve_some(part: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        return solve_with(part, limit, *new_workbench(size, only_solves=True))

    counts, solutions, guesses = in_slices(solve_some, puzzles, threads)
    return counts, solutions, guesses


@kernel
def make_all(
    seed: int,
    purpose: int,
    start: int,
    puzzles: NDArray[np.uint8],
    grids: NDArray[np.uint8],
    most_guesses: int,
    plain: Plain | None,
    engine: Engine | None,
) -> None:
    """Make candidates start, start + 1, ... of the stream (seed, purpose).

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        puzzles: uint8 [B, C], receives minimal puzzles, 0 = blank.
        grids: uint8 [B, C], receives their solutions.
        most_guesses: an order that takes more is given up for the next one of the same stream.
        plain: from `new_workbench`.
        engine: from `new_workbench`.
    """
    order = np.empty(puzzles.shape[1], np.int64)
    for i in range(len(puzzles)):
        stream = open_stream(seed, purpose, 0, 0, start + i)
        draw_grid(stream, grids[i], plain, engine)
        for cell in range(len(order)):
            order[cell] = cell
        shuffle(stream, order)
        while not minimise(order, grids[i], puzzles[i], most_guesses, plain, engine):
            shuffle(stream, order)


def make(
    seed: int, purpose: int, start: int, count: int, size: int, most_guesses: int = MOST_GUESSES
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Make minimal puzzles on one core.

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        count: candidates to make.
        size: N.
        most_guesses: an order of removal that takes more is given up for the next one of the same stream; 9x9 never
            gives up.

    Returns:
        Puzzles (0 = blank) and their solutions, uint8 [count, C] each.
    """
    puzzles = np.empty((count, size * size), np.uint8)
    grids = np.empty_like(puzzles)
    make_all(seed, purpose, start, puzzles, grids, most_guesses, *new_workbench(size))
    return puzzles, grids
