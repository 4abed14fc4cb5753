"""Learners that carry nothing from step to step: each batch is learned from once, by cross-entropy on its labels.

Shapes: B rows of this rank, b those of a slice, S sequence, V vocabulary.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..checks import one_of
from ..judging import Judge
from ..losses import LOSSES, example_loss
from ..models import CorpusSizes
from .learner import IDENTIFIERS, Lesson, Rows, Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class StatelessConfig:
    """What is minimised; each of these learners has a config of its own.

    Attributes:
        loss: what is minimised of every token, a cross-entropy: ``"stablemax"``, ``"softmax"``, ``"smoothed"``, that is
            softmax against labels a fifth of which is spread over all tokens, or a package's.
    """

    loss: str = "softmax"

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())


class StatelessLearner(ABC):
    """A learner without state: all of `Learner` but how the network is called.

    Its metrics are ``loss`` and the judge's columns, and its networks answer in one pass.

    Args:
        config: of the learner.
        seed: not used, as nothing is drawn.
        max_steps: not used, as all steps are alike.
    """

    answers_once = True

    def __init__(self, config: StatelessConfig, *, seed: int, max_steps: int) -> None:
        self._token_loss = LOSSES[config.loss]

    @abstractmethod
    def logits(self, net: Any, inputs: Tensor, labels: Tensor, embeddings: Tensor | None) -> Tensor:
        """What the network says while it is taught, [b, S, V].

        Args:
            net: the network.
            inputs: int64 [b, S].
            labels: int64 [b, S], for a network that is shown them.
            embeddings: see `Learner.learn`.
        """

    def begin(self, net: Any, batch: int, seq_len: int) -> Tensors:
        """Nothing; see `Learner.begin`."""
        return {}

    def limits(self, sizes: CorpusSizes) -> Mapping[str, int]:
        """Nothing; see `Learner.limits`."""
        return {}

    def draws(self, step: int, slots: NDArray[np.int64]) -> Mapping[str, NDArray[Any]]:
        """Nothing; see `Learner.draws`."""
        return {}

    def take_up(self, net: Any, state: Tensors, rows: Rows) -> Tensors:
        """The rows of the batch as they are; see `Learner.take_up`."""
        return {"inputs": rows.inputs, "labels": rows.labels, IDENTIFIERS: rows.identifiers}

    def learn(self, net: Any, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """The loss of what the network says of every token; see `Learner.learn`."""
        inputs, labels = work["inputs"], work["labels"]
        logits = self.logits(net, inputs, labels, embeddings)
        verdict = judge(inputs, labels, logits.detach().argmax(-1))
        loss = example_loss(self._token_loss(logits, labels), labels)
        return Lesson(loss=loss, state={}, metrics={"loss": loss.detach(), **verdict.columns})
