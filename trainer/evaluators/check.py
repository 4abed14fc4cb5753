"""``check``: an answer is right if the task accepts it, for tasks whose puzzles have several solutions.

Halting learns from that verdict. Metrics and scores have it as the column ``accepted``, beside ``exact``, which still
asks for the stored label, and whatever else the task says of answers (`Task.verdicts`).
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.errors import InputError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import PAD, TaskSpec

from ..errors import RunError
from ..judging import ACCEPTED, Judgement, judge_by_label
from ..open_cells import is_open
from .puzzles import PuzzleEvaluator


class CheckEvaluator(PuzzleEvaluator):
    """The evaluator.

    Raises:
        RunError: the task's code, which has to accept answers, is not installed, or does not say what is right.
    """

    def __init__(self, spec: TaskSpec) -> None:
        try:
            self._task = get_task(spec.name)
        except InputError as error:
            raise RunError(
                f"answers to {spec.name} are judged by the task's own code, which is not here ({error}); "
                "install the package that brings it"
            ) from error
        if not self._task.judges:
            raise RunError(
                f"answers to {spec.name} are judged by the task's own code, which does not say what is right; "
                "mend the package that brings it (Task.check)"
            )

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """An answer counts if `Task.check` accepts it; where labels are pad, it is taken as pad."""
        asked, said = _tokens(inputs), _tokens(_counted(labels, answers))
        found = {ACCEPTED: self._task.check(asked, said), **self._task.verdicts(asked, said)}
        more = {name: torch.from_numpy(verdict).to(answers.device) for name, verdict in found.items()}
        return self._judgement(inputs, labels, answers, more)

    def judge_lesson(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """The same by `Task.check_beside` where the task has it; what else it says of answers is left to scores."""
        if not self._task.checks_beside:
            return self.judge(inputs, labels, answers)
        accepted = self._task.check_beside(inputs, labels, _counted(labels, answers))
        return self._judgement(inputs, labels, answers, {ACCEPTED: accepted})

    def _judgement(self, inputs: Tensor, labels: Tensor, answers: Tensor, more: Mapping[str, Tensor]) -> Judgement:
        by_label = judge_by_label(inputs, labels, answers)
        return Judgement(
            cell=by_label.cell,
            exact=by_label.exact,
            solved=more[ACCEPTED],
            more=more,
            open=is_open(inputs, labels, self._task.blank),
        )


def _counted(labels: Tensor, answers: Tensor) -> Tensor:
    return torch.where(labels == PAD, PAD, answers)


def _tokens(values: Tensor) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = values.to(torch.uint8).cpu().numpy()
    return found
