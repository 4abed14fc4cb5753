"""Several steps of a recursive network at once: every one answers, and the gradient goes through all of them.

A puzzle is worked on from its start, for as many steps as there are, in one step of the optimiser, and nothing is
carried to the next. So the network is told after each step what it should have said by then, and learns to say a little
more with every one. Answers may take more steps than training did.

Deep supervision cuts the gradient between steps instead: it takes less memory, and longer to learn what an early step
should leave for a late one.

Shapes: b rows of a slice, S sequence.
Source: Recurrent Relational Networks (arXiv 1711.08028), which takes the loss after each of 32 steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.rng import NOISE

from ..checks import at_least
from ..judging import Judge
from ..losses import example_loss, halting_loss
from ..models import RecursiveNetwork
from ..models.noise import keys_at
from ..parts import Part
from .draws import slot_words
from .learner import Answer, Lesson, Tensors
from .recurring import answers_of_steps
from .stateless import StatelessConfig, StatelessLearner

_MOST_STEPS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrolledConfig(StatelessConfig):
    """What is minimised, and over how many steps.

    Attributes:
        steps: supervision steps that a puzzle is worked on in training; evaluation has `evaluation.steps`.
        halt_weight: weight of the loss of halting, knowing when the answer is right, beside that of the tokens.
    """

    steps: int = 8
    halt_weight: float = 0.05

    def __post_init__(self) -> None:
        super(UnrolledConfig, self).__post_init__()
        at_least(1, self, "learner", "steps", most=_MOST_STEPS)
        at_least(0, self, "learner", "halt_weight")


class Unrolled(StatelessLearner):
    """The learner; see `StatelessLearner` for its arguments.

    Its metrics are ``loss`` and ``halt_loss``, means over the steps, and the judge's columns of the last answer.
    """

    needs = ("initial", "step")

    def __init__(self, config: UnrolledConfig, *, seed: int, max_steps: int) -> None:
        super().__init__(config, seed=seed, max_steps=max_steps)
        self.config = config

    def draws(self, step: int, slots: NDArray[np.int64]) -> Mapping[str, NDArray[Any]]:
        """What the network draws from; see `Learner.draws`."""
        return {"keys": slot_words(self.seed, NOISE, step, slots)[:, 0].view(np.int64)}

    def learn(self, net: RecursiveNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """All steps of the puzzles of a slice; see `Learner.learn`."""
        inputs, labels, keys = work["inputs"], work["labels"], work["keys"]
        latents = net.initial(keys)
        token_losses, halt_losses = [], []
        for step in range(self.config.steps):
            latents, logits, halt, _ = net.step(latents, inputs, embeddings, keys_at(keys, step))
            verdict = judge(inputs, labels, logits.detach().argmax(-1))
            token_losses.append(example_loss(self._token_loss(logits, labels), labels))
            halt_losses.append(halting_loss(halt, verdict.solved))
        token_loss, halt_loss = (torch.stack(losses).mean(0) for losses in (token_losses, halt_losses))
        return Lesson(
            loss=token_loss + self.config.halt_weight * halt_loss,
            state={},
            metrics={"loss": token_loss.detach(), "halt_loss": halt_loss.detach(), **verdict.columns},
        )

    def answers(
        self, net: RecursiveNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """The likeliest tokens after every supervision step; see `Learner.answers`."""
        for answer, _ in answers_of_steps(net, inputs, identifiers, num_steps, keys):
            yield answer


PART = Part(config=UnrolledConfig, build=Unrolled)
