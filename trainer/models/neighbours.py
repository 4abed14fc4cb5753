"""Mixing tokens with those around them: a convolution of three by three, and a word with the whole grid.

Every cell gets a matrix product of the nine cells around it, itself among them; beyond the edge there are zeros. What
is far away comes by calling again, as in recurrent convolutional networks. The prefix slots, from which halting is
read, are told the mean of all cells, and all cells the mean of the slots. The weights are the same for every place
and do not depend on the size of the grid.

Shapes: S sequence with its P prefix slots, B batch, D width; the grid has R rows and C columns.
Source: ours; that recurrent convolutions learn mazes is in "Can You Learn an Algorithm?", arXiv 2106.04537.
"""

import torch
from torch import Tensor, nn

from .layers import Linear
from .net import CorpusSizes, grid_of

_SIDE = 3
"""Rows and columns that a cell sees of its surroundings."""


class NeighbourMixer(nn.Module):
    """The convolution and the exchange with the prefix.

    Args:
        width: D.
        num_prefix: P, 1 or more.
        sizes: of the corpus.
        generator: the source of the initial weights, on the CPU.

    Raises:
        SettingError: cells have no rows and columns as far as is known.
    """

    def __init__(self, width: int, num_prefix: int, sizes: CorpusSizes, *, generator: torch.Generator) -> None:
        super().__init__()
        self.num_prefix = num_prefix
        self.grid = grid_of(sizes, "model.mixer conv", "model.mixer=attention")
        self.around = Linear(_SIDE * _SIDE * width, width, generator=generator)
        self.gather = Linear(width, width, generator=generator)
        self.spread = Linear(width, width, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        prefix, cells = x[: self.num_prefix], x[self.num_prefix :]
        told = self.gather(cells.mean(0, keepdim=True)).expand_as(prefix)
        near = self.around(self._surroundings(cells)) + self.spread(prefix.mean(0, keepdim=True))
        return torch.cat((told, near))

    def _surroundings(self, cells: Tensor) -> Tensor:
        """The nine cells around each, row by row, in one vector: [R * C, B, D] to [R * C, B, 9 D]."""
        rows, columns = self.grid
        edge = _SIDE // 2
        board = nn.functional.pad(cells.view(rows, columns, *cells.shape[1:]), (0, 0, 0, 0, *[edge] * 4))
        seen = [board[row : row + rows, column : column + columns] for row in range(_SIDE) for column in range(_SIDE)]
        return torch.cat(seen, dim=-1).flatten(0, 1)
