"""``changes``: cells mended and broken by every step, and cells that a network has committed itself to.

Only open cells count, and one is right if it is as the label says. Before the first step none is. A network has
committed itself to a cell where its token has a probability above .9, under the loss that it was trained by.

Sources: the code of "Speed is Confidence" (arXiv 2601.19085) and of DEC (Fixed-Point-Reasoner-Structures) count so.

Shapes: T steps, N puzzles, S sequence.
"""

import numpy as np

from .columns import Table, real, share, whole
from .endings import SPURIOUS, endings_of
from .means import ratio
from .measure import Measure, Measured, NotMeasuredError, Subject
from .trace import Trace

COLUMNS = {
    "step": whole("supervision step, from 1", least=1),
    "mended": real("open cells of a puzzle that were wrong and are right, mean over puzzles", least=0),
    "broken": real("open cells of a puzzle that were right and are wrong, mean over puzzles", least=0),
    "changed": real("open cells of a puzzle that have another answer than before, mean over puzzles", least=0),
    "mended_share": share("cells mended, of those that were wrong", gaps=True),
    "broken_share": share("cells broken, of those that were right", gaps=True),
    "committed": share("open cells that the network has committed itself to", gaps=True),
    "committed_wrong": share("wrong ones among these", gaps=True),
    "stalled_committed": share("committed cells, of puzzles that end at a wrong answer and stay", gaps=True),
    "stalled_wrong": share("wrong ones among these", gaps=True),
}


def by_step(trace: Trace) -> Table:
    """The table of T rows."""
    right, number = trace.right_cells, trace.num_puzzles
    before = np.concatenate([np.zeros_like(right[:1]), right[:-1]])
    mended, broken = (right & ~before).sum((1, 2)), (before & ~right).sum((1, 2))
    changed = np.concatenate([trace.open[None], (trace.answers[1:] != trace.answers[:-1]) & trace.open]).sum((1, 2))
    was_right, cells = before.sum((1, 2)), np.full(trace.num_steps, trace.open.sum())
    stalled = _stalled(trace)
    said, wrong = trace.committed, trace.committed_wrong
    in_stalled = np.full(trace.num_steps, trace.open[stalled].sum())
    return {
        "step": np.arange(1, trace.num_steps + 1),
        "mended": mended / number,
        "broken": broken / number,
        "changed": changed / number,
        "mended_share": ratio(mended, cells - was_right),
        "broken_share": ratio(broken, was_right),
        "committed": ratio(said.sum(1), cells),
        "committed_wrong": ratio(wrong.sum(1), said.sum(1)),
        "stalled_committed": ratio(said[:, stalled].sum(1), in_stalled),
        "stalled_wrong": ratio(wrong[:, stalled].sum(1), said[:, stalled].sum(1)),
    }


def _stalled(trace: Trace) -> np.ndarray:
    """Bool [N], the puzzles that stay at a wrong answer; none where one step says nothing of staying."""
    if trace.num_steps < 2:
        return np.zeros(trace.num_puzzles, bool)
    found: np.ndarray = endings_of(trace)["ending"] == SPURIOUS
    return found


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    trace = subject.trace
    if not trace.open.any():
        raise NotMeasuredError("the puzzles leave no cell open, so none can be mended")
    table = by_step(trace)
    mended, broken = float(table["mended"].sum()), float(table["broken"].sum())
    later = slice(1, None)
    lines = [
        f"the first step answers {table['mended'][0]:.1f} open cells of a puzzle rightly; all later ones mend "
        f"{table['mended'][later].sum():.1f} and break {table['broken'][later].sum():.1f}",
        f"at last {table['committed'][-1]:.1%} of open cells are committed to (p > .9)"
        + (f", {table['committed_wrong'][-1]:.1%} of these wrongly" if table["committed"][-1] else ""),
    ]
    if not np.isnan(table["stalled_committed"][-1]):
        lines[1] += f"; where the answer stays wrong, {table['stalled_committed'][-1]:.1%}"
        if table["stalled_committed"][-1]:
            lines[1] += f", {table['stalled_wrong'][-1]:.1%} of these wrongly"
    headline = {
        "mended": mended,
        "broken": broken,
        "committed": float(table["committed"][-1]),
        "committed_wrong": float(table["committed_wrong"][-1]),
        "stalled_wrong": float(table["stalled_wrong"][-1]),
    }
    return Measured(table=table, headline=headline, lines=tuple(lines))


MEASURE = Measure(
    name="changes",
    title="Cells mended and broken by step",
    says="Open cells that a step turns from wrong to right and from right to wrong, and cells answered with p > .9.",
    columns=COLUMNS,
    measure=measure,
)
