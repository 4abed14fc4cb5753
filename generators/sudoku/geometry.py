"""The shapes of Sudoku: sizes, boxes, units and peers. For every size.

Shapes: C cells (size squared), N size, U units, P peers of a cell.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3), 16: (4, 4)}
"""Rows and columns of a box, by size."""

SIZES = tuple(BOXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Tables of one size; grids are spelled row by row.

    Attributes:
        size: N, digits, rows, columns and boxes.
        units: int16 [U, N] cells of each row, column and box.
        peers: int16 [C, P] cells that share a unit with a cell.
    """

    size: int
    units: NDArray[np.int16]
    peers: NDArray[np.int16]

    @property
    def num_cells(self) -> int:
        """Cells of a grid."""
        return self.size * self.size


@cache
def geometry(size: int) -> Geometry:
    """The tables of `size`, one of `SIZES`."""
    box_rows, box_columns = BOXES[size]
    units = _units(size, box_rows, box_columns)
    return Geometry(size=size, units=units, peers=_peers(units))


def _units(size: int, box_rows: int, box_columns: int) -> NDArray[np.int16]:
    cells = np.arange(size * size, dtype=np.int16).reshape(size, size)
    boxes = cells.reshape(size // box_rows, box_rows, size // box_columns, box_columns)
    return np.concatenate([cells, cells.T, boxes.transpose(0, 2, 1, 3).reshape(size, size)])


def _peers(units: NDArray[np.int16]) -> NDArray[np.int16]:
    num_cells = int(units.max()) + 1
    peers = [
        sorted({int(other) for unit in units if cell in unit for other in unit} - {cell}) for cell in range(num_cells)
    ]
    return np.array(peers, np.int16)
