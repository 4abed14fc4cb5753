"""Numba kernels of the order under a curriculum; what their tables hold says `curriculum_order`.

Each has a plain-Python reference in the tests that it equals exactly.

Letters: I items, K stretches, M stretches of all quarters, N positions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.jit import kernel
from trmpipe.generators.rng import ORDER, PUBLISHED, VARIANT_ORDER, bijection_keys, mulhi, permute, philox

START, EPOCH, SIZE = 0, 1, 2
"""Columns of a table of stretches: its first place, the number of its first epoch, places of each of its epochs."""
SHARES, SLOTS = 3, 7
"""First columns for the quarters: items of each in an epoch of the stretch, and those shown before it begins."""
GROUP, COUNT, JOINED = 0, 1, 2
"""Columns of an item: its group, the group's variants, the first epoch of its quarter in which it takes part."""

_DRAW = 2
"""First counter word of draws, as in `kernels`."""
_EPOCHS, _QUARTERS = 2, 3
"""Third counter word of the keys of epochs and of those of a quarter; windows have 1, orders without a curriculum 0."""
_WHOLE = 1
"""Fourth counter word of keys that order all variants of a group; those of its windows have 0."""
_NUM_KEYS = 8


@kernel
def _row_at(table: NDArray[np.int64], place: int, low: int, high: int) -> int:
    """The last of the rows from `low` to `high` whose stretch begins at `place` or before."""
    while high - low > 1:
        middle = (low + high) // 2
        if table[middle, START] <= place:
            low = middle
        else:
            high = middle
    return low


@kernel
def _quarter_of(stretch: NDArray[np.int64], index: int) -> tuple[int, int]:
    """The quarter whose items the place `index` of an epoch's is one of, and which of them."""
    quarter = 0
    while index >= stretch[SHARES + quarter]:
        index -= stretch[SHARES + quarter]
        quarter += 1
    return quarter, index


@kernel
def _item_at(
    seed: int,
    quarter: int,
    slot: int,
    rows: NDArray[np.int64],
    known: NDArray[np.int64],
    keys: NDArray[np.uint64],
) -> tuple[int, int]:
    """The item that a quarter shows at a slot, counted within it, and the epoch of the quarter that the slot is in.

    Args:
        seed: of the stream, uint64.
        quarter: 0 to 3.
        slot: items that the quarter has shown before.
        rows: int64 [m, 3], stretches of the quarter.
        known: int64 [2], epochs whose keys are at hand, an even and an odd one; changed.
        keys: uint64 [2, 8], those keys; changed.
    """
    row = _row_at(rows, slot, 0, len(rows))
    size = rows[row, SIZE]
    passed = (slot - rows[row, START]) // size
    epoch = rows[row, EPOCH] + passed
    side = epoch % 2
    if known[side] != epoch:
        keys[side] = bijection_keys(seed, ORDER, epoch, _QUARTERS, quarter)
        known[side] = epoch
    return permute(slot - rows[row, START] - passed * size, size, keys[side]), epoch


@kernel
def _variant_at(seed: int, repeats: bool, group: int, count: int, visit: int) -> Any:
    """The variant that a group of `count` of them shows when it comes for the time `visit`, counted from 0."""
    if repeats:
        return np.int64(mulhi(philox(seed, PUBLISHED, _DRAW, visit, group, 0)[0], np.uint64(count)))
    cycle = visit // count
    return permute(visit - cycle * count, count, bijection_keys(seed, VARIANT_ORDER, cycle, group, _WHOLE))


@kernel
def order_by_curriculum(
    seed: int,
    start: int,
    repeats: bool,
    stretches: NDArray[np.int64],
    quarters: NDArray[np.int64],
    bounds: NDArray[np.int64],
    items: NDArray[np.int64],
    places: NDArray[np.int64],
    variants: NDArray[np.int64],
) -> None:
    """Item and variant of the positions from `start` on.

    Args:
        seed: of the stream, uint64.
        start: first position.
        repeats: whether a variant is drawn each time, or comes once before another comes again.
        stretches: int64 [K, 11].
        quarters: int64 [M, 3], stretches of all quarters, one quarter after the other.
        bounds: int64 [2, 5], where each quarter begins and ends in `quarters` and in `items`.
        items: int64 [I, 3], from the easiest to the hardest.
        places: int64 [N], filled in: which items.
        variants: int64 [N], filled in.
    """
    row, known_epoch = _row_at(stretches, start, 0, len(stretches)), np.int64(-1)
    keys = np.empty(_NUM_KEYS, np.uint64)
    num_quarters = bounds.shape[1] - 1
    known = np.full((num_quarters, 2), -1, np.int64)
    quarter_keys = np.empty((num_quarters, 2, _NUM_KEYS), np.uint64)
    for i in range(len(places)):
        while row + 1 < len(stretches) and stretches[row + 1, START] <= start + i:
            row += 1
        stretch = stretches[row]
        passed = (start + i - stretch[START]) // stretch[SIZE]
        if stretch[EPOCH] + passed != known_epoch:
            known_epoch = stretch[EPOCH] + passed
            keys = bijection_keys(seed, ORDER, known_epoch, _EPOCHS, 0)
        index = permute(start + i - stretch[START] - passed * stretch[SIZE], stretch[SIZE], keys)
        q, index = _quarter_of(stretch, index)
        slot = stretch[SLOTS + q] + passed * stretch[SHARES + q] + index
        own = quarters[bounds[0, q] : bounds[0, q + 1]]
        place, epoch = _item_at(seed, q, slot, own, known[q], quarter_keys[q])
        places[i] = place = bounds[1, q] + place
        visit = epoch - items[place, JOINED]
        variants[i] = _variant_at(seed, repeats, items[place, GROUP], items[place, COUNT], visit)


@kernel
def items_of_quarter(seed: int, quarter: int, start: int, rows: NDArray[np.int64], places: NDArray[np.int64]) -> None:
    """The items that a quarter shows at its slots from `start` on.

    Args:
        seed: of the stream, uint64.
        quarter: 0 to 3.
        start: first slot.
        rows: int64 [m, 3], stretches of the quarter.
        places: int64 [N], filled in, counted within the quarter.
    """
    known = np.full(2, -1, np.int64)
    keys = np.empty((2, _NUM_KEYS), np.uint64)
    for i in range(len(places)):
        places[i] = _item_at(seed, quarter, start + i, rows, known, keys)[0]
