"""``restarts``: accuracy by depth and by number of restarts, of a network that draws at random.

One of several restarts is chosen by the largest halting logit, or where there is none by the smallest residual over
the last three steps, as in an evaluation (`trainer.restarts`); beside it stands what a perfect choice would get.
Source: the map of depth and breadth of EqR, arXiv 2605.21488.

Shapes: R restarts, T steps, N puzzles.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .columns import Table, share, whole
from .means import intervals
from .measure import Measure, Measured, NotMeasuredError, Subject
from .trace import Trace

NUM_RESTARTS = 8
_RESIDUAL_STEPS = 3

COLUMNS = {
    "steps": whole("supervision steps of an answer", least=1),
    "restarts": whole("answers of which one is chosen", least=1),
    "right": share("puzzles whose chosen answer is right"),
    "low": share("lower end of the 95% interval of `right`"),
    "high": share("upper end of it"),
    "any_right": share("puzzles of which one restart or more is right: what a perfect choice would get"),
}


def depth_by_restarts(
    solved: NDArray[np.bool_], worth: NDArray[np.floating], depths: Sequence[int], counts: Sequence[int]
) -> Table:
    """The table, a row for each depth and number of restarts.

    Args:
        solved: bool [R, T, N].
        worth: [R, T, N], by which a restart is chosen, the first of equal ones.
        depths: numbers of steps, each at most T.
        counts: numbers of restarts, each at most R.
    """
    pairs = [(depth, count) for depth in depths for count in counts]
    chosen, some = [], []
    for depth, count in pairs:
        right, best = solved[:count, depth - 1], worth[:count, depth - 1].argmax(0)
        chosen.append(int(right[best, np.arange(right.shape[1])].sum()))
        some.append(float(right.any(0).mean()))
    number = solved.shape[2]
    low, high = intervals(chosen, [number] * len(pairs))
    return {
        "steps": np.array([depth for depth, _ in pairs]),
        "restarts": np.array([count for _, count in pairs]),
        "right": np.array(chosen) / number,
        "low": low,
        "high": high,
        "any_right": np.array(some),
    }


def worth_of(trace: Trace) -> NDArray[np.float32]:
    """By which restarts are chosen after each step, float32 [T, N].

    Raises:
        NotMeasuredError: the network tells nothing that they could be chosen by.
    """
    if trace.halt is not None:
        return trace.halt
    if trace.motion is None:
        raise NotMeasuredError("the network has neither a halting logit nor a residual to choose a restart by")
    residual = trace.motion.residual
    return -np.stack([residual[max(0, t + 1 - _RESIDUAL_STEPS) : t + 1].mean(0) for t in range(len(residual))])


def doublings(most: int) -> list[int]:
    """1, 2, 4 and so on, and `most`."""
    return sorted({*(1 << k for k in range(most.bit_length())), most})


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    traces = list(subject.restarts(NUM_RESTARTS))
    solved, worth = np.stack([one.solved for one in traces]), np.stack([worth_of(one) for one in traces])
    depths = sorted({*doublings(traces[0].num_steps), traces[0].own})
    table = depth_by_restarts(solved, worth, depths, doublings(NUM_RESTARTS))
    right = {(d, r): value for d, r, value in zip(table["steps"], table["restarts"], table["right"], strict=True)}
    deepest, own = depths[-1], traces[0].own
    by = "the halting logit" if traces[0].halt is not None else "the residual"
    line = (
        f"{own} steps: {right[own, 1]:.1%} by one restart, {right[own, NUM_RESTARTS]:.1%} by the best of "
        f"{NUM_RESTARTS} by {by}; {deepest} steps: {right[deepest, 1]:.1%} and {right[deepest, NUM_RESTARTS]:.1%}; "
        f"a perfect choice would get {table['any_right'][-1]:.1%}"
    )
    headline = {
        "one_restart": float(right[own, 1]),
        "all_restarts": float(right[own, NUM_RESTARTS]),
        "deepest_all_restarts": float(right[deepest, NUM_RESTARTS]),
        "any_right": float(table["any_right"][-1]),
    }
    return Measured(table=table, headline=headline, lines=(line,))


MEASURE = Measure(
    name="restarts",
    title="Restarts and depth",
    says="Share of right answers by supervision steps and by how many restarts one answer is chosen from.",
    columns=COLUMNS,
    measure=measure,
)
