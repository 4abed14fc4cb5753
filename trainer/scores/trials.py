"""Held-out puzzles put to a model one by one, in one pass: at every depth, by several restarts, as several variants.

The single pass (one restart, the puzzle as it is) is always made, and its answers after every step are kept; restarts
and variants come on top, and a search after all of them. Answers to variants are mapped back to the puzzle before they
vote, after the last step alone.

Shapes: T steps, N puzzles, b puzzles of a batch, K variants, S sequence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.task import PAD, Groups, Task
from trmpipe.shards import Corpus, Examples
from trmpipe.shards.progress import Progress

from ..device import as_tokens
from ..judging import Judge, Judgement
from ..learners import Answer
from ..ranks import Ranks
from .difficulty import ratings_of
from .examinee import Examinee
from .majority import majority
from .restarts import HALT, Choice, choose_answers
from .scoring import Scores, Sums, add_step, batch_of, in_batches, means, outcomes_of
from .searching import Searched, search_puzzles

VARIANTS_SEED = 0
"""Root seed of the variants that vote: one for all runs, so that all are asked the same."""

Columns = Mapping[str, NDArray[np.bool_]]
"""What the judge says of whole answers, by its name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How every puzzle is asked beside the single pass.

    Attributes:
        steps: supervision steps of these answers; those of the single pass are the examinee's, as many or more.
        restarts: answers of a network that draws at random, of which one is chosen.
        choose: what it is chosen by, see `restarts.CHOICES`.
        variants: images of a puzzle that vote, the puzzle itself among them.
        task: makes them; None where `variants` is 1.
        search: rounds that a search may take; 0 for no search.
    """

    steps: int
    restarts: int = 1
    choose: str = HALT
    variants: int = 1
    task: Task | None = None
    search: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of N puzzles.

    Attributes:
        right: bool [T, N] for each column, of the single pass.
        solved: bool [T, N], whether the answers of the single pass count as right.
        halt: float32 [T, N], its halting logits; None where the learner has no such thing.
        margin: float32 [T, N], above 0 where it would stop, see `Answer.margin`; None as for `halt`.
        chosen: bool [steps, N] for each column, of the restarts chosen after each step; none where there is one.
        voted: bool [1, N] for each column, of the votes of variants; none where nobody votes.
        ratings: float64 [N], how hard the puzzles are; NaN where that is not known.
        searched: what came of the search; None where there was none.
    """

    right: Columns
    solved: NDArray[np.bool_]
    halt: NDArray[np.float32] | None
    margin: NDArray[np.float32] | None
    chosen: Columns
    voted: Columns
    ratings: NDArray[np.float64]
    searched: Searched | None = None

    @classmethod
    def join(cls, parts: Sequence["Trial"]) -> "Trial":
        """The puzzles of one or more parts, one after the other."""
        found: dict[str, Any] = {}
        for name in (field.name for field in fields(cls)):
            values = [getattr(part, name) for part in parts]
            if isinstance(values[0], Mapping):
                found[name] = {column: np.concatenate([one[column] for one in values], -1) for column in values[0]}
            elif isinstance(values[0], Searched):
                found[name] = Searched.join(values)
            else:
                found[name] = None if values[0] is None else np.concatenate(values, -1)
        return cls(**found)


def try_puzzles(
    examinee: Examinee,
    corpus: Corpus,
    examples: Examples,
    judge: Judge,
    ways: Ways,
    ranks: Ranks,
    progress: Progress,
) -> tuple[Scores, Trial] | None:
    """Put held-out puzzles of a corpus to a model.

    Args:
        examinee: the model, and the depth.
        corpus: that holds the puzzles.
        examples: the puzzles, one or more.
        judge: says what answers are worth.
        ways: how each is asked.
        ranks: of the processes that share the puzzles.
        progress: told of this rank's puzzles.

    Returns:
        The scores of the single pass, and all that came of each puzzle, on rank 0; None on the others.
    """
    work = partial(_try_batch, examinee, corpus, examples, judge, ways)
    found = in_batches(work, examinee, len(examples), ranks, progress)
    searched = None
    if ways.search:
        deep = replace(examinee, num_steps=ways.steps)
        searched = search_puzzles(deep, corpus, examples, judge, ways.search, ranks, progress)
    if found is None:
        return None
    trial = Trial.join([trial for _, trial in found])
    return means([sums for sums, _ in found], examples), replace(trial, searched=searched)


def _try_batch(
    examinee: Examinee, corpus: Corpus, examples: Examples, judge: Judge, ways: Ways, start: int
) -> tuple[Sums, Trial]:
    """The batch that begins at `start`."""
    rows = batch_of(examples, start)
    inputs, labels = (as_tokens(values, examinee.device) for values in (rows.inputs, rows.labels))
    sums: Sums = {}
    verdicts: list[Judgement] = []
    halts: list[Tensor | None] = []
    margins: list[Tensor | None] = []

    def watched() -> Iterator[Answer]:
        """The single pass, noted as it goes by."""
        for answer in examinee.answers(rows.inputs, rows.identifiers):
            verdicts.append(add_step(sums, inputs, labels, answer, judge))
            halts.append(answer.halt)
            margins.append(answer.margin)
            yield answer

    best = _ask(replace(examinee, num_steps=ways.steps), rows, ways, watched())
    chosen = [judge(inputs, labels, one.tokens.long()) for one in best] if ways.restarts > 1 else []
    voted = []
    if ways.variants > 1:
        answers = _vote(replace(examinee, num_steps=ways.steps), corpus, rows, ways, best[-1])
        voted = [judge(inputs, labels, as_tokens(answers, examinee.device))]
    return sums, Trial(
        right=_columns(verdicts),
        solved=np.stack([_on_host(verdict.solved) for verdict in verdicts]),
        halt=_stacked(halts),
        margin=_stacked(margins),
        chosen=_columns(chosen),
        voted=_columns(voted),
        ratings=ratings_of(corpus, rows),
    )


def _ask(examinee: Examinee, rows: Examples, ways: Ways, first: Iterator[Answer]) -> list[Choice]:
    """The answers after every step, chosen among restarts where there are several; of one, the last answer alone.

    `first` are the answers of the first restart, which may go on for longer.
    """
    if ways.restarts == 1:
        for step, answer in enumerate(first):
            if step < ways.steps:
                last = answer
        return [Choice(last.tokens.to(torch.uint8), last.halt, torch.empty(0))]
    others = (examinee.answers(rows.inputs, rows.identifiers, restart) for restart in range(1, ways.restarts))
    return choose_answers(chain([first], others), ways.choose)[: ways.steps]


def _vote(examinee: Examinee, corpus: Corpus, rows: Examples, ways: Ways, own: Choice) -> NDArray[np.uint8]:
    """The answers uint8 [b, S] that variants vote for; `own` are those to the puzzles themselves, which vote too."""
    task = ways.task
    assert task is not None
    candidates = corpus.catalog["test"].candidates[rows.groups]
    # Once for all variants: else each of them looks for the puzzles' automorphisms anew.
    groups = task.examine(Groups.single(candidates, rows.inputs, rows.labels)).groups
    have = task.num_variants(groups)
    answers = np.zeros((ways.variants, *rows.inputs.shape), np.uint8)
    sure = np.zeros((ways.variants, len(rows)))
    cast = np.arange(ways.variants)[:, None] < have
    answers[0], sure[0] = own.tokens.cpu().numpy(), _probabilities(own)
    for variant in range(1, ways.variants):
        index = np.flatnonzero(cast[variant])
        if not len(index):
            break
        some, counts = groups.take(index), np.ones(len(index), np.int64)
        images = task.augment(some, VARIANTS_SEED, variant, counts)[0]
        asked = replace(rows.take(index), inputs=images)
        last = _ask(examinee, asked, ways, examinee.answers(images, asked.identifiers))[-1]
        tokens = last.tokens.cpu().numpy()
        answers[variant, index] = task.map_back(some, VARIANTS_SEED, variant, counts, tokens)
        sure[variant, index] = _probabilities(last)
    # What lies outside of a puzzle is no part of its answer.
    return majority(np.where(rows.inputs == PAD, PAD, answers).astype(np.uint8), sure, cast)


def _probabilities(choice: Choice) -> NDArray[np.float64] | float:
    """What the halting head gives for each answer being right; 1 where there is no such head."""
    if choice.halt is None:
        return 1.0
    found: NDArray[np.float64] = torch.sigmoid(choice.halt.cpu().double()).numpy()
    return found


def _stacked(logits: Sequence[Tensor | None]) -> NDArray[np.float32] | None:
    """Logits [B] of every step as float32 [T, B]; None where there are none."""
    found = [one.float().cpu().numpy() for one in logits if one is not None]
    return np.stack(found) if found else None


def _columns(verdicts: Sequence[Judgement]) -> Columns:
    """What verdicts say of whole answers, one row a verdict; none of no verdicts."""
    found = [outcomes_of(verdict) for verdict in verdicts]
    return {name: np.stack([one[name] for one in found]) for name in (found[0] if found else {})}


def _on_host(column: Tensor) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = column.cpu().numpy()
    return found
