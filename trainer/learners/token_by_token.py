"""Token by token: a network that writes its answer one token after the other.

In training it is shown the label and predicts every token of it by those before (teacher forcing), in one pass; so the
metrics of training, ``cell`` and ``exact``, are of answers whose beginning is right. In evaluation it goes on from its
own tokens, the likeliest each time.

Tokens of the label that are pad are shown like others and not learned: what is written in their places is anything, and
later tokens see it.

Shapes: B slots of this rank, b those of a slice, S sequence, V vocabulary.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..checks import one_of
from ..judging import Judge
from ..losses import LOSSES, example_loss
from ..models import CorpusSizes, WritingNetwork, puzzle_rows
from ..parts import Part
from .learner import Answer, Lesson, Rows, Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenByTokenConfig:
    """What is minimised.

    Attributes:
        loss: what is minimised of every token, a cross-entropy: ``"stablemax"``, ``"softmax"``, ``"smoothed"``, that is
            softmax against labels a fifth of which is spread over all tokens, or a package's.
    """

    loss: str = "softmax"

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())


class TokenByToken:
    """The learner; its metrics are ``loss`` and the judge's columns, both with the label's tokens before each.

    Args:
        config: of the learner.
        seed: not used, as nothing is drawn.
        max_steps: not used, as all steps are alike.
    """

    needs = ("follow", "read", "write")

    def __init__(self, config: TokenByTokenConfig, *, seed: int, max_steps: int) -> None:
        self._token_loss = LOSSES[config.loss]

    def begin(self, net: WritingNetwork, batch: int, seq_len: int) -> Tensors:
        """Nothing; see `Learner.begin`."""
        return {}

    def limits(self, sizes: CorpusSizes) -> Mapping[str, int]:
        """Nothing; see `Learner.limits`."""
        return {}

    def draws(self, step: int, slots: NDArray[np.int64]) -> Mapping[str, NDArray[Any]]:
        """Nothing; see `Learner.draws`."""
        return {}

    def take_up(self, net: WritingNetwork, state: Tensors, rows: Rows) -> Tensors:
        """The rows of the batch as they are; see `Learner.take_up`."""
        return {"inputs": rows.inputs, "labels": rows.labels, "identifiers": rows.identifiers}

    def learn(self, net: WritingNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """All tokens at once, each by the label's before it; see `Learner.learn`."""
        inputs, labels = work["inputs"], work["labels"]
        logits = net.follow(inputs, labels, embeddings)
        verdict = judge(inputs, labels, logits.detach().argmax(-1))
        loss = example_loss(self._token_loss(logits, labels), labels)
        return Lesson(loss=loss, state={}, metrics={"loss": loss.detach(), **verdict.columns})

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
