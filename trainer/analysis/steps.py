"""``steps``: accuracy, residual, moves and halting after every supervision step.

Sources: the residual as in EqR (arXiv 2605.21488); moves and their angles as in arXiv 2601.10679.

Shapes: T steps, N puzzles.
"""

import numpy as np

from .columns import Table, real, share, whole
from .means import intervals, mean_known, ratio
from .measure import Measure, Measured, Subject
from .trace import Trace

COLUMNS = {
    "step": whole("supervision step, from 1", least=1),
    "right": share("puzzles whose answer counts as right: accepted by the task where it judges, else the label"),
    "low": share("lower end of the 95% interval of `right`"),
    "high": share("upper end of it"),
    "exact": share("puzzles whose answer is the stored label"),
    "open_cell": share("open cells of all puzzles that are answered as the label says", gaps=True),
    "residual": real("||z_t - z_(t-1)|| / ||z_t||, mean over puzzles", least=0, gaps=True),
    "residual_right": real("the same over puzzles that are right after the last step", least=0, gaps=True),
    "residual_wrong": real("the same over the others", least=0, gaps=True),
    "moved": real("||z_t - z_(t-1)||, mean over puzzles", least=0, gaps=True),
    "turn": real("cosine of a move and the one before, mean over puzzles", least=-1.001, most=1.001, gaps=True),
    "closeness": real("cosine of z_t and z_(t-1), mean over puzzles", least=-1.001, most=1.001, gaps=True),
    "says_solved": share("puzzles at whose answer the learner would stop", gaps=True),
    "halted": share("puzzles at which it would have stopped by now", gaps=True),
}


def by_step(trace: Trace) -> Table:
    """The table of T rows."""
    steps, number = trace.num_steps, trace.num_puzzles
    rights = trace.solved.sum(1)
    low, high = intervals(rights.tolist(), [number] * steps)
    unknown = np.full(steps, np.nan)
    table = {
        "step": np.arange(1, steps + 1),
        "right": rights / number,
        "low": low,
        "high": high,
        "exact": trace.exact.mean(1),
        "open_cell": ratio(trace.right_cells.sum((1, 2)), np.full(steps, trace.open.sum())),
        **dict.fromkeys(("residual", "residual_right", "residual_wrong", "moved", "turn", "closeness"), unknown),
        **dict.fromkeys(("says_solved", "halted"), unknown),
    }
    if trace.motion is not None:
        last = trace.solved[-1]
        table["residual"] = mean_known(trace.motion.residual)
        table["residual_right"] = mean_known(trace.motion.residual, last)
        table["residual_wrong"] = mean_known(trace.motion.residual, ~last)
        for name in ("moved", "turn", "closeness"):
            table[name] = mean_known(getattr(trace.motion, name))
    if trace.margin is not None:
        would = trace.margin > 0
        table["says_solved"], table["halted"] = would.mean(1), np.logical_or.accumulate(would).mean(1)
    return table


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    trace = subject.trace
    table, own, last = by_step(trace), trace.own - 1, trace.num_steps - 1
    right, residual = table["right"], table["residual"]
    best = int(right.argmax())
    lines = [f"{right[own]:.1%} of {trace.num_puzzles:,} puzzles right after {own + 1} steps, the run's own number"]
    if last > own:
        lines[0] += f", {right[last]:.1%} after {last + 1}"
        lines[0] += f"; most after {best + 1} ({right[best]:.1%})" if right[best] else ""
    if trace.motion is None:
        lines.append("the network hands on no latents, so there is no residual and no move")
    else:
        of_kinds = {"right puzzles": table["residual_right"][last], "wrong ones": table["residual_wrong"][last]}
        known = ", ".join(f"{kind} {value:.2g}" for kind, value in of_kinds.items() if not np.isnan(value))
        lines.append(
            f"a step moves the latents by {residual[0]:.2g} of their length at first and {residual[last]:.2g} at last "
            f"({known})"
        )
    headline = {
        "right": float(right[own]),
        "right_at_last": float(right[last]),
        "best_step": best + 1.0,
        "residual_at_last": float(residual[last]),
    }
    return Measured(table=table, headline=headline, lines=tuple(lines))


MEASURE = Measure(
    name="steps",
    title="Accuracy and moves by supervision step",
    says="Shares of puzzles and cells that are right, how far latents move and turn, and who would halt, by step.",
    columns=COLUMNS,
    measure=measure,
)
