"""The conformance suite: what every task keeps, ours and those of other packages, as tests for pytest.

Derive from it, give it a `task` fixture, and let pytest run it::

    from trmpipe.generators.registry import get_task
    from trmpipe.generators.testing import TaskConformance

    class TestMyTask(TaskConformance):
        @pytest.fixture(params=["mytask4", "mytask6"])
        def task(self, request):
            return get_task(request.param)

A test that fails says which rule is broken, what the rule is for, what was found, and what to do (`rules`). Tests of
what a task does not have, such as variants, are skipped. The suite needs pytest, which trmpipe itself does not.
"""

from .answers import AnswerRules
from .making import MakingRules
from .variants import VariantRules


class TaskConformance(MakingRules, VariantRules, AnswerRules):
    """The suite; every method takes the task under test.

    Attributes:
        seed: root seed of what is made.
        num_candidates: candidates that a test looks at, 5 or more; of a task with options some must be accepted.
        most_variants: variants of a group that a test looks at, where there are so many.
    """


__all__ = ["TaskConformance"]
