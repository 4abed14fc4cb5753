"""Accuracy on held-out puzzles, each judged for itself, after every supervision step.

Ranks take whole batches in turn and rank 0 sums them in order, so that the scores do not depend on the number of ranks.

Shapes: N puzzles, T answers of each (one a supervision step).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.shards import Examples
from trmpipe.shards.progress import Progress, Silent
from trmpipe.shards.words import counted

from ..device import as_tokens
from ..judging import Judge, Judgement, solved_column
from ..learners import Answer
from ..ranks import Ranks
from .examinee import Examinee
from .open_cells import OpenCells, add_open_cells, count_open, is_open, tokens_of

EVALUATION_BATCH = 125
"""Puzzles scored at once; the scores do not depend on it beyond rounding."""

OPEN = "open_cell"
"""In JSON, the share of open cells that are right; see `OpenCells`."""

HALTED = "halted"
"""The column of puzzles that the halting head thinks solved; absent where the learner has none."""


_TOKENS = "tokens"

Sums = dict[str, list[float]]
"""Sums over the puzzles of a batch after each step, by column; and the labels of its open cells, see `tokens_of`."""

Outcomes = Mapping[str, NDArray[np.bool_]]
"""Bool [N] each: of which puzzles a column holds, for the columns that say yes or no."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Means over puzzles after each supervision step, from 1 on.

    Attributes:
        num_puzzles: puzzles scored.
        columns: T values each, by name: ``cell`` (share of right cells, given ones included), ``exact`` (share of
            puzzles with every cell right), what the judge adds, and `HALTED`.
        open_cells: those of the puzzles together; None where every cell is given.
        parts: the scores of each corpus by its name where the puzzles are from several; else none.
        outcomes: puzzle by puzzle, after the last step; none where only the means were taken.
    """

    num_puzzles: int
    columns: Mapping[str, tuple[float, ...]]
    open_cells: OpenCells | None = None
    parts: Mapping[str, "Scores"] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=dict, repr=False, compare=False)

    @property
    def num_steps(self) -> int:
        """T, supervision steps of an answer."""
        return len(next(iter(self.columns.values())))

    def to_json(self) -> dict[str, Any]:
        """Plain values: puzzles, open cells, a row for each supervision step; the same of each corpus of several."""
        found, columns = self.open_cells, dict(self.columns)
        about = {} if found is None else {"open_cells": found.number, "guessing": found.guessing}
        if found is not None:
            columns[OPEN] = found.right
        rows = zip(*columns.values(), strict=True)
        parts = [{"corpus": name, **scores.to_json()} for name, scores in self.parts.items()]
        return {
            "puzzles": self.num_puzzles,
            **about,
            "steps": [{"step": step, **dict(zip(columns, values, strict=True))} for step, values in enumerate(rows, 1)],
            **({"corpora": parts} if parts else {}),
        }

    def after(self, step: int) -> dict[str, float]:
        """Every column after a step, from 1 on."""
        return {name: values[step - 1] for name, values in self.columns.items()}

    def last(self) -> dict[str, float]:
        """Every column after the last step; what lines of metrics hold."""
        return self.after(self.num_steps)

    def metrics(self) -> dict[str, float]:
        """Every column after the last step, for metrics.jsonl; of several corpora also ``column/corpus`` of each."""
        parts = {
            f"{name}/{corpus}": value for corpus, part in self.parts.items() for name, value in part.last().items()
        }
        return {**self.last(), **parts}

    def headline(self) -> dict[str, float]:
        """What runs are compared by: all that is said of whole puzzles after the last step, but not by the model."""
        return headline_of(self.last())

    def summary(self) -> str:
        """The last step in words."""
        last = self.last()
        more = "".join(f", {last[name]:.1%} {name}" for name in last if name not in ("cell", "exact", HALTED))
        solved = solved_column(last)
        parts = "".join(f"; {name} {part.last()[solved]:.1%} {solved}" for name, part in self.parts.items())
        cells, number = self._cells_in_words(), counted(self.num_puzzles, "puzzle")
        words = f"held out: {last['exact']:.1%} exact{more}, {cells} ({number})"
        return words + parts

    def _cells_in_words(self) -> str:
        """How many cells are right, and how many by guessing."""
        if self.open_cells is None:
            return f"{self.last()['cell']:.1%} of cells right"
        return f"{self.open_cells.right[-1]:.1%} of open cells right, by guessing {self.open_cells.guessing:.1%}"


def headline_of(last: Mapping[str, float]) -> dict[str, float]:
    """The columns that runs are compared by."""
    return {name: value for name, value in last.items() if name not in ("cell", OPEN, HALTED)}


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
    found = in_batches(partial(_score_batch, examinee, examples, judge), examinee, len(examples), ranks, progress)
    if found is None:
        return None
    return replace(means([sums for sums, _ in found], examples), outcomes=joined([last for _, last in found]))


def in_batches(
    work: Callable[[int], Result],
    examinee: Examinee,
    num_rows: int,
    ranks: Ranks | None = None,
    progress: Progress | None = None,
    stage: str = "scoring",
) -> list[Result] | None:
    """What `work` makes of every batch, in the order of the batches, whatever the number of ranks.

    Args:
        work: is given the first row of a batch; called by several threads where the examinee spreads its batches.
        examinee: says how batches are spread.
        num_rows: of all batches.
        ranks: of the processes that share the batches; by default this is the only one.
        progress: told of this rank's rows.
        stage: what it is told that is done.

    Returns:
        All results on rank 0, None on the others.
    """
    ranks, progress = ranks or Ranks(), progress or Silent()
    starts = range(0, num_rows, EVALUATION_BATCH)
    mine = starts[ranks.rank :: ranks.world_size]
    sizes = [min(EVALUATION_BATCH, num_rows - start) for start in mine]
    progress.start(stage, sum(sizes))
    found = []
    for size, result in zip(sizes, examinee.spread(work, mine), strict=True):
        found.append(result)
        progress.advance(size)
    progress.finish()
    gathered = ranks.gather(found)
    return [gathered[i % ranks.world_size][i // ranks.world_size] for i in range(len(starts))] if gathered else None


def batch_of(examples: Examples, start: int) -> Examples:
    """The batch of `in_batches` that begins at `start`."""
    return examples.take(slice(start, start + EVALUATION_BATCH))


def _score_batch(examinee: Examinee, examples: Examples, judge: Judge, start: int) -> tuple[Sums, Outcomes]:
    """The sums after every step of the batch that begins at `start`, and the outcomes after the last one."""
    rows = batch_of(examples, start)
    inputs, labels = (as_tokens(values, examinee.device) for values in (rows.inputs, rows.labels))
    sums: Sums = {}
    for answer in examinee.answers(rows.inputs, rows.identifiers):
        verdict = add_step(sums, inputs, labels, answer, judge)
    return sums, outcomes_of(verdict)


def outcomes_of(verdict: Judgement) -> Outcomes:
    """What a verdict says of whole answers."""
    yes_or_no = {name: column for name, column in verdict.columns.items() if column.dtype == torch.bool}
    return {name: column.cpu().numpy() for name, column in yes_or_no.items()}


def joined(parts: Sequence[Outcomes]) -> Outcomes:
    """The outcomes of puzzles of one or more parts, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def add_step(sums: Sums, inputs: Tensor, labels: Tensor, answer: Answer, judge: Judge) -> Judgement:
    """Add the sums of every column over a batch after one more step, those of open cells under `OPEN`.

    Args:
        sums: of the steps before; changed.
        inputs: int64 [N, S].
        labels: int64 [N, S].
        answer: to the inputs.
        judge: says what it is worth, and that is returned.
    """
    verdict = judge(inputs, labels, answer.tokens)
    asked = is_open(inputs, labels) if verdict.open is None else verdict.open
    columns = {**verdict.columns, OPEN: ((answer.tokens == labels) & asked).sum(-1)}
    if _TOKENS not in sums:
        sums[_TOKENS] = tokens_of(labels, asked)
    if answer.halt is not None:
        columns[HALTED] = answer.halt > 0
    for name, column in columns.items():
        sums.setdefault(name, []).append(float(column.cpu().double().sum()))
    return verdict


def means(batches: Sequence[Sums], examples: Examples) -> Scores:
    """The scores of examples from the sums of their batches, in order."""
    totals: dict[str, NDArray[np.float64]] = {
        name: np.sum([batch[name] for batch in batches], axis=0) for name in batches[0]
    }
    right = totals.pop(OPEN)
    number, guessing = count_open(totals.pop(_TOKENS))
    return Scores(
        num_puzzles=len(examples),
        columns={name: tuple((total / len(examples)).tolist()) for name, total in totals.items()},
        open_cells=OpenCells(number=number, guessing=guessing, right=tuple((right / number).tolist()))
        if number
        else None,
    )


def score_parts(
    examinee: Examinee,
    parts: Mapping[str, Examples],
    judge: Judge,
    ranks: Ranks | None = None,
    progress: Progress | None = None,
) -> Scores | None:
    """`score` for the puzzles of one corpus or more: the scores over all of them, and of each where there are several.

    Args:
        examinee: who is asked.
        parts: held-out puzzles, one or more, by the name of their corpus.
        judge: says what answers are worth.
        ranks: as of `score`.
        progress: as of `score`.

    Returns:
        The scores on rank 0, None on the others.
    """
    found = {name: score(examinee, examples, judge, ranks, progress) for name, examples in parts.items()}
    scores = {name: one for name, one in found.items() if one is not None}
    return together(scores) if scores else None


def together(parts: Mapping[str, Scores]) -> Scores:
    """The means over the puzzles of all parts, one or more; those of the one part where there is one."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    num_puzzles = sum(part.num_puzzles for part in parts.values())
    names = next(iter(parts.values())).columns
    sums: dict[str, NDArray[np.float64]] = {
        name: np.sum([np.array(part.columns[name]) * part.num_puzzles for part in parts.values()], axis=0)
        for name in names
    }
    columns = {name: tuple((total / num_puzzles).tolist()) for name, total in sums.items()}
    open_cells = add_open_cells([part.open_cells for part in parts.values() if part.open_cells is not None])
    outcomes = joined([part.outcomes for part in parts.values()])
    return Scores(num_puzzles=num_puzzles, columns=columns, open_cells=open_cells, parts=parts, outcomes=outcomes)


def score_here(examinee: Examinee, examples: Examples | Mapping[str, Examples], judge: Judge) -> Scores:
    """`score` or `score_parts` by this process alone."""
    parts = {"": examples} if isinstance(examples, Examples) else examples
    scores = score_parts(examinee, parts, judge)
    assert scores is not None
    return scores
