"""The evaluation of puzzles that are judged one by one, whatever the judge."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from torch import Tensor

from trmpipe.generators.errors import InputError, OptionError
from trmpipe.generators.registry import installed_task
from trmpipe.generators.task import Groups
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress

from ..errors import RunError
from ..judging import Judgement
from ..ranks import Ranks
from ..scores.difficulty import levels_of
from ..scores.examinee import Examinee
from ..scores.held_out import names_of, read_held_out_parts, tested_corpora
from ..scores.scoring import together
from ..scores.trials import Trial, Ways, try_puzzles
from .evaluator import MOST_VARIANTS, EvaluationRequest
from .puzzle_report import Findings, PuzzleReport


class PuzzleEvaluator(ABC):
    """An evaluator of single puzzles; those that derive from it say what an answer is worth."""

    takes_variants = False

    @abstractmethod
    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """See `Evaluator.judge`."""

    def judge_lesson(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """See `Evaluator.judge_lesson`; here as `judge` does it."""
        return self.judge(inputs, labels, answers)

    def check(self, request: EvaluationRequest, corpora: Sequence[Corpus]) -> None:
        """Refuse votes where answers to variants cannot be mapped back; see `Evaluator.check`."""
        variants, spec = request.variants or 1, corpora[0].spec
        if variants == 1:
            return
        if variants > MOST_VARIANTS:
            raise OptionError(f"variants is {variants}; expected 1 to {MOST_VARIANTS:,}")
        task = installed_task(spec)
        if task is None:
            raise OptionError(
                f"variants of {spec.name} are made by the task's own code, which is not here; leave out the variants"
            )
        if any((corpus.catalog["test"].examples > 1).any() for corpus in tested_corpora(corpora)):
            raise OptionError(f"puzzles of {spec.name} have several examples; leave out the variants")
        nothing, none = np.empty((0, spec.seq_len), np.uint8), np.empty(0, np.int64)
        try:
            task.map_back(task.examine(Groups.single(none, nothing, nothing)).groups, 0, 0, none, nothing)
        except InputError as error:
            raise OptionError(f"{error}; leave out the variants") from error

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
            OptionError: restarts are to be chosen by what the model does not tell.
        """
        parts = read_held_out_parts(corpora, request.limit)
        if not parts:
            raise RunError(f"{corpora[0].path} holds no held-out puzzles to score; generate it with --test N")
        tested = tested_corpora(corpora)
        by_name = {name: corpus for name, corpus in zip(names_of(tested), tested, strict=True) if name in parts}
        deep = replace(examinee, num_steps=max(examinee.num_steps, request.steps or 1))
        ways = _ways(request, examinee.num_steps, by_name.values())
        found = {
            name: try_puzzles(deep, corpus, parts[name], self.judge, ways, ranks, progress)
            for name, corpus in by_name.items()
        }
        known = {name: one for name, one in found.items() if one is not None}
        if not known:
            return None
        build = partial(Findings, request=request, own_steps=examinee.num_steps)
        whole = build(
            scores=together({name: scores for name, (scores, _) in known.items()}),
            trial=Trial.join([trial for _, trial in known.values()]),
            levels=levels_of(list(by_name.values())),
        )
        each = {
            name: build(scores=scores, trial=trial, levels=levels_of([by_name[name]]))
            for name, (scores, trial) in known.items()
        }
        paths = tuple(corpus.path for corpus in by_name.values())
        return PuzzleReport(whole=whole, parts=each if len(each) > 1 else {}, corpora=paths)


def _ways(request: EvaluationRequest, own_steps: int, corpora: Collection[Corpus]) -> Ways:
    """How puzzles are asked beside the single pass, which makes `own_steps`."""
    variants = request.variants or 1
    return Ways(
        steps=request.steps or own_steps,
        restarts=request.restarts,
        choose=request.choose,
        variants=variants,
        task=installed_task(next(iter(corpora)).spec) if variants > 1 else None,
        search=request.search or 0,
    )
