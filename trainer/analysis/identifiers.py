"""``identifiers``: what is left when a puzzle is asked under another's identifier, or under none.

Networks that learn an embedding of every puzzle may keep the puzzle's rule in it. The published finding on ARC is that
nothing is left (arXiv 2512.11847, ARC Prize). Every puzzle is asked three times: as it is, with the next
identifier of another puzzle among them, and with the blank one.

Shapes: N puzzles.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trmpipe.shards import BLANK_IDENTIFIER

from .columns import Table, share, whole, word
from .means import intervals, ratio
from .measure import Measure, Measured, NotMeasuredError, Subject
from .trace import Trace

OWN, EXCHANGED, BLANK = "own", "exchanged", "blank"

COLUMNS = {
    "identifier": word("whose the puzzle is asked under", OWN, EXCHANGED, BLANK),
    "puzzles": whole("puzzles asked", least=1),
    "right": share("those of them that are right after the run's own number of steps"),
    "low": share("lower end of the 95% interval of `right`"),
    "high": share("upper end of it"),
    "open_cell": share("open cells that are answered as the label says", gaps=True),
}


def exchanged(identifiers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each of N identifiers replaced by the next larger one of another puzzle; the largest by the smallest.

    Raises:
        NotMeasuredError: all have the same.
    """
    others = np.unique(identifiers)
    if len(others) < 2:
        raise NotMeasuredError("all puzzles have one identifier, so there is none to exchange it for")
    found: NDArray[np.int32] = others[(np.searchsorted(others, identifiers) + 1) % len(others)]
    return found


def by_identifier(traces: Mapping[str, Trace]) -> Table:
    """The table, a row for each way to ask."""
    rights = [int(trace.solved_by_run.sum()) for trace in traces.values()]
    numbers = [trace.num_puzzles for trace in traces.values()]
    low, high = intervals(rights, numbers)
    cells = [trace.right_cells[trace.own - 1].sum() for trace in traces.values()]
    return {
        "identifier": np.array(list(traces), object),
        "puzzles": np.array(numbers),
        "right": np.array(rights) / np.array(numbers),
        "low": low,
        "high": high,
        "open_cell": ratio(np.array(cells), np.array([trace.open.sum() for trace in traces.values()])),
    }


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    if not subject.has_embeddings:
        raise NotMeasuredError("the network has no puzzle embeddings, so no identifier can be exchanged or removed")
    examples = subject.examples
    others, none = exchanged(examples.identifiers), np.full_like(examples.identifiers, BLANK_IDENTIFIER)
    table = by_identifier(
        {
            OWN: subject.trace,
            EXCHANGED: subject.ask(replace(examples, identifiers=others), "exchanged"),
            BLANK: subject.ask(replace(examples, identifiers=none), "blank"),
        }
    )
    own, other, blank = table["right"].tolist()
    cells = table["open_cell"].tolist()
    line = (
        f"{own:.1%} of {len(examples):,} test inputs right under their own identifier, {other:.1%} under another's, "
        f"{blank:.1%} under none (open cells {cells[0]:.1%}, {cells[1]:.1%}, {cells[2]:.1%})"
    )
    return Measured(table=table, headline={"own": own, "exchanged": other, "blank": blank}, lines=(line,))


MEASURE = Measure(
    name="identifiers",
    title="Puzzle identifiers exchanged and removed",
    says="Share of test inputs that are right under their own identifier, another puzzle's, and none.",
    columns=COLUMNS,
    measure=measure,
)
