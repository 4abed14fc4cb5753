"""The answers of a run after every supervision step, puzzle by puzzle: what pages show with a slider.

Shapes: T supervision steps, N puzzles, S sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.task import PAD
from trmpipe.shards import Corpus, Examples

from ..device import as_tokens
from ..errors import RunError
from ..evaluators import evaluator_of
from ..judging import Judge
from ..pictures.run_pictures import Solving
from ..scores.difficulty import ratings_of
from ..scores.examinee import Examinee
from ..scores.held_out import first_held_out, read_held_out_parts
from ..scores.scoring import batch_of
from .inference import TrainedRun, refuse_unfit

MOST_TOKENS = 200 * 81
"""Of the puzzles that are asked, unless a user wants more: 200 Sudokus, a few seconds of a laptop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepwise:
    """Held-out puzzles and the answers to them.

    Attributes:
        corpus: that the puzzles are of.
        examples: N of them.
        answers: uint8 [T, N, S], the answer after each step; pad where labels are, since nothing was learned there.
        solved: bool [T, N], whether the judge takes each for right.
        sure: float [T, N], what the halting head gives for "solved", 0 to 1; None where the learner has none.
        ratings: float64 [N], how hard they are; NaN where that is not known.
    """

    corpus: Corpus
    examples: Examples
    answers: NDArray[np.uint8]
    solved: NDArray[np.bool_]
    sure: NDArray[np.float64] | None
    ratings: NDArray[np.float64]

    @property
    def given(self) -> NDArray[np.bool_]:
        """Bool [N, S], cells that the puzzle shows as its solution has them."""
        given: NDArray[np.bool_] = self.examples.inputs == self.examples.labels
        return given

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Bool [T, N, S], cells that differ from the stored solution; none of an answer that counts as right."""
        wrong: NDArray[np.bool_] = (self.answers != self.examples.labels) & ~self.solved[..., None]
        return wrong

    def solving(self, row: int) -> Solving:
        """One of the puzzles as `pictures` draws them."""
        return Solving(
            group=int(self.examples.groups[row]),
            example=int(self.examples.examples[row]),
            inputs=self.examples.inputs[row],
            labels=self.examples.labels[row],
            answers=self.answers[:, row].astype(np.int64),
            solved=self.solved[:, row],
        )

    def settled(self) -> NDArray[np.int64]:
        """Int64 [N], the step, from 1, from which each puzzle stays solved; 0 where it is not solved in the end."""
        stays = np.flip(np.logical_and.accumulate(np.flip(self.solved, 0), 0), 0)
        steps: NDArray[np.int64] = np.where(stays[-1], len(stays) - stays.sum(0) + 1, 0)
        return steps


def ask_stepwise(trained: TrainedRun, corpora: Sequence[Corpus], limit: int | None = None) -> Stepwise:
    """Ask a run about the first held-out puzzles of its first corpus that has some.

    Args:
        trained: the run.
        corpora: as it was trained on them.
        limit: puzzles; by default as many as `MOST_TOKENS` allow.

    Raises:
        RunError: there is none, or the network does not fit them.
    """
    refuse_unfit(trained, corpora)
    most = limit or max(1, MOST_TOKENS // corpora[0].spec.seq_len)
    corpus, examples = first_held_out(corpora, read_held_out_parts(corpora, most * len(corpora)))
    if not len(examples):
        raise RunError(f"{corpus.path} holds no held-out puzzles whose solution is known, so that none can be shown")
    examples = examples.take(np.arange(min(most, len(examples))))
    judge = evaluator_of(corpus.spec).judge
    with trained.examinee() as examinee:
        starts = range(0, len(examples), len(batch_of(examples, 0)))
        parts = list(examinee.spread(lambda start: _ask(examinee, batch_of(examples, start), judge), starts))
    answers, solved, sure = zip(*parts, strict=True)
    known = [one for one in sure if one is not None]
    return Stepwise(
        corpus=corpus,
        examples=examples,
        answers=np.where(examples.labels == PAD, PAD, np.concatenate(answers, 1)).astype(np.uint8),
        solved=np.concatenate(solved, 1),
        sure=np.concatenate(known, 1) if known else None,
        ratings=ratings_of(corpus, examples),
    )


_Answers = tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.float64] | None]


def _ask(examinee: Examinee, rows: Examples, judge: Judge) -> _Answers:
    """The answers to a batch after every step, whether each is right, and how sure the network is."""
    inputs, labels = (as_tokens(values, examinee.device) for values in (rows.inputs, rows.labels))
    answers, solved, sure = [], [], []
    for answer in examinee.answers(rows.inputs, rows.identifiers):
        answers.append(answer.tokens.to(torch.uint8).cpu().numpy())
        solved.append(judge(inputs, labels, answer.tokens.long()).solved.cpu().numpy())
        if answer.halt is not None:
            sure.append(torch.sigmoid(answer.halt.double()).cpu().numpy())
    return np.stack(answers), np.stack(solved), np.stack(sure) if sure else None


def num_parameters(trained: TrainedRun) -> int:
    """Numbers that a run's network learned, as `trmpipe train` tells them."""
    return sum(parameter.numel() for parameter in trained.net.parameters())
