"""The protocol of evaluators: what one answer is worth while training, and what a whole model is worth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.errors import OptionError
from trmpipe.shards import Corpus
from trmpipe.shards.fields import MOST
from trmpipe.shards.progress import Progress

from ..judging import Judgement
from ..pictures.solved import Solved
from ..ranks import Ranks
from ..runs.overlap import Overlap
from ..runs.regime import Regime
from ..scores.examinee import Examinee
from ..scores.restarts import CHOICES, HALT
from ..settings.config import MOST_ANSWERS

MOST_RESTARTS = MOST_VARIANTS = MOST_ROUNDS = 10_000
"""Answers of a model to a puzzle, variants that vote, and rounds of a search, at most."""

_LIMITS = {
    "limit": MOST,
    "variants": MOST,
    "steps": MOST_ANSWERS,
    "restarts": MOST_RESTARTS,
    "search": MOST_ROUNDS,
}
"""The largest value of every number of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What is to be scored, and how.

    Attributes:
        folder: where files that belong to the scores go.
        limit: the first so many held-out groups; None for all.
        variants: where the test split holds variants, the first so many of each group, None for all; elsewhere images
            of each puzzle that vote, the puzzle among them, None for no vote.
        asked_variants: the same as the user asks for it, None where that is what the run does by itself.
        steps: supervision steps of an answer; None for the run's own number.
        restarts: answers of a network that draws at random, of which one is chosen.
        choose: what it is chosen by, see `restarts.CHOICES`.
        search: rounds that a search for each puzzle's solution may take; None for no search.
        checkpoint_step: training steps of the checkpoint that is scored.
        regime: what the run learned from.
        overlap: how many held-out puzzles were among it; None where nobody has looked.

    Raises:
        OptionError: a number is out of range, or nothing is chosen by that.
    """

    folder: Path
    limit: int | None = None
    variants: int | None = None
    asked_variants: int | None = None
    steps: int | None = None
    restarts: int = 1
    choose: str = HALT
    search: int | None = None
    checkpoint_step: int = 0
    regime: Regime = field(default_factory=Regime)
    overlap: Overlap | None = None

    def __post_init__(self) -> None:
        for name, most in _LIMITS.items():
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                raise OptionError(f"{name} is {value}; expected 1 to {most:,}")
        if self.choose not in CHOICES:
            raise OptionError(f"choose is {self.choose!r}; take one of {', '.join(CHOICES)}")

    def protocol(self, *, puzzles: int, steps: int) -> dict[str, Any]:
        """How the scores came about, as plain values.

        Args:
            puzzles: scored.
            steps: supervision steps of the deepest answers.
        """
        return {
            "split": "test",
            "checkpoint_step": self.checkpoint_step,
            "puzzles": puzzles,
            "steps": steps,
            "restarts": self.restarts,
            "choose": self.choose if self.restarts > 1 else None,
            "variants": self.variants,
            "search": self.search,
            "regime": self.regime.to_json(),
            "in_training": self.overlap.to_json() if self.overlap else None,
        }


class Report(Protocol):
    """What an evaluation came to, for people and for programs."""

    @property
    def subject(self) -> str:
        """What was scored, to follow the name of the run and "on"."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        ...

    def headline(self) -> dict[str, float]:
        """The few numbers that runs are compared by, by name; shares, the most telling first."""
        ...

    def lines(self) -> list[str]:
        """The scores as lines of text."""
        ...


class Evaluator(Protocol):
    """One way to say what answers are worth."""

    @property
    def takes_variants(self) -> bool:
        """Whether the scores are over the variants that the test split holds, of which a request may ask for fewer."""
        ...

    def check(self, request: EvaluationRequest, corpora: Sequence[Corpus]) -> None:
        """Refuse a request that this evaluator cannot meet, before any work.

        Args:
            request: what is to be scored.
            corpora: as for `evaluate`.

        Raises:
            OptionError: puzzles of this task cannot be asked so.
        """
        ...

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """What each answer is worth for itself: scores while training, and of `evaluate`.

        Args:
            inputs: int64 [B, S].
            labels: int64 [B, S]; pad labels do not count.
            answers: int64 [B, S].
        """
        ...

    def judge_lesson(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """The same for a step of training, the halting target and metrics: on the device, if that can be.

        Whoever reads a value here lets every step wait for the device, and torch.compile cannot take it in. Arguments
        are those of `judge`.
        """
        ...

    def evaluate(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        request: EvaluationRequest,
        ranks: Ranks,
        progress: Progress,
    ) -> Report | None:
        """Score a model on the held-out puzzles of every corpus that has some (`held_out.tested_corpora`).

        Args:
            examinee: the model.
            corpora: those that it was trained on, or of the same kind.
            request: what is to be scored.
            ranks: of the processes that share the work; every one of them must call this.
            progress: told of this rank's part.

        Returns:
            The report on rank 0, None on the others.

        Raises:
            RunError: the corpora hold nothing to score.
        """
        ...


@runtime_checkable
class Answerer(Protocol):
    """What an evaluator by vote may do besides: answer one puzzle that has a name and no text form."""

    def answer(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        puzzle: str,
        num_variants: int | None,
        progress: Progress,
    ) -> Solved:
        """Let a model answer one puzzle.

        Args:
            examinee: the model.
            corpora: those that it was trained on, in their order.
            puzzle: as the user names it.
            num_variants: let the first so many variants of it vote; None for all.
            progress: told of every one.

        Raises:
            OptionError: there is no such puzzle.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """How M test inputs fared whose solution is known.

    Attributes:
        single: bool [M], whether the answer to the input as it is is right.
        rank: int64 [M], place of the solution among the answers by vote, from 1; 0 where nobody gave it.
        votes: int64 [M], variants that voted.
        answers: int64 [M], different answers among them.
    """

    single: NDArray[np.bool_]
    rank: NDArray[np.int64]
    votes: NDArray[np.int64]
    answers: NDArray[np.int64]


@runtime_checkable
class Pollster(Protocol):
    """What an evaluator by vote may do besides: set votes against a single pass, and write nothing."""

    def poll(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        limit: int | None,
        num_variants: int | None,
        progress: Progress,
    ) -> Polled:
        """Let a model answer held-out test inputs under all their variants.

        Args:
            examinee: the model.
            corpora: those that it was trained on, in their order.
            limit: the first so many groups of each; None for all.
            num_variants: the first so many variants of each; None for all.
            progress: told of every one.
        """
        ...
