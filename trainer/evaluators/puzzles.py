"""The evaluation of puzzles that are judged one by one, whatever the judge: a table by supervision step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress
from trmpipe.shards.words import counted

from ..errors import RunError
from ..examinee import Examinee
from ..held_out import read_held_out_parts, tested_corpora
from ..judging import Judgement
from ..ranks import Ranks
from ..scoring import HALTED, OPEN, Scores, score_parts
from .evaluator import EvaluationRequest

_HEADINGS = {"cell": "cells", OPEN: "open cells", HALTED: "says solved"}
"""Columns that the table calls otherwise."""
_STEP = "supervision step"


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
        return f"{counted(self.scores.num_puzzles, 'held-out puzzle')} of {' and '.join(self.corpora)}"

    def to_json(self) -> dict[str, Any]:
        """See `Report`."""
        return self.scores.to_json()

    def headline(self) -> dict[str, float]:
        """See `Report`."""
        return self.scores.headline()

    def lines(self) -> list[str]:
        """A table, a row for each supervision step, and what its words mean; of several corpora one of each too."""
        lines = _table(self.scores)
        for name, part in self.scores.parts.items():
            lines += ["", f"{part.num_puzzles:,} of {name}", *_table(part)]
        return lines


def _table(scores: Scores) -> list[str]:
    rows, open_cells = scores.to_json()["steps"], scores.open_cells
    # Given cells, of which there may be many, are right whatever a network has learned: JSON alone counts them.
    names = [name for name in scores.columns if name != "cell"]
    names.insert(0, "cell" if open_cells is None else OPEN)
    headings = {name: _HEADINGS.get(name, name) for name in names}
    widths = {name: max(8, len(heading) + 2) for name, heading in headings.items()}
    head = f"{_STEP} " + " ".join(f"{heading:>{widths[name]}}" for name, heading in headings.items())
    table = [
        f"{row['step']:>{len(_STEP)}} " + " ".join(f"{row[name]:>{widths[name]}.2%}" for name in names) for row in rows
    ]
    if open_cells is None:
        return [head, *table]
    return [
        head,
        *table,
        f"open cells: the {open_cells.number:,} whose answer the puzzles do not show; guessing the commonest one "
        f"for all of them gets {open_cells.guessing:.2%}",
    ]


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
