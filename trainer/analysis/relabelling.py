"""``relabelling``: failures that another labelling of the same puzzle solves, and solved puzzles that one fails.

Every puzzle is asked as `NUM_VARIANTS` of its variants besides itself, those that vote in an evaluation. Answers are
mapped back and judged by the puzzle. Source: the code of "Speed is Confidence" (arXiv 2601.19085), which found that
most of its failures are solved under another labelling.

Shapes: N puzzles, K variants, S sequence.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import InputError
from trmpipe.generators.task import Groups, Task
from trmpipe.shards import Corpus, Examples

from .columns import Table, flag, whole
from .measure import Measure, Measured, NotMeasuredError, Subject

NUM_VARIANTS = 8
VARIANTS_SEED = 0
"""As of the variants that vote, see `trainer.trials`."""

COLUMNS = {
    "puzzle": whole("place among the puzzles analysed, from 0"),
    "right": flag("whether the puzzle itself is solved"),
    "variants": whole("other labellings that were asked; fewer than asked for where it has no more"),
    "variants_right": whole("those of them that are solved"),
}


def relabelled(right: NDArray[np.bool_], of_variants: NDArray[np.bool_], asked: NDArray[np.bool_]) -> Table:
    """The table of N rows.

    Args:
        right: bool [N], puzzles that are solved.
        of_variants: bool [K, N], their variants that are.
        asked: bool [K, N], the variants that there are.
    """
    return {
        "puzzle": np.arange(len(right)),
        "right": right,
        "variants": asked.sum(0),
        "variants_right": (of_variants & asked).sum(0),
    }


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    task = subject.task
    if task is None:
        raise NotMeasuredError("the task's code is not installed, which makes its variants")
    found = [_variants_of(subject, task, corpus, rows) for corpus, rows in subject.parts]
    of_variants, asked = (np.concatenate(values, 1) for values in zip(*found, strict=True))
    if not asked.any():
        raise NotMeasuredError("the puzzles have no variants but themselves")
    table = relabelled(subject.trace.solved_by_run, of_variants, asked)
    right, solved = table["right"], table["variants_right"]
    rescued, lost = (~right & (solved > 0)), right & (solved < table["variants"])
    of_failed = _words("failed", ~right, rescued, "are solved under one of them or more")
    of_solved = _words("solved", right, lost, "fail under one of them or more")
    return Measured(
        table=table,
        headline={
            "failures_solved": float(rescued[~right].mean()) if (~right).any() else float("nan"),
            "solved_failing": float(lost[right].mean()) if right.any() else float("nan"),
            "variants_right": float(solved.sum() / table["variants"].sum()),
        },
        lines=(f"each asked under up to {asked.sum(0).max()} other labellings: {of_failed}; {of_solved}",),
    )


def _words(kind: str, among: NDArray[np.bool_], which: NDArray[np.bool_], what: str) -> str:
    return f"of {among.sum():,} {kind} puzzles {which.sum():,} {what}" if among.any() else f"no puzzle {kind}"


def _variants_of(
    subject: Subject, task: Task, corpus: Corpus, rows: Examples
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which variants of the puzzles of one corpus are solved, and which there are, bool [K, N] each."""
    if (corpus.catalog["test"].examples[rows.groups] > 1).any() or corpus.spec.variant_identifiers:
        raise NotMeasuredError("variants of this task have names and examples of their own; `votes` asks them")
    candidates = corpus.catalog["test"].candidates[rows.groups]
    groups = task.examine(Groups.single(candidates, rows.inputs, rows.labels)).groups
    have = task.num_variants(groups)
    asked = np.arange(1, NUM_VARIANTS + 1)[:, None] < have
    solved = np.zeros_like(asked)
    for number, there in enumerate(asked):
        index = np.flatnonzero(there)
        if len(index):
            some = groups.take(index)
            solved[number, index] = _solved(subject, task, some, rows.take(index), number + 1)
    return solved, asked


def _solved(subject: Subject, task: Task, groups: Groups, rows: Examples, variant: int) -> NDArray[np.bool_]:
    """Which puzzles are solved when they are asked as one of their variants."""
    counts = np.ones(len(rows), np.int64)
    inputs, labels = task.augment(groups, VARIANTS_SEED, variant, counts)
    trace = subject.ask(replace(rows, inputs=inputs, labels=labels), f"labelling {variant}")
    try:
        answers = task.map_back(groups, VARIANTS_SEED, variant, counts, trace.answers[trace.own - 1])
    except InputError as error:
        raise NotMeasuredError(str(error)) from error
    return subject.judged(rows, answers)


MEASURE = Measure(
    name="relabelling",
    title="Other labellings of the same puzzles",
    says="Failed puzzles that are solved when they are asked as another variant, and solved ones that fail so.",
    columns=COLUMNS,
    measure=measure,
)
