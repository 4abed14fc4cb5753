"""The evaluation of puzzles that are judged one by one, whatever the judge: a table with a row for each step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress

from ..errors import RunError
from ..examinee import Examinee
from ..held_out import read_held_out, tested_corpus
from ..judging import Judgement
from ..ranks import Ranks
from ..scoring import HALTED, Scores, score
from .evaluator import EvaluationRequest

_HEADINGS = {"cell": "cells", HALTED: "thinks so"}
"""Columns that the table calls otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PuzzleReport:
    """Scores after every supervision step; a `Report`.

    Attributes:
        scores: of the puzzles.
        corpus: path of the corpus that they are from.
    """

    scores: Scores
    corpus: str

    @property
    def subject(self) -> str:
        """See `Report`."""
        return f"{self.scores.num_puzzles:,} held-out puzzles of {self.corpus}"

    def to_json(self) -> dict[str, Any]:
        """See `Report`."""
        return self.scores.to_json()

    def headline(self) -> dict[str, float]:
        """See `Report`."""
        return self.scores.headline()

    def lines(self) -> list[str]:
        """A table, a row for each step."""
        headings = {name: _HEADINGS.get(name, name) for name in self.scores.columns}
        widths = {name: max(8, len(heading) + 2) for name, heading in headings.items()}
        head = "step " + " ".join(f"{heading:>{widths[name]}}" for name, heading in headings.items())
        rows = [
            f"{row['step']:>4} " + " ".join(f"{row[name]:>{widths[name]}.2%}" for name in headings)
            for row in self.to_json()["steps"]
        ]
        return [head, *rows]


class PuzzleEvaluator(ABC):
    """An evaluator of single puzzles; those that derive from it say what an answer is worth."""

    takes_variants = False

    @abstractmethod
    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """See `Evaluator.judge`."""

    def evaluate(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        request: EvaluationRequest,
        ranks: Ranks,
        progress: Progress,
    ) -> PuzzleReport | None:
        """Score held-out puzzles one by one; see `Evaluator.evaluate`.

        Raises:
            RunError: there are no held-out puzzles.
        """
        examples = read_held_out(corpora, request.limit)
        if not len(examples):
            raise RunError(f"{corpora[0].path} holds no held-out puzzles to score; generate it with --test N")
        scores = score(examinee, examples, self.judge, ranks, progress)
        return None if scores is None else PuzzleReport(scores=scores, corpus=tested_corpus(corpora).path)
