"""``label``: an answer is right if it equals the stored label, for tasks whose puzzles have one solution."""

from collections.abc import Sequence

from torch import Tensor

from trmpipe.generators.task import TaskSpec
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress

from ..examinee import Examinee
from ..judging import Judgement, judge_by_label
from ..ranks import Ranks
from .evaluator import EvaluationRequest
from .puzzles import PuzzleReport, evaluate_puzzles


class LabelEvaluator:
    """The evaluator; it needs nothing of the task's code."""

    takes_variants = False

    def __init__(self, spec: TaskSpec) -> None:
        pass

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """See `judge_by_label`."""
        return judge_by_label(inputs, labels, answers)

    def evaluate(
        self,
        examinee: Examinee,
        corpora: Sequence[Corpus],
        request: EvaluationRequest,
        ranks: Ranks,
        progress: Progress,
    ) -> PuzzleReport | None:
        """See `Evaluator.evaluate`."""
        return evaluate_puzzles(self.judge, examinee, corpora, request, ranks, progress)
