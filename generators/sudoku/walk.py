"""Puzzles that meet a target, found by walking among the minimal puzzles of one grid.

A walk starts from the minimal puzzle that its candidate is without a target. A step drops one or two clues of the best
puzzle so far, then takes away what else can go, its blanks first and its other clues last, all in random orders; the
outcome is kept where it is not further from the goal. How far it is off is measured in three numbers, of which an
earlier one counts before a later one: clues that could be left out (only patterns have them), clues too many or too
few, and, once both are 0, how far the rating is off. The walk ends at the goal, or after a fixed number of steps. A
goal that cannot be met, an infinite rating, makes it a climb of a fixed length.

With a pattern, the cells that its symmetry carries into each other come and go together. That leaves puzzles in which
no such orbit can go, but a single clue may; the walk goes on until none can, so that every puzzle is minimal.

Shapes: B puzzles, C cells, O orbits.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, open_stream, shuffle
from .nine import Engine
from .rating import Scale, new_scale, sum_guesses
from .targets import CLIMBED, RATING_PARTS, Target, pattern_orbits
from .workbench import Plain, count_solutions, draw_grid, minimise, new_workbench

_MAX_DROPPED = 2
FAR = 1 << 62
MAX_STEPS = 1000
"""Steps of a walk that does not get there: a tenth of a second at 9x9, where more would seldom help."""
CLIMB_STEPS = 550
"""Steps of a climb: at 9x9 Tdoku needs about 22 guesses on average then, at 13 puzzles/s/core."""


class Goal(NamedTuple):
    """What a walk is to reach.

    Attributes:
        fewest: clues at least.
        most: clues at most.
        least: rating at least, in parts; `FAR` makes a climb.
        greatest: rating at most, in parts, or `FAR`.
        max_steps: steps after which the walk ends.
        cells: int64 [C], orbit by orbit.
        offsets: int64 [O + 1], where each orbit begins in `cells`.
    """

    fewest: int
    most: int
    least: int
    greatest: int
    max_steps: int
    cells: NDArray[np.int64]
    offsets: NDArray[np.int64]


def build_goal(target: Target, size: int) -> Goal:
    """What a walk at size N has to reach for a target."""
    num_cells = size * size
    orbits = [[cell] for cell in range(num_cells)]
    if target.pattern is not None:
        orbits = pattern_orbits(target.pattern, size)
    clues, ratings = target.clues, target.ratings(size)
    climbs = target.level == CLIMBED
    return Goal(
        fewest=int(clues.least) if clues else 0,
        most=int(min(clues.most, num_cells)) if clues else num_cells,
        least=FAR if climbs else math.ceil(RATING_PARTS * ratings.least) if ratings else 0,
        greatest=FAR if ratings is None or math.isinf(ratings.most) else math.floor(RATING_PARTS * ratings.most),
        max_steps=CLIMB_STEPS if climbs else MAX_STEPS,
        cells=np.array([cell for orbit in orbits for cell in orbit]),
        offsets=np.cumsum([0] + [len(orbit) for orbit in orbits]),
    )


@kernel
def _blank_orbits(
    order: NDArray[np.int64], count: int, goal: Goal, grid: NDArray[np.uint8], puzzle: NDArray[np.uint8]
) -> None:
    """Set `puzzle` [C] to `grid` without the first `count` orbits of `order`."""
    puzzle[:] = grid
    for orbit in order[:count]:
        _set_orbit(puzzle, goal, orbit, grid, False)


@kernel
def _set_orbit(puzzle: NDArray[np.uint8], goal: Goal, orbit: int, grid: NDArray[np.uint8], keep: bool) -> None:
    """Give the cells of an orbit their values, or none."""
    for cell in goal.cells[goal.offsets[orbit] : goal.offsets[orbit + 1]]:
        puzzle[cell] = grid[cell] if keep else 0


@kernel
def minimise_orbits(
    order: NDArray[np.int64],
    goal: Goal,
    grid: NDArray[np.uint8],
    puzzle: NDArray[np.uint8],
    plain: Plain | None,
    engine: Engine | None,
) -> None:
    """Take the orbits of a full grid away in `order`, each that can go while the solution stays the only one.

    Args:
        order: int64 [O], the orbits in the order in which they are tried.
        goal: with the orbits.
        grid: uint8 [C], the grid that `draw_grid` has drawn last.
        puzzle: uint8 [C], receives the puzzle, 0 = blank.
        plain: from `new_workbench`.
        engine: from `new_workbench`.
    """
    if len(order) == len(grid):
        minimise(order, grid, puzzle, -1, plain, engine)
        return
    solution = np.empty(len(grid), np.uint8)
    # The first `low` orbits can go together, the first `high` cannot.
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        _blank_orbits(order, middle, goal, grid, puzzle)
        if count_solutions(puzzle, 2, solution, plain, engine)[0] == 1:
            low = middle
        else:
            high = middle
    _blank_orbits(order, low, goal, grid, puzzle)
    for orbit in order[high:]:
        _set_orbit(puzzle, goal, orbit, grid, False)
        if count_solutions(puzzle, 2, solution, plain, engine)[0] != 1:
            _set_orbit(puzzle, goal, orbit, grid, True)


@kernel
def _count_needless(puzzle: NDArray[np.uint8], enough: int, plain: Plain | None, engine: Engine | None) -> int:
    """How many clues of a puzzle [C] could each be left out; counts no further than beyond `enough`."""
    found, solution = 0, np.empty(len(puzzle), np.uint8)
    for cell in range(len(puzzle)):
        value = puzzle[cell]
        if value and found <= enough:
            puzzle[cell] = 0
            found += count_solutions(puzzle, 2, solution, plain, engine)[0] == 1
            puzzle[cell] = value
    return found


@kernel
def _outside(number: int, least: int, most: int) -> int:
    """How far a number is from a range."""
    return max(least - number, number - most, 0)


@kernel
def order_near(
    stream: NDArray[np.uint64], goal: Goal, puzzle: NDArray[np.uint8], num_dropped: int, order: NDArray[np.int64]
) -> None:
    """Order of removal for a neighbour of a puzzle: a few of its orbits, its blanks, its other orbits, all shuffled.

    Args:
        stream: randomness.
        goal: with the orbits.
        puzzle: uint8 [C].
        num_dropped: orbits with clues that go first.
        order: int64 [O], receives the orbits.
    """
    orbits = np.arange(len(order))
    shuffle(stream, orbits)
    place = 0
    for part in range(3):
        clues = 0
        for orbit in orbits:
            mine = 1
            if puzzle[goal.cells[goal.offsets[orbit]]]:
                mine = 0 if clues < num_dropped else 2
                clues += 1
            if mine == part:
                order[place] = orbit
                place += 1


@kernel
def walk(
    stream: NDArray[np.uint64],
    goal: Goal,
    puzzle: NDArray[np.uint8],
    grid: NDArray[np.uint8],
    scale: Scale,
    plain: Plain | None,
    engine: Engine | None,
) -> bool:
    """Walk from the puzzle of a stream to a goal.

    Args:
        stream: randomness, see `rng.open_stream`.
        goal: what to reach.
        puzzle: uint8 [C], receives the nearest puzzle found, 0 = blank.
        grid: uint8 [C], receives its solution.
        scale: from `new_scale`.
        plain: from `new_workbench`.
        engine: from `new_workbench`.

    Returns:
        Whether the puzzle is minimal; it is but where it has a pattern and the walk ended early.
    """
    order = np.arange(len(goal.offsets) - 1)
    trial = np.empty((1, len(grid)), np.uint8)
    draw_grid(stream, grid, plain, engine)
    shuffle(stream, order)
    needless, outside, off = FAR, FAR, FAR
    for _ in range(goal.max_steps + 1):
        minimise_orbits(order, goal, grid, trial[0], plain, engine)
        # No more is measured than it takes to see that the trial is further off.
        new_needless, new_off = 0, 0
        if len(order) < len(grid):
            new_needless = _count_needless(trial[0], needless, plain, engine)
        new_outside = _outside((trial[0] > 0).sum(), goal.fewest, goal.most)
        if new_needless == 0 and new_outside == 0 and (goal.least > 0 or goal.greatest < FAR):
            new_off = _outside(sum_guesses(trial, scale, plain, engine), goal.least, goal.greatest)
        if (new_needless, new_outside, new_off) <= (needless, outside, off):
            needless, outside, off = new_needless, new_outside, new_off
            puzzle[:] = trial[0]
            if needless + outside + off == 0:
                break
        order_near(stream, goal, puzzle, 1 + below(stream, _MAX_DROPPED), order)
    return needless == 0


@kernel
def walk_all(
    seed: int,
    purpose: int,
    start: int,
    goal: Goal,
    puzzles: NDArray[np.uint8],
    grids: NDArray[np.uint8],
    minimal: NDArray[np.bool_],
    scale: Scale,
    plain: Plain | None,
    engine: Engine | None,
) -> None:
    """`walk` for candidates start, start + 1, ... of the stream (seed, purpose).

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        goal: what to reach.
        puzzles: uint8 [B, C], receives the nearest puzzles found, 0 = blank.
        grids: uint8 [B, C], receives their solutions.
        minimal: bool [B], receives what `walk` returns.
        scale: from `new_scale`.
        plain: from `new_workbench`.
        engine: from `new_workbench`.
    """
    for i in range(len(puzzles)):
        stream = open_stream(seed, purpose, 0, 0, start + i)
        minimal[i] = walk(stream, goal, puzzles[i], grids[i], scale, plain, engine)


def find(
    seed: int, purpose: int, start: int, count: int, size: int, goal: Goal
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """What walks found, whether they got to the goal or not, on one core.

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        count: candidates, each with a walk of its own.
        size: N.
        goal: from `build_goal` for this size.

    Returns:
        Puzzles and their solutions, uint8 [count, C] each, and whether a puzzle is minimal, bool [count].
    """
    puzzles = np.empty((count, size * size), np.uint8)
    grids, minimal = np.empty_like(puzzles), np.empty(count, np.bool_)
    walk_all(seed, purpose, start, goal, puzzles, grids, minimal, new_scale(size), *new_workbench(size))
    return puzzles, grids, minimal
