"""What drawing, solving and minimising work with, at any size: one face for the 9x9 engine and the plain one.

A kernel that takes a workbench and is given None for `triads` compiles without the 9x9 engine, which takes a minute
on a first run: Numba drops a branch on ``is None`` where an argument's type decides it.

Shapes: C cells, N size, U units, P peers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from . import maker, minimiser, solver, triad_search
from .geometry import geometry
from .lanes import address
from .minimiser import CODES, Notes, is_removed, new_notes, start_sets
from .triads import FRAMES, load, new_desk


class Plain(NamedTuple):
    """Memory and tables of `solver` and `maker`.

    Attributes:
        units: int16 [U, N].
        peers: int16 [C, P].
        stack: int32 [C + 1, C], room for guesses.
        queue: int16 [C], room for `solver.propagate`.
        solution: uint8 [C], room for a solution.
    """

    units: NDArray[np.int16]
    peers: NDArray[np.int16]
    stack: NDArray[np.int32]
    queue: NDArray[np.int16]
    solution: NDArray[np.uint8]


class Triads(NamedTuple):
    """Memory and tables of the 9x9 engine.

    Attributes:
        memory: the desk, from `triads.new_desk`.
        notes: from `minimiser.new_notes`.
        codes: `minimiser.CODES`.
    """

    memory: NDArray[np.uint16]
    notes: Notes
    codes: NDArray[np.int64]


def new_plain(size: int) -> Plain:
    """Memory for any size N."""
    tables = geometry(size)
    num_cells = tables.num_cells
    return Plain(
        units=tables.units,
        peers=tables.peers,
        stack=np.empty((num_cells + 1, num_cells), np.int32),
        queue=np.empty(num_cells, np.int16),
        solution=np.empty(num_cells, np.uint8),
    )


def new_triads(size: int) -> Triads | None:
    """Memory of the 9x9 engine, or None at other sizes."""
    if size != solver.TRIAD_SIZE:
        return None
    return Triads(memory=new_desk(), notes=new_notes(), codes=CODES)


@kernel
def solve(puzzle: NDArray[np.uint8], plain: Plain, triads: Triads | None) -> tuple[int, int]:
    """Count the solutions of a puzzle [C] (0 = blank) up to two; the first is then in ``plain.solution``.

    Returns:
        Number of solutions, 0 to 2, and number of guesses.
    """
    if triads is None:
        queued = solver.load(puzzle, plain.stack[0], plain.queue, plain.units.shape[1])
        return solver.search(plain.stack, plain.queue, queued, 2, plain.solution, plain.units, plain.peers)
    desk = address(triads.memory)
    alive = load(puzzle, desk + FRAMES, desk)
    return triad_search.count(desk, alive, 2, plain.solution)


@kernel
def draw_grid(stream: NDArray[np.uint64], grid: NDArray[np.uint8], plain: Plain, triads: Triads | None) -> None:
    """Draw a full grid [C] of values 1..N; `minimise` then works on this one."""
    if triads is None:
        maker.fill_grid(stream, plain.stack, plain.queue, grid, plain.units, plain.peers)
    else:
        triad_search.fill(stream, address(triads.memory), grid)
        start_sets(triads.notes, grid)


@kernel
def minimise(
    order: NDArray[np.int64],
    grid: NDArray[np.uint8],
    puzzle: NDArray[np.uint8],
    plain: Plain,
    triads: Triads | None,
) -> None:
    """Take the clues of the grid drawn last away in `order`, each that can go while the solution stays the only one.

    Args:
        order: int64 [C], the cells in the order in which they are tried.
        grid: uint8 [C], the grid of `draw_grid`.
        puzzle: uint8 [C], receives the puzzle, 0 = blank.
        plain: from `new_plain`.
        triads: from `new_triads`.
    """
    if triads is None:
        maker.minimise(order, grid, puzzle, plain.stack, plain.queue, plain.units, plain.peers, -1)
    else:
        for place in range(81):
            triads.notes.order[place] = triads.codes[order[place]]
        minimiser.minimise(address(triads.memory), triads.notes, grid)
        for cell in range(81):
            puzzle[cell] = 0 if is_removed(triads.notes, triads.codes[cell]) else grid[cell]
