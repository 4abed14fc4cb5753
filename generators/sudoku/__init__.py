"""Sudoku of sizes 4, 6, 9 and 16: solver, maker, symmetries, classes and the task that joins them.

The modules in this folder serve every size. Everything that is for 9x9 alone is the engine in `nine`, and `workbench`
is where one or the other is taken: nothing else here asks for the size to decide what works on a puzzle.
"""

from .classes import canonical
from .geometry import SIZES
from .targets import Target
from .task import BLANK, SudokuTask
from .text import format_puzzle, parse_puzzle
from .workbench import solve

__all__ = ["BLANK", "SIZES", "SudokuTask", "Target", "canonical", "format_puzzle", "parse_puzzle", "solve"]
