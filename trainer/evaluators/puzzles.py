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
from ..held_out import read_held_out_parts, tested_corpora
from ..judging import Judgement
from ..ranks import Ranks
from ..scoring import HALTED, Scores, score_parts
from .evaluator import EvaluationRequest

_HEADINGS = {"cell": "cells", HALTED: "thinks so"}
"""Columns that the table calls otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PuzzleReport:
    """Scores after every supervision step; a `Report`.

    Attributes:
        scores: of the puzzles.
        corpora: paths of the corpora that they are from.
    """

    scores: Scores
    corpora: tuple[str, ...]

    @property
    def subject(self) -> str:
        """See `Report`."""
        return f"{self.scores.num_puzzles:,} held-out puzzles of {' and '.join(self.corpora)}"

    def to_json(self) -> dict[str, Any]:
        """See `Report`."""
        return self.scores.to_json()

    def lines(self) -> list[str]:
        """A table, a row for each step; where there are several corpora, such a table of each after that of all."""
        lines = _table(self.scores)
        for name, part in self.scores.parts.items():
            lines += ["", f"{part.num_puzzles:,} of {name}", *_table(part)]
        return lines


def _table(scores: Scores) -> list[str]:
    headings = {name: _HEADINGS.get(name, name) for name in scores.columns}
    widths = {name: max(8, len(heading) + 2) for name, heading in headings.items()}
    head = "step " + " ".join(f"{heading:>{widths[name]}}" for name, heading in headings.items())
    rows = [
        f"{row['step']:>4} " + " ".join(f"{row[name]:>{widths[name]}.2%}" for name in headings)
        for row in scores.to_json()["steps"]
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
        parts = read_held_out_parts(corpora, request.limit)
        if not parts:
            raise RunError(f"{corpora[0].path} holds no held-out puzzles to score; generate it with --test N")
        scores = score_parts(examinee, parts, self.judge, ranks, progress)
        paths = tuple(corpus.path for corpus in tested_corpora(corpora))
        return None if scores is None else PuzzleReport(scores=scores, corpora=paths)
