"""What may be done to a Futoshiki so that it stays one: eight turns and mirror images, with or without other values.

A turn takes a sign along and turns it, too. Other values means v becomes n + 1 - v, which reverses every sign.
"""

from functools import cache

import numpy as np

from trmpipe.generators.symmetric import Symmetries, square_moves

from .kernels import EMPTY

_STEPS = ((0, -1), (0, 1), (-1, 0), (1, 0))
"""Rows and columns from a sign to the smaller number: left, right, above, below."""


@cache
def symmetries_of(n):
    """All sixteen, for puzzles with n numbers to a row."""
    moves = square_moves(2 * n - 1)
    names = [_names(n, move, is_reversed) for is_reversed in (False, True) for move in moves]
    return Symmetries(moves=np.tile(moves, (2, 1)), names=np.array(names, np.uint8))


def _names(n, move, is_reversed):
    """What each token is called after a move: pad and the empty cell stay, then come the values, then the signs."""
    values = range(EMPTY + 1, EMPTY + n + 1)
    signs = [_STEPS.index(_turned(step, move, 2 * n - 1)) for step in _STEPS]
    if is_reversed:  # Signs come in pairs of opposites.
        values, signs = reversed(values), [sign ^ 1 for sign in signs]
    return [0, EMPTY, *values, *(EMPTY + n + 1 + sign for sign in signs)]


def _turned(step, move, side):
    """Where a step from one place to the next leads after a move; `move` says what each place is taken from."""
    lands = np.argsort(move).tolist()
    (row, column), (next_row, next_column) = (
        divmod(lands[(1 + rows) * side + 1 + columns], side) for rows, columns in ((0, 0), step)
    )
    return next_row - row, next_column - column
