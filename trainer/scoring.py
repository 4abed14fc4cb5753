"""Accuracy on held-out puzzles, each judged for itself, after every supervision step.

Ranks take whole batches in turn and rank 0 sums them in order, so that the scores do not depend on the number of ranks.

Shapes: N puzzles, T answers of each (one a supervision step), C columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.shards import Examples
from trmpipe.shards.progress import Progress, Silent

from .device import as_tokens
from .examinee import Examinee
from .judging import Judge
from .ranks import Ranks

EVALUATION_BATCH = 125
"""Puzzles scored at once; the scores do not depend on it beyond rounding."""

HALTED = "halted"
"""The column of puzzles that the halting head thinks solved; absent where the learner has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Means over puzzles after each supervision step, from 1 on.

    Attributes:
        num_puzzles: puzzles scored.
        columns: T values each, by name: ``cell`` (share of right cells, given ones included), ``exact`` (share of
            puzzles with every cell right), what the judge adds, and `HALTED`.
    """

    num_puzzles: int
    columns: Mapping[str, tuple[float, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain values: puzzles, and a row for each step."""
        rows = zip(*self.columns.values(), strict=True)
        return {
            "puzzles": self.num_puzzles,
            "steps": [
                {"step": step, **dict(zip(self.columns, values, strict=True))} for step, values in enumerate(rows, 1)
            ],
        }

    def last(self) -> dict[str, float]:
        """Every column after the last step."""
        return {name: values[-1] for name, values in self.columns.items()}

    def headline(self) -> dict[str, float]:
        """What runs are compared by: all that is said of whole puzzles after the last step, but not by the model."""
        return headline_of(self.last())

    def summary(self) -> str:
        """The last step in words."""
        last = self.last()
        more = "".join(f", {last[name]:.1%} {name}" for name in last if name not in ("cell", "exact", HALTED))
        return f"held out {last['exact']:.1%} exact{more}, {last['cell']:.1%} of cells ({self.num_puzzles:,} puzzles)"


def headline_of(last: Mapping[str, float]) -> dict[str, float]:
    """The columns that runs are compared by."""
    return {name: value for name, value in last.items() if name not in ("cell", HALTED)}


def score(
    examinee: Examinee,
    examples: Examples,
    judge: Judge,
    ranks: Ranks | None = None,
    progress: Progress | None = None,
) -> Scores | None:
    """Score the answers to examples [N], batch by batch, after every step.

    Args:
        examinee: who is asked.
        examples: held-out puzzles, one or more.
        judge: says what answers are worth.
        ranks: of the processes that share the batches; by default this is the only one.
        progress: told of this rank's puzzles.

    Returns:
        The scores on rank 0, None on the others.
    """
    ranks, progress = ranks or Ranks(), progress or Silent()
    starts = range(0, len(examples), EVALUATION_BATCH)
    mine = starts[ranks.rank :: ranks.world_size]
    sizes = [min(EVALUATION_BATCH, len(examples) - start) for start in mine]
    progress.start("scoring", sum(sizes))
    found = []
    for size, sums in zip(sizes, examinee.spread(partial(_batch_sums, examinee, examples, judge), mine), strict=True):
        found.append(sums)
        progress.advance(size)
    progress.finish()
    gathered = ranks.gather(found)
    if not gathered:
        return None
    return _means([gathered[i % ranks.world_size][i // ranks.world_size] for i in range(len(starts))], len(examples))


def _batch_sums(examinee: Examinee, examples: Examples, judge: Judge, start: int) -> dict[str, list[float]]:
    """The sums of every column, T of each, over the batch that begins at `start`."""
    rows = slice(start, start + EVALUATION_BATCH)
    inputs, labels = (as_tokens(values[rows], examinee.device) for values in (examples.inputs, examples.labels))
    sums: dict[str, list[float]] = {}
    for answer in examinee.answers(examples.inputs[rows], examples.identifiers[rows]):
        columns = judge(inputs, labels, answer.tokens).columns
        if answer.halt is not None:
            columns[HALTED] = answer.halt > 0
        for name, column in columns.items():
            sums.setdefault(name, []).append(float(column.cpu().double().sum()))
    return sums


def _means(batches: list[dict[str, list[float]]], num_puzzles: int) -> Scores:
    """The scores from sums of the batches, in order."""
    totals: dict[str, NDArray[np.float64]] = {
        name: np.sum([batch[name] for batch in batches], axis=0) for name in batches[0]
    }
    return Scores(
        num_puzzles=num_puzzles,
        columns={name: tuple((total / num_puzzles).tolist()) for name, total in totals.items()},
    )


def score_here(examinee: Examinee, examples: Examples, judge: Judge) -> Scores:
    """`score` by this process alone."""
    scores = score(examinee, examples, judge)
    assert scores is not None
    return scores
