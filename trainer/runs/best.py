"""Which evaluation of a run is the best one: that which solves most of the puzzles kept aside.

Where two solve as many, the share of right cells decides: a model solves no puzzle at all for a long time while it
learns, and a run that stops by itself would stop there.
"""

from collections.abc import Mapping
from dataclasses import replace

from ..judging import solved_column
from ..settings.config import EvaluationConfig
from .run_state import BestState


def no_better_for_long(evaluation: EvaluationConfig, best: BestState | None) -> bool:
    """Whether a run is to end as none of its last `evaluation.patience` evaluations was better than one before."""
    return best is not None and 0 < evaluation.patience <= best.worse


def after_evaluation(best: BestState | None, step: int, last: Mapping[str, float]) -> BestState:
    """The best evaluation once that of `step` is in.

    Args:
        best: of those before; None where this is the first.
        step: after which this one was made.
        last: every column of its scores on the puzzles kept aside.
    """
    column = solved_column(last)
    solved, cell = last[column], last["cell"]
    if best is None or (solved, cell) > (best.exact, best.cell):
        return BestState(step=step, exact=solved, cell=cell, column=column)
    return replace(best, worse=best.worse + 1, column=column)
