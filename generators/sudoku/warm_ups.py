"""The kernels of a corpus of Sudokus that take long to compile, to be shared out among processes.

Every array has no rows, so that a call compiles and does no work. The seconds are those of 9x9, which takes longest; a
target's walk is not among them, as it is made of the others and takes little once they are there.
"""

from collections.abc import Iterator

import numpy as np

from ..jit import WarmUp
from .colours import new_search
from .forms import find_forms
from .maker import MOST_GUESSES
from .rating import draw_copies
from .symmetry import symmetry_tables
from .targets import UNRATED
from .variants import augment_groups
from .workbench import make_all, new_workbench, solve_all


def warm_ups(size: int, *, generates: bool) -> Iterator[WarmUp]:
    """See `Task.warm_ups`.

    Args:
        size: N.
        generates: whether puzzles are made; else they come from elsewhere and are solved.
    """
    rows, numbers = np.empty((0, size * size), np.uint8), np.empty(0, np.int64)
    variants = np.empty((0, 0, size * size), np.uint8)
    tables = symmetry_tables(size)
    yield WarmUp(find_forms, (rows, new_search(size), rows, numbers), 13)
    yield WarmUp(augment_groups, (rows, rows, numbers, 0, 0, tables, rows, numbers, variants, variants), 3)
    if generates:
        yield WarmUp(make_all, (0, 0, 0, rows, rows, MOST_GUESSES, *new_workbench(size)), 17)
    if not generates or size not in UNRATED:
        yield WarmUp(solve_all, (rows, 2, *new_workbench(size, only_solves=True), numbers, rows, numbers), 2)
    if size not in UNRATED:
        yield WarmUp(draw_copies, (np.empty(0, np.uint64), tables, rows), 1)
