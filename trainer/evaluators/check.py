"""``check``: an answer is right if the task accepts it, for tasks whose puzzles have several solutions.

Halting learns from that verdict. Metrics and scores have it as the column ``accepted``, beside ``exact``, which still
asks for the stored label; scores have whatever else the task says of answers besides (`Task.verdicts`).
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.errors import InputError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import PAD, Task, TaskSpec

from ..errors import RunError
from ..judging import ACCEPTED, Judgement, judge_by_label
from ..scores.open_cells import is_open
from .puzzles import PuzzleEvaluator

_BESIDE = (
    "Task.check_beside of {} is asked with tensors as with arrays of NumPy; mend the package that brings it, or leave "
    "the method out"
)


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
        if self._task.checks_beside:
            _try_beside(self._task)

    def judge(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """An answer counts if `Task.check` accepts it; where labels are pad, it is taken as pad."""
        asked, said = _tokens(inputs), _tokens(_counted(labels, answers))
        found = {ACCEPTED: self._task.check(asked, said), **self._task.verdicts(asked, said)}
        more = {name: torch.from_numpy(verdict).to(answers.device) for name, verdict in found.items()}
        return self._judgement(inputs, labels, answers, more)

    def judge_lesson(self, inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
        """The same by `Task.check_beside` where the task has it; what else it says of answers is left to scores."""
        counted = _counted(labels, answers)
        if self._task.checks_beside:
            accepted = self._task.check_beside(inputs, labels, counted)
        else:
            accepted = torch.from_numpy(self._task.check(_tokens(inputs), _tokens(counted))).to(answers.device)
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


def _try_beside(task: Task) -> None:
    """Let a task check a row of tensors, before a training depends on it.

    Raises:
        RunError: it does not take tensors, or gives something else than a verdict a row.
    """
    row = torch.ones(1, task.spec.seq_len, dtype=torch.int64)
    try:
        found = task.check_beside(row, row, row)
    except Exception as error:
        raise RunError(f"{_BESIDE.format(task.spec.name)}, and it raises {type(error).__name__}: {error}") from error
    if not (isinstance(found, Tensor) and found.dtype == torch.bool and found.shape == (1,)):
        raise RunError(f"{_BESIDE.format(task.spec.name)}, and it gives {found!r:.60}, expected bool [1]")


def _counted(labels: Tensor, answers: Tensor) -> Tensor:
    return torch.where(labels == PAD, PAD, answers)


def _tokens(values: Tensor) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = values.to(torch.uint8).cpu().numpy()
    return found
