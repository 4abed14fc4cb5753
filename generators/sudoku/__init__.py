"""Sudoku of sizes 4, 6, 9 and 16: solver, maker, symmetries, classes and the task that joins them."""

from .classes import canonical
from .geometry import SIZES
from .solver import solve
from .targets import Target
from .task import BLANK, SudokuTask
from .text import format_puzzle, parse_puzzle

__all__ = ["BLANK", "SIZES", "SudokuTask", "Target", "canonical", "format_puzzle", "parse_puzzle", "solve"]
