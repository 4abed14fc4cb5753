"""Evaluators: what answers are worth, one way a file, found by name in `EVALUATORS`.

A task names its evaluator (`TaskSpec.scoring`). An entry is a function from the task's spec to an `Evaluator`. A new
one is one file and its line in `EVALUATORS`; an installed package adds entry points to the group
``trmpipe.evaluators``.
"""

from collections.abc import Callable

from trmpipe.generators.plugins import Registry
from trmpipe.generators.task import TaskSpec

from ..errors import SettingError
from .evaluator import Answerer, EvaluationRequest, Evaluator, Polled, Pollster, Report

EVALUATORS: Registry[Callable[[TaskSpec], Evaluator]] = Registry(
    "trmpipe.evaluators",
    "evaluator",
    {
        "label": "trmpipe.trainer.evaluators.label:LabelEvaluator",
        "check": "trmpipe.trainer.evaluators.check:CheckEvaluator",
        "votes": "trmpipe.trainer.arc.evaluation:VotesEvaluator",
    },
    SettingError,
)
"""Evaluators by name."""


def evaluator_of(spec: TaskSpec) -> Evaluator:
    """The evaluator that a task names.

    Raises:
        SettingError: there is none of this name.
        RunError: it needs the task's code, which is not installed.
    """
    return EVALUATORS[spec.scoring](spec)


__all__ = ["EVALUATORS", "Answerer", "EvaluationRequest", "Evaluator", "Polled", "Pollster", "Report", "evaluator_of"]
