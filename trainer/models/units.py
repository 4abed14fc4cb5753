"""The units of a grid of candidates: a digit in a row, in a column, in a box, and the digits of a cell.

A candidate is a cell and a digit that might stand there, n * n * n of them on a grid of n x n cells, numbered by row,
column, digit. A unit holds n candidates of which exactly one is true; there are n * n units of each kind, three kinds
where there are no boxes. Rows may be exchanged within a band and bands among each other, columns likewise, and digits
at will: a linear map between candidates that does not care is a matrix on a candidate itself and one for each kind of
unit, on the sum over it (see `candidate_lists`).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import SettingError
from .net import CorpusSizes


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of n x n cells in boxes of `box_rows` x `box_columns`.

    Attributes:
        n: rows, columns, digits.
        box_rows: rows of a box; 1 for a grid without boxes.
    """

    n: int
    box_rows: int

    @property
    def box_columns(self) -> int:
        """Columns of a box, so that it holds n cells."""
        return self.n // self.box_rows

    @property
    def kinds(self) -> int:
        """Kinds of units: rows, columns, cells and, where there are any, boxes."""
        return 4 if self.box_rows > 1 else 3

    @property
    def candidates(self) -> int:
        """Number of candidates."""
        return self.n**3

    def units(self) -> Tensor:
        """The units of every candidate, int64 [n**3, kinds].

        Those of rows are numbered by row and digit, of columns by column and digit, of cells by row and column, of
        boxes by box and digit; each kind counts on from the one before.
        """
        n = self.n
        row, column, digit = (one.flatten() for one in torch.meshgrid(*[torch.arange(n)] * 3, indexing="ij"))
        box = row // self.box_rows * self.box_rows + column // self.box_columns
        found = [row * n + digit, column * n + digit, row * n + column, box * n + digit][: self.kinds]
        return torch.stack([number * n * n + unit for number, unit in enumerate(found)], dim=1)


def grid_of(sizes: CorpusSizes, box_rows: int) -> Grid:
    """The grid of a task.

    Args:
        sizes: of a corpus of it.
        box_rows: rows of a box; 0 for those of the boxes that are nearest to squares, lying rather than standing.

    Raises:
        SettingError: it is no square, has too few symbols, or does not split into such boxes.
    """
    n, num_symbols = sizes.rows, sizes.vocab_size - 1
    if not 1 < n == sizes.columns <= num_symbols or sizes.seq_len != n * n:
        raise SettingError(
            f"this model asks for grids with as many rows as columns, and as many digits; the corpus has {sizes.rows} "
            f"rows, {sizes.columns} columns, {sizes.seq_len} cells and {num_symbols} tokens beside the pad token; "
            "set another model.name"
        )
    box_rows = box_rows or max(k for k in range(1, math.isqrt(n) + 1) if n % k == 0)
    if n % box_rows:
        raise SettingError(
            f"model.box_rows is {box_rows}, and {n} rows do not split into boxes of so many; give a number that "
            f"divides {n}, or 0 for the boxes that are nearest to squares"
        )
    return Grid(n, box_rows)
