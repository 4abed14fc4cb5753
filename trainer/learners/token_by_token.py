"""Token by token: a network that writes its answer one token after the other.

In training it is shown the label and predicts every token of it by those before (teacher forcing), in one pass; so the
metrics of training, ``cell`` and ``exact``, are of answers whose beginning is right. In evaluation it goes on from its
own tokens, the likeliest each time.

Tokens of the label that are pad are shown like others and not learned: what is written in their places is anything, and
later tokens see it.

Shapes: B slots of this rank, b those of a slice, S sequence, V vocabulary.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..models import WritingNetwork, puzzle_rows
from ..parts import Part
from .learner import Answer
from .stateless import StatelessConfig, StatelessLearner


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenByTokenConfig(StatelessConfig):
    """What is minimised."""


class TokenByToken(StatelessLearner):
    """The learner; its metrics are with the label's tokens before each. See `StatelessLearner` for its arguments."""

    needs = ("follow", "read", "write")

    def logits(self, net: WritingNetwork, inputs: Tensor, labels: Tensor, embeddings: Tensor | None) -> Tensor:
        """All tokens at once, each by the label's before it; see `StatelessLearner.logits`."""
        return net.follow(inputs, labels, embeddings)

    def answers(
        self, net: WritingNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """One answer, written token by token, whatever `num_steps`; see `Learner.answers`."""
        logits, cache = net.read(inputs, puzzle_rows(net, identifiers))
        found = [logits]
        while len(found) < inputs.shape[1]:
            logits = net.write(logits.argmax(-1), cache)
            found.append(logits)
        whole = torch.stack(found, 1)
        yield Answer(whole.argmax(-1), None, whole)


PART = Part(config=TokenByTokenConfig, build=TokenByToken)
