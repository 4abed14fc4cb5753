"""The 9x9 engine: solving, drawing grids and minimising in vector registers, ten times as fast as what serves any size.

Nothing here knows the rest of Sudoku: a module imports some of those below it, `jit` and `rng`. `workbench` alone, one
floor up, calls the engine where a puzzle is 9x9.

How the parts work together; each stands on those below it:

    engine     puzzles and grids of 81 cells in, counts, grids and minimal puzzles out
      |
    minimiser  takes clues away: by the sets that it knows, and by the search where they do not tell
      |
    search     guesses a configuration, looks on, comes back
      |
    triads     propagates: draws all conclusions without a guess
      |
    desk       where all of this lies in memory, and the constant tables
      |
    lanes      vectors of 8 or 16 uint16 as values in kernels

A grid is cut along its triads, so that a row of boxes becomes a band of configurations:

      box 0       box 1       box 2                configuration  0 1 2 3 4 5
    +-------+   +-------+   +-------+
    | . . . |   | . . . |   | . . . |  triad 0     in box 0       0 1 2 2 0 1
    | . . . |   | . . . |   | . . . |  triad 1     in box 1       1 2 0 1 2 0
    | . . . |   | . . . |   | . . . |  triad 2     in box 2       2 0 1 0 1 2
    +-------+   +-------+   +-------+

    value 5 in configuration 0: in triad 0 of box 0, triad 1 of box 1, triad 2 of box 2

One conclusion leads to the next as boxes and bands tell each other what is out of the question:

    clue or guess -> `restrict` a box -> it settles, tells its two bands -> `propagate` takes up the bands that wait
                          ^                                                                |
                          +------------ each restricts its three boxes <-------------------+

Making a puzzle: `draw_grid` fills the grid by random guesses -> `start_sets` notes which cells of two values can change
places -> the minimiser takes cells away in a random order as long as no set is taken whole -> the search looks for
another solution, and where it finds one, what differs is one more set.

The words of the engine:

- **lane**: one of the 8 or 16 uint16 of a vector. A lane holds a mask of values, bit v - 1 for value v.
- **triad**: the three cells where a box meets a row or a column.
- **band**: three boxes side by side (bands 0 to 2) or one below the other (3 to 5).
- **configuration**: one of six ways of a value through its band, that is, which triad of each box holds it.
- **candidates**: the values that a cell can still take. **margin**: the values that are *not* in a triad.
- **frame**: the state of one grid, 9 boxes and 6 bands, and the guess made there; one a level of the search.
- **desk**: the memory of one search: tables, what bands have been told to drop, the solved frame, a stack of frames.
- **solved frame**: the frame of the full grid that is being minimised.
- **restrict** a box, **tell** a band: take candidates from the one; note configurations that the other has to drop.
- **propagate**: go on until no band waits. **narrow**: restrict a box, then propagate.
- **guess**: to take one configuration of a value in a band, the **pick**, against its others.
- **code**: the number of a cell in the minimiser, by the lane of its box: 48 * box row + 16 * box column + lane.
- **set**: cells in which another full grid differs from the solved one, so that one of them has to stay a clue.
- **order**: the cells in the order in which they are tried; **place**: an index into it.
- **notes**: the memory of the minimiser: the sets, the order and what has been removed.
"""

from .engine import Engine, count_solutions, draw_grid, minimise, new_engine

__all__ = ["Engine", "count_solutions", "draw_grid", "minimise", "new_engine"]
