"""``votes``: a model on the test inputs of ARC tasks, every variant predicted, votes counted, answers handed in.

Shapes: N rows (test inputs under their variants), S = 900 tokens of one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.arc.grids import crop
from trmpipe.generators.errors import OptionError
from trmpipe.generators.task import PAD, TaskSpec
from trmpipe.shards import Corpus, Examples
from trmpipe.shards.errors import OwnedError, WriteError
from trmpipe.shards.progress import Progress

from ..errors import RunError, RunWriteError
from ..evaluators import EvaluationRequest, Polled, Report
from ..files import write_json
from ..judging import Judgement, judge_by_label
from ..learners import last_answer
from ..ranks import Ranks
from ..runs.run_folder import owning_evaluations
from ..scores.examinee import Examinee
from ..scores.held_out import count_held_out_rows, held_out_rows, identifiers_before, names_of, tested_corpora
from .asking import ask_about
from .pictures import draw_answers
from .report import SeveralReports, VotesReport
from .score import ArcScores, InputScore, score
from .solved_task import SolvedTask

SUBMISSION = "submission.json"
PICTURE = "arc.png"
_BATCHES = {"cpu": 8}
"""Rows predicted at once: on a CPU few, so that they stay in its cache and all cores have some."""
_DEFAULT_BATCH = 256


@dataclass(frozen=True, slots=True)
class Predictions:
    """Rows of one rank or of all.

    Attributes:
        identifiers: int32 [N], of the corpus itself.
        inputs: uint8 [N, S].
        answers: uint8 [N, S], after the last supervision step.
        probabilities: float64 [N], what the halting head gives for "solved" there.
    """

    identifiers: NDArray[np.int32]
    inputs: NDArray[np.uint8]
    answers: NDArray[np.uint8]
    probabilities: NDArray[np.float64]


class VotesEvaluator:
    """The evaluator; while training, single rows are judged by their labels, as nobody votes then."""

    takes_variants = True

    def __init__(self, spec: TaskSpec) -> None:
        pass

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """See `judge_by_label`."""
        return judge_by_label(inputs, labels, answers)

    judge_lesson = judge

    def check(self, request: EvaluationRequest, corpora: Sequence[Corpus]) -> None:
        """Refuse restarts and a search, as every answer votes; see `Evaluator.check`."""
        for asked, what in ((request.restarts > 1, "restarts"), (request.search is not None, "search")):
            if asked:
                raise OptionError(f"{corpora[0].spec.name} is scored by the votes of variants; leave out the {what}")

    def evaluate(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        request: EvaluationRequest,
        ranks: Ranks,
        progress: Progress,
    ) -> Report | None:
        """Predict this rank's share of the rows; on rank 0, score those of all and write what is to be kept.

        See `Evaluator.evaluate`. ``submission.json`` and a picture go to the request's folder, which is owned meanwhile
        as by what keeps the scores of evaluations: neither is replaced while another command writes there. Where they
        cannot be written, the report says so and has the scores. Where several corpora are scored, each by its own
        votes, their files have the corpora's names behind.
        """
        examinee = replace(examinee, num_steps=request.steps or examinee.num_steps)
        tested = tested_corpora(corpora)
        if not tested:
            raise RunError(f"{corpora[0].path} holds no test inputs to score; generate it with a set of test tasks")
        if len(tested) == 1:
            return self._evaluate(examinee, tested[0], identifiers_before(corpora, tested[0]), request, ranks, progress)
        reports = {}
        for name, corpus in zip(names_of(tested), tested, strict=True):
            offset = identifiers_before(corpora, corpus)
            reports[name] = self._evaluate(examinee, corpus, offset, request, ranks, progress, f"-{name}")
        found = {name: report for name, report in reports.items() if report is not None}
        return SeveralReports(reports=found) if found else None

    def _evaluate(
        self,
        examinee: Examinee,
        corpus: Corpus,
        offset: int,
        request: EvaluationRequest,
        ranks: Ranks,
        progress: Progress,
        ending: str = "",
    ) -> VotesReport | None:
        """Score one corpus, whose identifiers the network knows `offset` further on."""
        tests: dict[str, Any] = {}
        shares = []
        for rows in _rows_of(corpus, request.limit, request.variants, ranks, progress):
            _add_tests(tests, rows, corpus.catalog["test"].names)
            mine = rows.take(slice(ranks.rank, None, ranks.world_size))
            shares.append(_predict(examinee, mine, offset, progress))
        gathered = ranks.gather(_joined(shares))
        if not gathered:
            return None
        report = _report(request.folder, ending, corpus, tests, _joined(gathered))
        num_tasks = len(report.scores.scored)
        return replace(report, protocol=request.protocol(puzzles=num_tasks, steps=examinee.num_steps))

    def poll(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        limit: int | None,
        num_variants: int | None,
        progress: Progress,
    ) -> Polled:
        """Every corpus by its own votes, one after the other; see `Pollster`."""
        single: list[bool] = []
        found: list[InputScore] = []
        for corpus in tested_corpora(corpora):
            offset, shares = identifiers_before(corpora, corpus), []
            tests: dict[str, Any] = {}
            right: dict[str, list[bool]] = {}
            names = corpus.catalog["test"].names
            for rows in _rows_of(corpus, limit, num_variants, Ranks(), progress):
                _add_tests(tests, rows, names)
                shares.append(_predict(examinee, rows, offset, progress))
                _add_single(right, rows, shares[-1].answers, names)
            for task in _scores_of(corpus, tests, _joined(shares)).tasks:
                known = [one.rank is not None for one in task.inputs]
                single += compress(right[task.task], known)
                found += task.scored
        return Polled(
            single=np.array(single, bool),
            rank=np.array([one.rank for one in found], np.int64),
            votes=np.array([one.num_votes for one in found], np.int64),
            answers=np.array([one.num_answers for one in found], np.int64),
        )

    def answer(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        puzzle: str,
        num_variants: int | None,
        progress: Progress,
    ) -> SolvedTask:
        """The best answers by vote to one task, which is given by its id or as a JSON file; see `Answerer`."""
        question = ask_about(corpora, puzzle, num_variants)
        progress.start("predicting", len(question.rows))
        rows = _predict(examinee, question.rows, 0, progress)
        progress.finish()
        tests = {question.task: {"test": question.tests}}
        scores = score(question.names, rows.inputs, rows.answers, rows.probabilities, tests)
        return SolvedTask(question=question, score=scores.tasks[0])


def _rows_of(
    corpus: Corpus, limit: int | None, num_variants: int | None, ranks: Ranks, progress: Progress
) -> Iterator[Examples]:
    """The rows that are predicted, a shard at a time; the progress is told how many this rank has."""
    num_rows = count_held_out_rows(corpus, num_groups=limit, num_variants=num_variants)
    progress.start("predicting", num_rows // ranks.world_size)
    yield from held_out_rows(corpus, num_groups=limit, num_variants=num_variants)
    progress.finish()


def _add_tests(tests: dict[str, Any], rows: Examples, names: Sequence[str | None]) -> None:
    """Add the test pairs of the bases among `rows`, in the form that `score` takes."""
    for i in np.flatnonzero(rows.variants == 0):
        known = (rows.labels[i] != PAD).any()
        pair = {"input": crop(rows.inputs[i]).tolist(), "output": crop(rows.labels[i]).tolist() if known else None}
        tests.setdefault(str(names[rows.groups[i]]), {"test": []})["test"].append(pair)


def _add_single(
    right: dict[str, list[bool]], rows: Examples, answers: NDArray[np.uint8], names: Sequence[str | None]
) -> None:
    """Add whether the answers to the bases among `rows` are right, in the order of `_add_tests`."""
    counted = rows.labels != PAD
    exact = ((answers == rows.labels) | ~counted).all(1)
    for i in np.flatnonzero(rows.variants == 0):
        right.setdefault(str(names[rows.groups[i]]), []).append(bool(exact[i]))


def _predict(examinee: Examinee, rows: Examples, offset: int, progress: Progress) -> Predictions:
    """Answers to `rows`, whose identifiers the network knows `offset` further on."""
    size = _BATCHES.get(examinee.device.type, _DEFAULT_BATCH)

    def batch_answers(start: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        run = slice(start, start + size)
        return final_answers(examinee, rows.inputs[run], rows.identifiers[run] + np.int32(offset))

    answers = np.empty_like(rows.inputs)
    probabilities = np.empty(len(rows))
    done = 0
    for tokens, halting in examinee.spread(batch_answers, range(0, len(rows), size)):
        answers[done : done + len(tokens)], probabilities[done : done + len(tokens)] = tokens, halting
        done += len(tokens)
        progress.advance(len(tokens))
    return Predictions(rows.identifiers, rows.inputs, answers, probabilities)


def final_answers(
    examinee: Examinee, inputs: NDArray[np.uint8], identifiers: NDArray[np.int32]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Likeliest tokens uint8 [N, S] and halting probabilities float64 [N] after the last supervision step.

    The probabilities are 1 where the learner has no halting, so that votes alone decide.
    """
    last = last_answer(examinee.answers(inputs, identifiers))
    tokens = last.tokens.to(torch.uint8).cpu().numpy()
    return tokens, np.ones(len(tokens)) if last.halt is None else torch.sigmoid(last.halt.cpu().double()).numpy()


def _joined(parts: Sequence[Predictions]) -> Predictions:
    names = ("identifiers", "inputs", "answers", "probabilities")
    return Predictions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _scores_of(corpus: Corpus, tests: dict[str, Any], rows: Predictions) -> ArcScores:
    known = corpus.variant_names()
    names = [known[identifier] for identifier in rows.identifiers.tolist()]
    return score(names, rows.inputs, rows.answers, rows.probabilities, tests)


def _report(folder: Path, ending: str, corpus: Corpus, tests: dict[str, Any], rows: Predictions) -> VotesReport:
    """Score the rows of all ranks, and write the submission and the picture to `folder`, where that can be done."""
    scores = _scores_of(corpus, tests, rows)
    submission, picture = (folder / Path(name).with_stem(Path(name).stem + ending) for name in (SUBMISSION, PICTURE))
    report = VotesReport(scores=scores, corpus=corpus.path)
    try:
        with owning_evaluations(folder):
            write_json(submission, scores.submission(), indent=None)
            report = replace(report, submission=submission)
            draw_answers(scores, tests, picture)
            return replace(report, picture=picture)
    except (OwnedError, WriteError, RunWriteError) as error:
        return replace(report, not_written=str(error))
