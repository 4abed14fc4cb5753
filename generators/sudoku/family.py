"""Sudoku as the other rooms see it: sizes, options, and where puzzles may come from."""

from collections.abc import Mapping

from ..family import MADE, Family
from .geometry import SIZES
from .targets import OPTIONS, Target
from .task import SudokuTask


def build(size: int, options: Mapping[str, str]) -> SudokuTask:
    """The task of a size, whose puzzles meet the options."""
    return SudokuTask(size=size, target=Target.parse(options))


FAMILY = Family(
    name="sudoku",
    help="""Sudokus with one solution and no clue too many, or puzzles of yours.

    --difficulty, --clues and --pattern decide what is generated; of puzzles of yours, they keep those that meet them.

    Variants relabel the digits and reorder rows, columns, bands and stacks; no two of a puzzle are equal.
    """,
    build=build,
    options=OPTIONS,
    suppliers=(MADE, "lines"),
    sizes=SIZES,
    default_size=9,
    size_help="Rows of the grid: 4, 6, 9 or 16.",
)
