"""The protocol of evaluators: what one answer is worth while training, and what a whole model is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress

from ..examinee import Examinee
from ..judging import Judgement
from ..ranks import Ranks
from ..solved import Solved


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What is to be scored.

    Attributes:
        folder: where files that belong to the scores go.
        limit: the first so many held-out groups; None for all.
        variants: the first so many variants of each, for evaluators that take them; None for all.
    """

    folder: Path
    limit: int | None = None
    variants: int | None = None


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
        """Whether the scores are over variants of the held-out groups, of which a request may ask for fewer."""
        ...

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """What each answer is worth for itself: the halting target, training metrics, and scores while training.

        Args:
            inputs: int64 [B, S].
            labels: int64 [B, S]; pad labels do not count.
            answers: int64 [B, S].
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
