"""Scores of `trmpipe evaluate`, kept in the run: a sealed file below ``evaluations/`` for each question.

A question is: which corpora, how many puzzles, after which step, and how each puzzle was asked (depth, restarts,
variants, a search), where that is not the usual way. Whoever asks it again replaces the answer. The folder has an owner
of its own while it is written, so that a run can be evaluated while it is trained.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trmpipe.shards import Corpus, json_digest
from trmpipe.shards.fields import Count, Measured, Positive, Word
from trmpipe.shards.json_files import read_sealed

from ..errors import RunError
from ..evaluators import EvaluationRequest, Report
from ..files import AGAIN, damage_of_a_run, is_left_behind, read_file, write_sealed
from ..runs.evaluation_file import read_evaluation
from ..runs.naming import folder_name
from ..runs.run_config import TrainedOn
from ..runs.run_folder import RunFolder, owning_evaluations
from ..scores.scoring import headline_of

VERSION = 1
_NAME_LETTERS = 16
_ADVICE = "delete it, and evaluate the run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScores:
    """What an evaluation came to.

    Attributes:
        step: steps that the run had taken.
        corpora: that it was scored on.
        corpus: name of the folder of the first of them.
        limit: groups that were asked for; None for all.
        variants: variants of each that were asked for; None for the run's own number, or where none voted.
        steps: supervision steps that were asked for; None for the run's own number.
        restarts: that were made.
        choose: what one of several was chosen by; empty where there was one.
        search: rounds that a search might take; None where there was none.
        headline: the numbers that runs are compared by.
        made: when, as ISO 8601; empty where it is not noted.
    """

    step: Count
    corpora: tuple[TrainedOn, ...]
    corpus: Word
    limit: Positive | None
    variants: Positive | None
    headline: dict[Word, Measured]
    steps: Positive | None = None
    restarts: Positive = 1
    choose: Word = ""
    search: Positive | None = None
    made: Word = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the corpora: of a single one its folder's, as people know it."""
        return tuple(corpus.name for corpus in self.corpora) if len(self.corpora) > 1 else (self.corpus,)

    @property
    def rank(self) -> tuple[int, bool, bool, int, str]:
        """Of the newest step, as the run itself answers, over most puzzles, made last: the greatest says most."""
        usual = self.steps is None and self.restarts == 1 and self.variants is None and self.search is None
        return self.step, usual, self.limit is None, self.limit or 0, self.made


def keep_scores(
    run: RunFolder, step: int, corpora: Sequence[Corpus], request: EvaluationRequest, report: Report
) -> Path:
    """Keep what an evaluation came to.

    Args:
        run: that was evaluated.
        step: steps that it had taken.
        corpora: that it was scored on.
        request: what was scored.
        report: what it came to.

    Returns:
        The file.

    Raises:
        OwnedError: another command is keeping scores of this run.
        WriteError: the folder cannot be written.
        RunWriteError: the file cannot be written.
    """
    question = {
        "step": step,
        "corpora": [{"name": corpus.name, "content_digest": corpus.manifest.content_digest} for corpus in corpora],
        "limit": request.limit,
        "variants": request.asked_variants,
        **_asked_otherwise(request),
    }
    path = run.evaluations / f"step-{step:06d}-{json_digest(question)[:_NAME_LETTERS]}.json"
    values = {
        "version": VERSION,
        **question,
        "corpus": folder_name(corpora[0]),
        "headline": report.headline(),
        "made": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "scores": report.to_json(),
    }
    with owning_evaluations(run.path):
        for left in run.evaluations.glob("*"):
            if is_left_behind(left):
                left.unlink()
        write_sealed(path, values, AGAIN)
    return path


def _asked_otherwise(request: EvaluationRequest) -> dict[str, int | str]:
    """What makes it another question; nothing of the usual one, whose file keeps its name."""
    asked = {"steps": request.steps, "search": request.search}
    numbers: dict[str, int | str] = {name: value for name, value in asked.items() if value is not None}
    return numbers | ({"restarts": request.restarts, "choose": request.choose} if request.restarts > 1 else {})


def read_kept(run: RunFolder) -> tuple[list[KeptScores], list[str]]:
    """All that is kept of evaluations of a run, the one at the end of training included, and what is damaged.

    Returns:
        The scores, the most telling first, and a line for each file that cannot be read.
    """
    found, damaged = [], []
    for path in sorted(run.evaluations.glob("step-*.json")):
        try:
            with damage_of_a_run():
                found.append(read_sealed(read_file(path), KeptScores, str(path), _ADVICE))
        except RunError as error:
            damaged.append(str(error))
    try:
        found += _last_scores(run)
    except RunError as error:
        damaged.append(str(error))
    return sorted(found, key=lambda kept: kept.rank, reverse=True), damaged


def _last_scores(run: RunFolder) -> list[KeptScores]:
    """The scores of the last weights, and of the best ones where they are others; none of a run without them."""
    final = read_evaluation(run)
    if final is None:
        return []
    about = run.read_config()
    return [
        KeptScores(
            step=step,
            corpora=about.corpora,
            corpus=about.corpora[0].name,
            limit=scores.puzzles,
            variants=None,
            headline=headline_of(scores.last()),
        )
        for step, scores, _ in final.scored()
    ]
