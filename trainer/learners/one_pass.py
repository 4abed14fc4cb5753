"""One pass: the network answers at once, by cross-entropy on the stored label, and nothing is carried between steps.

This is how networks that predict directly are trained. It takes any network that maps inputs to logits, a recursive one
with such a form included: a TRM is then trained as a network of its first supervision step alone, the halting head left
as it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..checks import one_of
from ..judging import Judge
from ..losses import LOSSES, example_loss
from ..models import CorpusSizes, DirectNetwork, puzzle_rows
from ..parts import Part
from .learner import Answer, Lesson, Rows, Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePassConfig:
    """What is minimised.

    Attributes:
        loss: what is minimised of every token, a cross-entropy: ``"stablemax"``, ``"softmax"``, ``"smoothed"``, that is
            softmax against labels a fifth of which is spread over all tokens, or a package's.
    """

    loss: str = "softmax"

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())


class OnePass:
    """The learner; its metrics are ``loss`` and the judge's columns.

    Args:
        config: of the learner.
        seed: not used, as nothing is drawn.
        max_steps: not used, as all steps are alike.
    """

    needs = ("forward",)

    def __init__(self, config: OnePassConfig, *, seed: int, max_steps: int) -> None:
        self._token_loss = LOSSES[config.loss]

    def begin(self, net: DirectNetwork, batch: int, seq_len: int) -> Tensors:
        """Nothing; see `Learner.begin`."""
        return {}

    def limits(self, sizes: CorpusSizes) -> Mapping[str, int]:
        """Nothing; see `Learner.limits`."""
        return {}

    def draws(self, step: int, slots: NDArray[np.int64]) -> Mapping[str, NDArray[Any]]:
        """Nothing; see `Learner.draws`."""
        return {}

    def take_up(self, net: DirectNetwork, state: Tensors, rows: Rows) -> Tensors:
        """The rows of the batch as they are; see `Learner.take_up`."""
        return {"inputs": rows.inputs, "labels": rows.labels, "identifiers": rows.identifiers}

    def learn(self, net: DirectNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """One pass; see `Learner.learn`."""
        inputs, labels = work["inputs"], work["labels"]
        logits = net(inputs, embeddings)
        verdict = judge(inputs, labels, logits.detach().argmax(-1))
        loss = example_loss(self._token_loss(logits, labels), labels)
        return Lesson(loss=loss, state={}, metrics={"loss": loss.detach(), **verdict.columns})

    def answers(
        self, net: DirectNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """The likeliest tokens, once, as the network has no steps; see `Learner.answers`."""
        logits = net(inputs, puzzle_rows(net, identifiers))
        yield Answer(logits.argmax(-1), None, logits)


PART = Part(config=OnePassConfig, build=OnePass)
