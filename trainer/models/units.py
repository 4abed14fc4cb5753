"""Sums over the units of a grid of candidates, and messages back to them: what its symmetries leave of a linear map.

A candidate is a cell and a digit that might stand there, n * n * n of them on a grid of n x n cells. A unit holds n
candidates of which exactly one is true: a digit in a row, a digit in a column, a digit in a box, and the digits of a
cell; there are n * n units of each kind, three kinds where there are no boxes. Rows may be exchanged within a band and
bands among each other, columns likewise, and digits at will: a linear map between candidates that does not care is a
matrix on a candidate itself and one for each kind of unit, on the sum over it.

Shapes: candidates are [n, n, n, N], row, column, digit, and N of anything; units [n, n, N] each.
"""

import math
from dataclasses import dataclass
from typing import Any

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

    def sums(self, x: Tensor) -> Tensor:
        """Sums over all units, [kinds, n, n, N], of `x` [n, n, n, N].

        Rows are [row, digit], columns [column, digit], cells [row, column], boxes [box, digit].
        """
        n, num = self.n, x.shape[-1]
        # Boxes and rows share the sums over the columns of a box.
        parts = x.view(n, self.box_rows, self.box_columns, n, num).sum(2)
        found = [parts.sum(1), x.sum(0), x.sum(2)]
        if self.kinds > 3:
            found.append(parts.view(self.box_columns, self.box_rows, self.box_rows, n, num).sum(1).view(n, n, num))
        return torch.stack(found)

    def spread(self, units: Tensor) -> Tensor:
        """What each candidate's units hold, added up: [n, n, n, N] of `units` [kinds, n, n, N]; `sums` transposed."""
        n, num = self.n, units.shape[-1]
        parts = units[0].view(n, 1, 1, n, num)
        if self.kinds > 3:
            boxes = units[3].view(self.box_columns, 1, self.box_rows, n, num)
            parts = (units[0].view(self.box_columns, self.box_rows, 1, n, num) + boxes).view(n, -1, 1, n, num)
        by_digit = parts + units[1].view(1, -1, self.box_columns, n, num)
        return by_digit.view(n, n, n, num).add_(units[2].view(n, n, 1, num))


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


class UnitMessages(torch.autograd.Function):
    """Messages to every candidate out of the sums over its units, through a matrix for each kind of unit.

    It is linear, and its transpose is the same with the matrices transposed: so the way back is written down too, which
    takes half the time of what autograd makes of the sums.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, grid: Grid) -> Tensor:
        """Messages [n**3, B, M] from `x` [n**3, B, D] through `weights` [kinds, D, M]; see `unit_messages`."""
        sums = _unit_rows(grid, x)
        ctx.save_for_backward(sums, weights)
        ctx.grid = grid
        return _from_unit_rows(grid, torch.bmm(sums, weights), x.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of `x` and `weights`."""
        sums, weights = ctx.saved_tensors
        (gradient,) = gradients
        rows = _unit_rows(ctx.grid, gradient.contiguous())
        back = _from_unit_rows(ctx.grid, torch.bmm(rows, weights.mT), gradient.shape[1])
        return back, torch.bmm(sums.mT, rows), None


def unit_messages(x: Tensor, weights: Tensor, grid: Grid) -> Tensor:
    """Messages [n**3, B, M] to every candidate from its units' sums over `x` [n**3, B, D].

    Args:
        x: vectors of the candidates.
        weights: [kinds, D, M], a matrix for each kind of unit, in the order of `Grid.sums`.
        grid: of the candidates.
    """
    messages: Tensor = UnitMessages.apply(x, weights, grid)  # type: ignore[no-untyped-call]
    return messages


def _unit_rows(grid: Grid, x: Tensor) -> Tensor:
    """Sums over units as rows, [kinds, n * n * B, D], of `x` [n**3, B, D]."""
    _, batch, width = x.shape
    sums = grid.sums(x.view(grid.n, grid.n, grid.n, batch * width))
    return sums.view(grid.kinds, -1, width)


def _from_unit_rows(grid: Grid, rows: Tensor, batch: int) -> Tensor:
    """[n**3, B, M] from rows [kinds, n * n * B, M]."""
    width = rows.shape[-1]
    return grid.spread(rows.view(grid.kinds, grid.n, grid.n, batch * width)).view(grid.candidates, batch, width)
