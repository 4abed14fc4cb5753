"""What an evaluation by vote came to, for people and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trmpipe.shards.words import counted

from .score import ArcScores

_REMARKS = (
    (
        "unscored_inputs",
        "test input has no known solution and is not scored",
        "test inputs have no known solution and are not scored",
    ),
    ("inputs_without_votes", "test input has no votes", "test inputs have no votes"),
    ("unmatched_rows", "row matches no test input", "rows match no test input"),
)
"""Counts of the scores that are told where they are not 0: in the singular, in the plural."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesReport:
    """Scores by vote and the files that were written; a `Report`.

    Attributes:
        scores: pass@K.
        corpus: path of the corpus whose test inputs these are.
        submission: the file with two attempts for every test input; None where it could not be written.
        picture: input, target and best answers of a few tasks; None likewise.
        not_written: why one of these could not be; empty where both are there.
        protocol: how the scores came about, see `EvaluationRequest.protocol`.
    """

    scores: ArcScores
    corpus: str
    submission: Path | None = None
    picture: Path | None = None
    not_written: str = ""
    protocol: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """See `Report`."""
        return f"{counted(len(self.scores.scored), 'task')} of {self.corpus}, {counted(self.scores.num_rows, 'vote')}"

    def to_json(self) -> dict[str, Any]:
        """See `Report`."""
        about = {"protocol": dict(self.protocol)} if self.protocol else {}
        files = {name: None if path is None else str(path) for name, path in self._files.items()}
        why = {"not_written": self.not_written} if self.not_written else {}
        return {**self.scores.to_json(), **about, **files, **why}

    @property
    def _files(self) -> dict[str, Path | None]:
        return {"submission": self.submission, "picture": self.picture}

    def headline(self) -> dict[str, float]:
        """See `Report`: the fractional scores of one and of two attempts, and of as many as are counted."""
        return _headline(self.scores)

    def lines(self) -> list[str]:
        """A table, a row for each K, what is to be remarked, and where the files are."""
        facts = self.to_json()
        table = [f"{row['k']:>6} {row['fractional']:>11.2%} {row['strict']:>8.2%}" for row in facts["pass"]]
        remarks = [
            f"{facts[name]:,} {one if facts[name] == 1 else several}" for name, one, several in _REMARKS if facts[name]
        ]
        files = [f"{name:<10} {path}" for name, path in self._files.items() if path is not None]
        missing = " and ".join(name for name, path in self._files.items() if path is None)
        why = [f"no {missing} written: {self.not_written}"] if self.not_written else []
        return [f"{'pass@K':>6} {'fractional':>11} {'strict':>8}", *table, *remarks, *files, *why]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralReports:
    """Scores by vote of several corpora, each for itself; a `Report`.

    Attributes:
        reports: those of the corpora by their names.
    """

    reports: Mapping[str, VotesReport]

    @property
    def subject(self) -> str:
        """See `Report`."""
        return f"{len(self.reports)} corpora"

    def to_json(self) -> dict[str, Any]:
        """See `Report`: the scores over the tasks of all, and beside them those of each corpus with its tasks."""
        reports = list(self.reports.values())
        scores = self._pooled.to_json()
        del scores["per_task"]
        puzzles = sum(len(report.scores.scored) for report in reports)
        about = {"protocol": {**reports[0].protocol, "puzzles": puzzles}} if reports[0].protocol else {}
        corpora = [{"corpus": name, **report.to_json()} for name, report in self.reports.items()]
        return {**scores, **about, "corpora": corpora}

    @property
    def _pooled(self) -> ArcScores:
        scores = [report.scores for report in self.reports.values()]
        return ArcScores(
            ks=scores[0].ks,
            tasks=tuple(task for one in scores for task in one.tasks),
            num_rows=sum(one.num_rows for one in scores),
            num_unmatched=sum(one.num_unmatched for one in scores),
        )

    def headline(self) -> dict[str, float]:
        """See `Report`: those of the corpora's reports, over the tasks of all together."""
        return _headline(self._pooled)

    def lines(self) -> list[str]:
        """The lines of every report, under what they are of."""
        parts = [["", report.subject, *report.lines()] for report in self.reports.values()]
        return [line for part in parts for line in part][1:]


def _headline(scores: ArcScores) -> dict[str, float]:
    return {f"pass@{k}": scores.fractional(k) for k in scores.ks if k in (1, 2) or k == max(scores.ks)}
