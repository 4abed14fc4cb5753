"""What answers are worth, example by example: the target of halting and the metrics of a training step.

An evaluator gives a `Judge`; a learner calls it on the answers that it trains on. Pad labels never count.

Shapes: B batch, S sequence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from trmpipe.generators.task import PAD

ACCEPTED = "accepted"
"""The column of answers that the task itself accepts, where it judges."""


def solved_column(columns: Mapping[str, object]) -> str:
    """The column of scores that says which puzzles are solved: accepted where the task judges, else as labelled."""
    return ACCEPTED if ACCEPTED in columns else "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What each of B answers is worth.

    Attributes:
        cell: float32 [B], share of cells that equal the stored label.
        exact: bool [B], whether all cells do.
        solved: bool [B], whether the answer counts as right; what halting learns.
        more: further columns [B] by name, for metrics and scores.
        open: bool [B, S], the cells that are asked for and not given; None for those in which input and label differ.
    """

    cell: Tensor
    exact: Tensor
    solved: Tensor
    more: Mapping[str, Tensor] = field(default_factory=dict)
    open: Tensor | None = None

    @property
    def columns(self) -> dict[str, Tensor]:
        """All that is measured, [B] each, by name."""
        return {"cell": self.cell, "exact": self.exact, **self.more}


Judge = Callable[[Tensor, Tensor, Tensor], Judgement]
"""From inputs, labels and answers, int64 [B, S] each, on one device."""


def judge_by_label(inputs: Tensor, labels: Tensor, answers: Tensor) -> Judgement:
    """An answer counts if it equals the stored label in every cell; arguments as in `Judge`."""
    counted = labels != PAD
    right = (answers == labels) & counted
    exact = (right | ~counted).all(-1)
    return Judgement(cell=right.sum(-1) / counted.sum(-1).clamp(min=1), exact=exact, solved=exact)
