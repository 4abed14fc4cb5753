"""Mazes as the other rooms see them: sizes, options, and where they come from."""

from collections.abc import Mapping

from ..family import MADE, Family
from .asked import OPTIONS, Asked
from .grids import SIZES
from .task import MazeTask

_DEFAULT_SIZE = 30


def build(size: int, options: Mapping[str, str]) -> MazeTask:
    """The task of a size, whose mazes are as the options say."""
    return MazeTask(size=size, asked=Asked.parse(options))


FAMILY = Family(
    name="maze",
    help="""Mazes with a start, a goal and a shortest path, as Maze-Hard, perfect, or perfect but for some walls.

    Variants are turned and mirrored, eight with the maze itself; no two of a maze are equal. An answer is right if it
    is a shortest path, whichever.
    """,
    build=build,
    options=OPTIONS,
    suppliers=(MADE, "lines"),
    sizes=SIZES,
    default_size=_DEFAULT_SIZE,
    size_help="Cells to a side, 5 to 64.",
)
