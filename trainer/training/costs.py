"""What a training costs, as plain numbers: parameters, FLOPs, seconds; `measuring` finds them out."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from trmpipe.shards.fields import Count, Positive

Amount = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a training costs.

    Attributes:
        parameters: numbers that are learned, puzzle embeddings aside.
        step_flops: of a training step, forward and backward, the optimiser's aside.
        answer_flops: of one puzzle's answer after its first supervision step and after its last.
        answer_steps: supervision steps of an answer, as many as the learner makes of those it is asked for.
        step_seconds: of a training step, the optimiser's included.
        answer_seconds: of one puzzle's answer after all steps.
        draws: whether answers are drawn at random, so that restarts differ.
        wall_share: seconds on the wall for one of these: above 1 where other work has the cores too.
    """

    parameters: Count
    step_flops: Count
    answer_flops: tuple[Amount, Amount]
    answer_steps: Positive
    step_seconds: Amount
    answer_seconds: Amount
    draws: bool
    wall_share: Amount
