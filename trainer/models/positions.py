"""What attention knows of where a token is: rotary positions, by place in the sequence or by row and column.

Shapes: B batch, S sequence with its P prefix slots, D width, N heads.
Source: rotary positions, arXiv 2104.09864.
"""

import torch
from torch import Tensor, nn

from .layers import Rotary
from .net import CorpusSizes, grid_of

POSITIONS = ("rotary", "rotary2d", "none")
ROPE_BASE = 10000.0
"""Of the wave lengths (published code)."""


class Positions(nn.Module):
    """The tables of a network; they are computed anew wherever one is built, and stand in no checkpoint.

    Args:
        kind: one of `POSITIONS`.
        num_prefix: P.
        head_width: D/N.
        sizes: of the corpus.
        dtype: of the forward pass.

    Raises:
        SettingError: cells have no rows and columns as far as is known.
    """

    cosine: Tensor
    sine: Tensor

    def __init__(self, kind: str, num_prefix: int, head_width: int, sizes: CorpusSizes, dtype: torch.dtype) -> None:
        super().__init__()
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        self.turns = kind != "none"
        if not self.turns:
            return
        if kind == "rotary":
            tables = rotary_tables(sizes.seq_len + num_prefix, head_width, ROPE_BASE, exact)
        else:
            grid = grid_of(sizes, "model.positions rotary2d", "model.positions=rotary")
            tables = rotary_tables_2d(num_prefix, grid, head_width, ROPE_BASE, exact)
        for name, table in zip(("cosine", "sine"), tables, strict=True):
            self.register_buffer(name, table, persistent=False)

    @property
    def tables(self) -> Rotary | None:
        """What attention is given."""
        return (self.cosine, self.sine) if self.turns else None


def rotary_tables(seq_len: int, head_width: int, base: float, dtype: torch.dtype = torch.float32) -> Rotary:
    """Cosines and sines, [S, D/N] each, of rotary positions 0 to `seq_len` - 1 (arXiv 2104.09864).

    Args:
        seq_len: S.
        head_width: D/N, an even number.
        base: of the wave lengths.
        dtype: of the tables and of what computes them.
    """
    return _tables(_angles(torch.arange(seq_len, dtype=dtype), head_width, base))


def rotary_tables_2d(
    num_prefix: int, grid: tuple[int, int], head_width: int, base: float, dtype: torch.dtype = torch.float32
) -> Rotary:
    """Tables [S, D/N] by which half of a head's pairs turn by row, half by column: a grid behind P prefix slots.

    Rows and columns are counted from 1, and all prefix slots stand at row 0, column 0, where no cell is: so a cell's
    distance to them tells where it is in the grid. Wave lengths are those of a head of half the width.

    Args:
        num_prefix: P.
        grid: rows and columns, which the sequence spells row by row.
        head_width: D/N, a multiple of 4.
        base: of the wave lengths.
        dtype: of the tables and of what computes them.
    """
    rows, columns = grid
    places = torch.cartesian_prod(torch.arange(1, rows + 1, dtype=dtype), torch.arange(1, columns + 1, dtype=dtype))
    places = torch.cat((places.new_zeros(num_prefix, 2), places))
    return _tables(torch.cat([_angles(places[:, axis], head_width // 2, base) for axis in range(2)], dim=-1))


def _angles(positions: Tensor, width: int, base: float) -> Tensor:
    """Angles [S, width/2] by which pairs turn at `positions` [S]."""
    frequency = 1.0 / base ** (torch.arange(0, width, 2, dtype=positions.dtype) / width)
    return torch.outer(positions, frequency)


def _tables(angles: Tensor) -> Rotary:
    whole = angles.repeat(1, 2)
    return whole.cos(), whole.sin()
