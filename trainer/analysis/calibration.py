"""``halting``: whether a network knows what it knows, and what comes of stopping when it says so.

Of the answers after the run's own number of steps: puzzles are sorted by the probability that the halting head gives
for the answer being right, and in each tenth compared with the share that is. See `trainer.halts` for the calibration
error and the area under the curve.

Shapes: T steps, N puzzles.
"""

import numpy as np
from numpy.typing import NDArray

from ..scores.halts import NUM_BINS, halting_of
from .columns import Table, real, share, whole
from .means import intervals, ratio
from .measure import Measure, Measured, NotMeasuredError, Subject

COLUMNS = {
    "least": share("smallest probability that the bin holds"),
    "most": share("largest one, which the next bin holds too but for the last"),
    "puzzles": whole("puzzles in it"),
    "probability": share("mean probability of these", gaps=True),
    "right": share("those of them that are right", gaps=True),
    "low": real("lower end of the 95% interval of `right`", least=0, most=1, gaps=True),
    "high": real("upper end of it", least=0, most=1, gaps=True),
}


def reliability(halt: NDArray[np.float32], right: NDArray[np.bool_]) -> Table:
    """The table of `NUM_BINS` rows.

    Args:
        halt: float32 [N], logits of the answers being right.
        right: bool [N].
    """
    probabilities = 1 / (1 + np.exp(-halt.astype(np.float64).clip(-700, 700)))
    bins = np.minimum((probabilities * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    numbers = np.bincount(bins, minlength=NUM_BINS)
    rights = np.bincount(bins[right], minlength=NUM_BINS)
    low, high = intervals(rights.tolist(), numbers.tolist())
    return {
        "least": np.arange(NUM_BINS) / NUM_BINS,
        "most": np.arange(1, NUM_BINS + 1) / NUM_BINS,
        "puzzles": numbers,
        "probability": ratio(np.bincount(bins, weights=probabilities, minlength=NUM_BINS), numbers),
        "right": ratio(rights, numbers),
        "low": low,
        "high": high,
    }


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    trace = subject.trace
    if trace.halt is None or trace.margin is None:
        raise NotMeasuredError("the network does not say whether its answer is right, so it never halts by itself")
    own, number = trace.own, trace.num_puzzles
    halt, margin, solved = trace.halt[:own], trace.margin[:own], trace.solved[:own]
    found = halting_of(halt, margin, solved)
    stops = (margin > 0).argmax(0)
    halted = (margin > 0).any(0)
    when = float(solved[stops, np.arange(number)][halted].mean()) if halted.any() else float("nan")
    among = f", {when:.1%} of these right" if halted.any() else ""
    words = f"halts at {found.halted.value:.1%} of {number:,} puzzles within {own} steps{among}"
    auc = "" if found.auc is None else f", AUC {found.auc:.3f}"
    return Measured(
        table=reliability(halt[-1], solved[-1]),
        headline={
            "calibration_error": found.calibration_error,
            "auc": float("nan") if found.auc is None else found.auc,
            "mean_steps": found.mean_steps,
            "right_when_halted": when,
            "right_by_halting": found.right.value,
        },
        lines=(
            f"{words}, after {found.mean_steps:.2f} steps on average",
            f"calibration error after step {own}: {found.calibration_error:.3f}{auc}",
        ),
    )


MEASURE = Measure(
    name="halting",
    title="Calibration of halting",
    says="Share of right answers against the probability that the halting head gives, in tenths; ECE and AUC.",
    columns=COLUMNS,
    measure=measure,
)
