"""Grids as sequences of tokens: how they are stored, and how they are found again in a prediction.

A grid of R x C colours lies in 30 x 30 cells of pad, its upper left corner at an offset; a row of end tokens below it
and a column of them right of it say where it ends, where they fit. Token 0 is pad, 1 is end, 2..11 are colours 0..9.

Source: the layout of the published ARC builder (TinyRecursiveModels, dataset/build_arc_dataset.py).

Shapes: N sequences, S = 900 tokens of one, R rows, C columns.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel

SIDE = 30
"""Rows and columns of the largest grid."""
SEQ_LEN = SIDE * SIDE
END = 1
"""Token that lines a grid below and on the right."""
FIRST_COLOUR = 2
"""Token of colour 0; colour c is token c + 2."""
NUM_COLOURS = 10


@kernel
def outline(rows: int, columns: int, top: int, left: int, tokens: NDArray[np.uint8]) -> None:
    """Fill a sequence with pad and the end tokens of a grid; the cells of the grid itself stay pad.

    Args:
        rows: 0..30; 0 for no grid at all, which has no end tokens either.
        columns: 0..30, 0 exactly where rows is.
        top: row of the grid's upper left corner.
        left: column of the grid's upper left corner.
        tokens: uint8 [S], receives the tokens.
    """
    tokens[:] = 0
    below, right = top + rows, left + columns
    if below < SIDE:
        tokens[below * SIDE + left : below * SIDE + right] = END
    if right < SIDE:
        for row in range(top, below):
            tokens[row * SIDE + right] = END


@kernel
def write_grid(grid: NDArray[np.uint8], top: int, left: int, tokens: NDArray[np.uint8]) -> None:
    """Store a grid as a sequence.

    Args:
        grid: uint8 [R, C], colours 0..9.
        top: row of its upper left corner.
        left: column of its upper left corner.
        tokens: uint8 [S], receives the sequence.
    """
    rows, columns = grid.shape
    outline(rows, columns, top, left, tokens)
    for row in range(rows):
        for column in range(columns):
            tokens[(top + row) * SIDE + left + column] = grid[row, column] + np.uint8(FIRST_COLOUR)


def encode(grid: NDArray[np.uint8], top: int = 0, left: int = 0) -> NDArray[np.uint8]:
    """A grid as a sequence.

    Args:
        grid: uint8 [R, C], colours 0..9; R and C up to 30 less the offset.
        top: row of its upper left corner.
        left: column of its upper left corner.

    Returns:
        uint8 [S] tokens.
    """
    assert top + grid.shape[0] <= SIDE
    assert left + grid.shape[1] <= SIDE
    tokens = np.empty(SEQ_LEN, np.uint8)
    write_grid(grid, top, left, tokens)
    return tokens


@kernel
def grid_shape(tokens: NDArray[np.uint8]) -> tuple[int, int]:
    """Rows and columns of the grid that a sequence uint8 [S] stores at offset (0, 0); (0, 0) where it is all pad."""
    rows, columns = 0, 0
    while rows < SIDE and tokens[rows * SIDE] >= FIRST_COLOUR:
        rows += 1
    while columns < SIDE and tokens[columns] >= FIRST_COLOUR:
        columns += 1
    return rows, columns


@kernel
def crop_shape(tokens: NDArray[np.uint8]) -> tuple[int, int]:
    """Rows and columns of the largest rectangle anchored at (0, 0) that holds colours alone.

    The rule of the published evaluator: largest by area, and of several the one with the fewest rows; (0, 0) where the
    first cell is no colour.

    Args:
        tokens: uint8 [S], any tokens.
    """
    best_rows, best_columns, columns = 0, 0, SIDE
    for row in range(SIDE):
        width = 0
        while width < columns:
            token = tokens[row * SIDE + width]
            if token < FIRST_COLOUR or token >= FIRST_COLOUR + NUM_COLOURS:
                break
            width += 1
        columns = width
        if (row + 1) * columns > best_rows * best_columns:
            best_rows, best_columns = row + 1, columns
    return best_rows, best_columns


def crop(tokens: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The grid that a sequence shows: the largest rectangle of colours at (0, 0), see `crop_shape`.

    Args:
        tokens: uint8 [S], any tokens.

    Returns:
        uint8 [R, C] colours 0..9; [0, 0] where there is none.
    """
    rows, columns = crop_shape(tokens)
    return tokens.reshape(SIDE, SIDE)[:rows, :columns] - np.uint8(FIRST_COLOUR)


@kernel
def are_stored_grids(tokens: NDArray[np.uint8], found: NDArray[np.bool_]) -> None:
    """Tell the sequences that store one grid, at any offset, as `write_grid` does.

    Args:
        tokens: uint8 [N, S].
        found: bool [N], receives the answers.
    """
    expected = np.empty(SEQ_LEN, np.uint8)
    for i in range(len(tokens)):
        sequence = tokens[i]
        first = 0
        while first < SEQ_LEN and sequence[first] < FIRST_COLOUR:
            first += 1
        found[i] = first < SEQ_LEN
        if not found[i]:
            continue
        top, left = first // SIDE, first % SIDE
        rows, columns = 0, 0
        while top + rows < SIDE and sequence[first + rows * SIDE] >= FIRST_COLOUR:
            rows += 1
        while left + columns < SIDE and sequence[first + columns] >= FIRST_COLOUR:
            columns += 1
        outline(rows, columns, top, left, expected)
        for cell in range(SEQ_LEN):
            row, column = cell // SIDE - top, cell % SIDE - left
            token = sequence[cell]
            if 0 <= row < rows and 0 <= column < columns:
                found[i] &= FIRST_COLOUR <= token < FIRST_COLOUR + NUM_COLOURS
            else:
                found[i] &= token == expected[cell]
