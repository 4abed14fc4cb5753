"""Check the solver on lists of real puzzles against the plain-Python one: counts, and the rules of every solution.

    python -m tests.check_lists LIST...

Takes minutes to half an hour, as the plain solver works in sets. Prints one line a list; fails on the first difference.
"""

import sys
import time

from tests.references.sudoku import Solver, is_solution
from trmpipe.generators.sudoku import BLANK, SudokuTask, solve
from trmpipe.pipeline import read_puzzle_file

LIMIT = 2


def check(path, solver):
    """Compare every puzzle of a list; returns how many have one solution, and how many several."""
    file = read_puzzle_file(path, SudokuTask(size=9))
    puzzles = file.inputs - BLANK
    counts, solutions, _ = solve(puzzles, LIMIT)
    for line, puzzle, count, solution in zip(file.lines, puzzles, counts, solutions, strict=True):
        found, _ = solver.search(puzzle, LIMIT)
        if len(found) != count:
            raise SystemExit(f"{path} line {line}: {count} solutions, the plain solver finds {len(found)}")
        if not is_solution(puzzle, solution) or (count == 1 and tuple(solution) != found[0]):
            raise SystemExit(f"{path} line {line}: the solution is wrong")
    return int((counts == 1).sum()), int((counts == LIMIT).sum())


def main():
    solver = Solver(9)
    for path in sys.argv[1:]:
        started = time.monotonic()
        unique, several = check(path, solver)
        name = path.rsplit("/", 1)[-1]
        print(f"{name}: {unique:,} with one solution, {several:,} with several; {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
