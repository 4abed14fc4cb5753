"""One pass: the network answers at once, by cross-entropy on the stored label, and nothing is carried between steps.

This is how networks that predict directly are trained. It takes any network that maps inputs to logits, a recursive one
with such a form included: a TRM is then trained as a network of its first supervision step alone, the halting head left
as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from ..models import DirectNetwork, puzzle_rows
from ..parts import Part
from .learner import Answer
from .stateless import StatelessConfig, StatelessLearner


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePassConfig(StatelessConfig):
    """What is minimised."""


class OnePass(StatelessLearner):
    """The learner; see `StatelessLearner` for its arguments."""

    needs = ("forward",)

    def logits(self, net: DirectNetwork, inputs: Tensor, labels: Tensor, embeddings: Tensor | None) -> Tensor:
        """All tokens at once, by the inputs alone; see `StatelessLearner.logits`."""
        return net(inputs, embeddings)

    def answers(
        self, net: DirectNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """The likeliest tokens, once, as the network has no steps; see `Learner.answers`."""
        logits = net(inputs, puzzle_rows(net, identifiers))
        yield Answer(logits.argmax(-1), None, logits)


PART = Part(config=OnePassConfig, build=OnePass)
