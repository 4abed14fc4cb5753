"""``label``: an answer is right if it equals the stored label, for tasks whose puzzles have one solution."""

from torch import Tensor

from trmpipe.generators.task import TaskSpec

from ..judging import Judgement, judge_by_label
from .puzzles import PuzzleEvaluator


class LabelEvaluator(PuzzleEvaluator):
    """The evaluator; it needs nothing of the task's code."""

    def __init__(self, spec: TaskSpec) -> None:
        pass

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """See `judge_by_label`."""
        return judge_by_label(inputs, labels, answers)
