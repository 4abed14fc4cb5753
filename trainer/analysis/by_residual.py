"""``residual``: does the residual tell right answers from wrong ones, where nobody knows the label?

Puzzles are sorted by the residual of the last step and cut into tenths. The area under the curve is the chance that a
right answer has a smaller residual than a wrong one. Source: EqR, arXiv 2605.21488.

Shapes: N puzzles.
"""

import numpy as np
from numpy.typing import NDArray

from ..scores.halts import area_under_curve
from .columns import Table, real, share, whole
from .means import intervals
from .measure import Measure, Measured, NotMeasuredError, Subject

NUM_BINS = 10

COLUMNS = {
    "least": real("smallest residual in the bin", least=0),
    "most": real("largest one", least=0),
    "puzzles": whole("puzzles in it", least=1),
    "right": share("those of them that are right after the last step"),
    "low": share("lower end of the 95% interval of `right`"),
    "high": share("upper end of it"),
}


def by_residual(residual: NDArray[np.floating], right: NDArray[np.bool_]) -> Table:
    """The table of `NUM_BINS` rows or as many as there are puzzles.

    Args:
        residual: [N], of the last step.
        right: bool [N].
    """
    order = np.argsort(residual, kind="stable")
    bins = [part for part in np.array_split(order, NUM_BINS) if len(part)]
    numbers = np.array([len(part) for part in bins])
    rights = np.array([right[part].sum() for part in bins])
    low, high = intervals(rights.tolist(), numbers.tolist())
    return {
        "least": np.array([residual[part[0]] for part in bins], np.float64),
        "most": np.array([residual[part[-1]] for part in bins], np.float64),
        "puzzles": numbers,
        "right": rights / numbers,
        "low": low,
        "high": high,
    }


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    trace = subject.trace
    if trace.motion is None:
        raise NotMeasuredError("the network hands on no latents, so it has no residual")
    residual, right = trace.motion.residual[-1], trace.solved[-1]
    table, auc = by_residual(residual, right), area_under_curve(-residual, right)
    told = "all puzzles are right, or none is, so that there is nothing to tell apart"
    if auc is not None:
        told = (
            f"AUC {auc:.3f} of telling right from wrong by the residual of step {trace.num_steps}; of the tenths "
            f"{table['right'][0]:.1%} are right at the smallest residuals, {table['right'][-1]:.1%} at the largest"
        )
    headline = {
        "auc": float("nan") if auc is None else auc,
        "right_at_smallest": float(table["right"][0]),
        "right_at_largest": float(table["right"][-1]),
    }
    return Measured(table=table, headline=headline, lines=(told,))


MEASURE = Measure(
    name="residual",
    title="Accuracy by the last residual",
    says="Share of right answers among puzzles in tenths by how far their latents still move at the last step.",
    columns=COLUMNS,
    measure=measure,
)
