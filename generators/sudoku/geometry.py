"""The shapes of Sudoku: cells, units and peers of every size, and the arrangements of rows and of columns.

Shapes: C cells (size squared), N size, U units, P peers of a cell, R arrangements of rows, L arrangements of columns.
"""

from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

BOXES = {4: (2, 2), 6: (2, 3), 9: (3, 3)}
"""Rows and columns of a box, by size."""

SIZES = tuple(BOXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Tables of one size; grids are spelled row by row.

    Attributes:
        size: N, digits, rows, columns and boxes.
        units: int16 [U, N] cells of each row, column and box.
        peers: int16 [C, P] cells that share a unit with a cell.
        row_arrangements: uint8 [R, N]: the source row of each row, bands kept together; the first is the identity.
        column_arrangements: uint8 [L, N]: the same for columns and stacks.
        num_transposes: 2 where boxes are square, and transposing is a symmetry, else 1.
    """

    size: int
    units: NDArray[np.int16]
    peers: NDArray[np.int16]
    row_arrangements: NDArray[np.uint8]
    column_arrangements: NDArray[np.uint8]
    num_transposes: int

    @property
    def num_cells(self) -> int:
        """Cells of a grid."""
        return self.size * self.size

    @property
    def num_spatial(self) -> int:
        """Number of symmetries that move cells."""
        return self.num_transposes * len(self.row_arrangements) * len(self.column_arrangements)


@cache
def geometry(size: int) -> Geometry:
    """The tables of `size`, one of `SIZES`."""
    box_rows, box_columns = BOXES[size]
    units = _units(size, box_rows, box_columns)
    return Geometry(
        size=size,
        units=units,
        peers=_peers(units),
        row_arrangements=_arrangements(size, box_rows),
        column_arrangements=_arrangements(size, box_columns),
        num_transposes=2 if box_rows == box_columns else 1,
    )


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


def _arrangements(size: int, lines_per_band: int) -> NDArray[np.uint8]:
    """All orders of `size` lines that keep bands of `lines_per_band` together, the identity first."""
    num_bands = size // lines_per_band
    inner = list(permutations(range(lines_per_band)))
    rows = [
        [band * lines_per_band + line for band, order in zip(bands, orders, strict=True) for line in order]
        for bands in permutations(range(num_bands))
        for orders in product(inner, repeat=num_bands)
    ]
    return np.array(rows, np.uint8)
