"""``votes``: what the votes of all variants add to a single pass, in tasks that are scored by vote.

A single pass is the answer to a test input as it is. The votes are those of an evaluation: all variants of the corpus
that the run was trained on. Only test inputs whose solution is known count.

Shapes: M test inputs.
"""

import numpy as np

from .columns import flag, whole
from .measure import Measure, Measured, NotMeasuredError, Subject

COLUMNS = {
    "test_input": whole("number of the test input, by task and place"),
    "single": flag("whether the answer to it as it is is right"),
    "first": flag("whether the answer of most votes is right"),
    "second": flag("whether one of the two answers of most votes is right"),
    "votes": whole("variants that voted"),
    "answers": whole("different answers among them"),
}


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    found = subject.poll()
    rank = found.rank
    if not len(rank):
        raise NotMeasuredError("no solution of the test inputs that were asked is known; give a larger --limit")
    table = {
        "test_input": np.arange(len(rank)),
        "single": found.single,
        "first": rank == 1,
        "second": (rank == 1) | (rank == 2),
        "votes": found.votes,
        "answers": found.answers,
    }
    single, first, second = (float(table[name].mean()) for name in ("single", "first", "second"))
    line = (
        f"{single:.1%} of {len(rank):,} test inputs right in a single pass, {first:.1%} by the votes of "
        f"{found.votes.max():,} variants, {second:.1%} in the two best answers"
    )
    return Measured(table=table, headline={"single": single, "first": first, "second": second}, lines=(line,))


MEASURE = Measure(
    name="votes",
    title="Votes against a single pass",
    says="Test inputs that are right in a single pass, and by the votes of their variants.",
    columns=COLUMNS,
    measure=measure,
)
