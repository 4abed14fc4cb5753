"""An evaluator: an answer is right where no two neighbours clash; how many do is shown beside it."""

import torch

from trmpipe.trainer.evaluators.puzzles import PuzzleEvaluator
from trmpipe.trainer.judging import Judgement, judge_by_label

from .task import clashes


class ClashEvaluator(PuzzleEvaluator):
    def __init__(self, spec):
        self.shape = spec.grid_shape

    def judge(self, inputs, labels, answers):
        by_label = judge_by_label(inputs, labels, answers)
        number = torch.from_numpy(clashes(answers.cpu().numpy().reshape(-1, *self.shape)))
        calm = number == 0
        return Judgement(cell=by_label.cell, exact=by_label.exact, solved=calm, more={"calm": calm})
