"""Maps of grids: a dihedral move and a permutation of the colours; their names in published data.

The moves are numbered as in the published builder: 0 identity, 1 to 3 that many quarter turns against the clock, 4
left-right flip, 5 up-down flip, 6 transpose, 7 transpose along the other diagonal.

Shapes: N sequences, S = 900 tokens of one, R rows, C columns.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..jit import kernel
from .grids import FIRST_COLOUR, NUM_COLOURS, SIDE, outline

NUM_MOVES = 8
INVERSE_MOVES = (0, 3, 2, 1, 4, 5, 6, 7)
COMPOSED_MOVES = (
    (0, 1, 2, 3, 4, 5, 6, 7),
    (1, 2, 3, 0, 7, 6, 4, 5),
    (2, 3, 0, 1, 5, 4, 7, 6),
    (3, 0, 1, 2, 6, 7, 5, 4),
    (4, 6, 5, 7, 0, 2, 1, 3),
    (5, 7, 4, 6, 2, 0, 3, 1),
    (6, 5, 7, 4, 3, 1, 0, 2),
    (7, 4, 6, 5, 1, 3, 2, 0),
)
"""``COMPOSED_MOVES[a][b]``: the move that does a first, then b."""
SEPARATOR = "|||"
"""Between the parts of a variant's name: task id, ``t`` and the move, the colours' images."""


class GridMap(NamedTuple):
    """A move, and what each colour becomes.

    Attributes:
        move: 0..7.
        colours: image of each colour 0..9, a permutation.
    """

    move: int
    colours: tuple[int, ...]


IDENTITY = GridMap(0, tuple(range(NUM_COLOURS)))


def apply(grid_map: GridMap, grid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image of a grid of colours, uint8 [R, C], under a map; [C, R] where the move swaps rows and columns."""
    moved = move(grid, grid_map.move)
    return np.array(grid_map.colours, np.uint8)[moved]


def move(grid: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """A grid [R, C] after the move `number`, 0..7."""
    if number < 4:
        return np.rot90(grid, number)
    if number == 4:
        return np.fliplr(grid)
    if number == 5:
        return np.flipud(grid)
    return grid.T if number == 6 else np.fliplr(np.rot90(grid))


def inverse(grid_map: GridMap) -> GridMap:
    """The map that takes every image under `grid_map` back."""
    colours = [0] * NUM_COLOURS
    for colour, image in enumerate(grid_map.colours):
        colours[image] = colour
    return GridMap(INVERSE_MOVES[grid_map.move], tuple(colours))


def compose(first: GridMap, second: GridMap) -> GridMap:
    """The map that does `first`, then `second`."""
    colours = tuple(second.colours[image] for image in first.colours)
    return GridMap(COMPOSED_MOVES[first.move][second.move], colours)


def variant_name(task_id: str, grid_map: GridMap) -> str:
    """The published name of a variant that is not the task itself: ``id|||t{move}|||{10 digits}``."""
    return SEPARATOR.join((task_id, f"t{grid_map.move}", "".join(map(str, grid_map.colours))))


def parse_variant_name(name: str) -> tuple[str, GridMap]:
    """Task id and map of a variant's name; a name without a map is the task itself.

    Raises:
        InputError: the parts behind the id are no move and no permutation of the digits.
    """
    if SEPARATOR not in name:
        return name, IDENTITY
    parts = name.rsplit(SEPARATOR, 2)
    moves = [f"t{number}" for number in range(NUM_MOVES)]
    if len(parts) != 3 or parts[1] not in moves or sorted(parts[2]) != list("0123456789"):
        raise InputError(
            f"the variant name {name!r} says no map; expected id{SEPARATOR}t0..t7{SEPARATOR}a permutation of 0123456789"
        )
    return parts[0], GridMap(moves.index(parts[1]), tuple(map(int, parts[2])))


@kernel
def walk(number: int, rows: int, columns: int) -> tuple[int, int, int, int, int]:
    """How to read a stored grid so that its image under a move comes out row by row.

    Args:
        number: the move, 0..7.
        rows: rows of the stored grid.
        columns: columns of the stored grid.

    Returns:
        Rows and columns of the image, the cell of a 30 x 30 sequence that comes to its upper left corner, and the steps
        from there for one row down and one column right of the image.
    """
    last_row, last_column = (rows - 1) * SIDE, columns - 1
    if number == 0:
        return rows, columns, 0, SIDE, 1
    if number == 1:
        return columns, rows, last_column, -1, SIDE
    if number == 2:
        return rows, columns, last_row + last_column, -SIDE, -1
    if number == 3:
        return columns, rows, last_row, 1, -SIDE
    if number == 4:
        return rows, columns, last_column, SIDE, -1
    if number == 5:
        return rows, columns, last_row, -SIDE, 1
    if number == 6:
        return columns, rows, 0, 1, SIDE
    return columns, rows, last_row + last_column, -1, -SIDE


@kernel
def token_images(colours: NDArray[np.uint8], images: NDArray[np.uint8]) -> None:
    """Write what a permutation of the colours, uint8 [10], makes of each token into `images`, uint8 [12]."""
    images[0], images[1] = 0, 1
    for colour in range(NUM_COLOURS):
        images[FIRST_COLOUR + colour] = FIRST_COLOUR + colours[colour]


@kernel
def write_image(
    base: NDArray[np.uint8],
    rows: int,
    columns: int,
    number: int,
    images: NDArray[np.uint8],
    top: int,
    left: int,
    tokens: NDArray[np.uint8],
) -> None:
    """Store the image of a stored grid under a map, at an offset.

    Args:
        base: uint8 [S], a grid stored at (0, 0).
        rows: its rows, 0..30.
        columns: its columns, 0..30.
        number: the move, 0..7.
        images: uint8 [12], see `token_images`.
        top: row of the image's upper left corner.
        left: column of the image's upper left corner.
        tokens: uint8 [S], receives the image.
    """
    image_rows, image_columns, start, row_step, column_step = walk(number, rows, columns)
    outline(image_rows, image_columns, top, left, tokens)
    for row in range(image_rows):
        cell = start + row * row_step
        target = (top + row) * SIDE + left
        for column in range(image_columns):
            tokens[np.uint64(target + column)] = images[base[np.uint64(cell)]]
            cell += column_step
