"""Which evaluation of a run is the best one: that which solves most of the puzzles kept aside.

Where two solve as many, the share of right cells decides: a model solves no puzzle at all for a long time while it
learns, and a run that stops by itself would stop there.
"""

from collections.abc import Mapping

from .judging import solved_column
from .run_state import BestState


def after_evaluation(best: BestState | None, step: int, last: Mapping[str, float]) -> BestState:
    """The best evaluation once that of `step` is in.

    Args:
        best: of those before; None where this is the first.
        step: after which this one was made.
        last: every column of its scores on the puzzles kept aside.
    """
    solved, cell = last[solved_column(last)], last["cell"]
    if best is None or (solved, cell) > (best.exact, best.cell):
        return BestState(step=step, exact=solved, cell=cell)
    return BestState(step=best.step, exact=best.exact, cell=best.cell, worse=best.worse + 1)
