"""The protocol between a network and the trainer: what is learned from a batch, and how a network is asked.

The trainer holds a **state**, a flat mapping of batch-first tensors with a row for each slot of this rank. It hands it
on from step to step and saves it in checkpoints without knowing what is in it. A training step is

    draws   = learner.draws(step, slots)                               on the host, while the step before runs
    work    = learner.take_up(net, state, rows)                        once, all slots of this rank
    lessons = learner.learn(net, part of work, embeddings, judge)      for each slice of the work, side by side
    state   = the lessons' states, one slice after the other

All that depends on the number of the step comes in with the draws, as tensors: so the rest is one graph of operations
on the device, the same at every step, which reads no value back to the host.

Shapes: B slots (or rows) of this rank, b those of a slice, S sequence, D width.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..judging import Judge
from ..models import CorpusSizes, Latents

Tensors = dict[str, Tensor]
"""Tensors by name, whose first axis is the batch."""

IDENTIFIERS = "identifiers"
"""Name in every work, int64 [B]: the puzzle identifiers, from which the trainer takes the puzzle embeddings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """This rank's rows of the batch of a step.

    Attributes:
        inputs: int64 [B, S] tokens.
        labels: int64 [B, S].
        identifiers: int64 [B] puzzle identifiers.
        draws: what `Learner.draws` gave for this step, [B, ...] each.
    """

    inputs: Tensor
    labels: Tensor
    identifiers: Tensor
    draws: Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a slice of b slots gives to a step.

    Attributes:
        loss: [b], with gradient; the trainer divides their sum by the global batch size.
        state: the slots' new state, without gradient; of the same names, dtypes and shapes as `Learner.begin` gives.
        metrics: [b] each, without gradient; ``loss`` and the judge's columns among them.
    """

    loss: Tensor
    state: Tensors
    metrics: Tensors


class Move(NamedTuple):
    """Where a step led a recursive network: all its latents by name, [S, B, D] each as in the network.

    Attributes:
        before: what the step went on from.
        after: what it left.
    """

    before: Latents
    after: Latents


@dataclass(frozen=True, slots=True)
class Answer:
    """A network's answers to B inputs.

    Attributes:
        tokens: int64 [B, S].
        halt: float32 [B], logits of the answer being right, above 0 for yes; None where the learner has no such thing.
        logits: float32 [B, S, V], of which `tokens` are the likeliest.
        residual: float32 [B], by how much the last step moved the network's state, as a share of its length; None
            where there is no state.
        go_on: float32 [B], logits of going on, where the learner stops when those of `halt` are above them; None where
            it stops when `halt` is above 0.
        move: the latents of the B rows before and after the step, not copied; None where there are none.
    """

    tokens: Tensor
    halt: Tensor | None
    logits: Tensor
    residual: Tensor | None = None
    go_on: Tensor | None = None
    move: Move | None = None

    @property
    def margin(self) -> Tensor | None:
        """Float32 [B], above 0 where the learner stops; None where it has no halting."""
        return self.halt if self.halt is None or self.go_on is None else self.halt - self.go_on


def last_answer(answers: Iterable[Answer]) -> Answer:
    """The last of one answer or more; those before are let go, so that depth takes no memory."""
    return deque(answers, maxlen=1).pop()


class Learner(Protocol):
    """One way to teach a network. Its methods are pure functions of their arguments and the learner's config."""

    needs: tuple[str, ...]
    """Methods that a network must have beside those of `models.Network`.

    A learner that answers otherwise for other keys, whatever its network does, has an attribute ``starts_at_random``
    besides that is true, see `starts_at_random`; one of a single pass has one called ``answers_once``, see
    `answers_once`.
    """

    def begin(self, net: Any, batch: int, seq_len: int) -> Tensors:
        """The state of `batch` slots before the first step, on the network's device; empty where nothing is carried."""
        ...

    def limits(self, sizes: CorpusSizes) -> Mapping[str, int]:
        """What the whole numbers of the state are below, by name; those of a checkpoint are checked before use.

        None of them is below 0. Left out are those of which no value does harm.
        """
        ...

    def draws(self, step: int, slots: NDArray[np.int64]) -> Mapping[str, NDArray[Any]]:
        """What the host says of every slot at a step: random numbers, and settings that change over the steps.

        It is asked ahead of the step, in another thread.

        Args:
            step: training step, from 0.
            slots: int64 [B], places in the global batch, so that nothing depends on the number of ranks.

        Returns:
            Arrays [B, ...] by name; empty where nothing is drawn.
        """
        ...

    def take_up(self, net: Any, state: Tensors, rows: Rows) -> Tensors:
        """The work of a step, before it is sliced: all that `learn` needs of every slot.

        Args:
            net: the network.
            state: what the step before left.
            rows: the rows of the batch, and what was drawn for the step.

        Returns:
            Tensors [B, ...] without gradient, `IDENTIFIERS` among them.
        """
        ...

    def learn(self, net: Any, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """Run the network on a slice; other slices may be worked on at the same time in other threads.

        It may be compiled as one graph, so it reads no value of a tensor.

        Args:
            net: the network.
            work: b rows of what `take_up` gave.
            embeddings: float [b, D], the puzzle embeddings of the slice, with gradient; None where there are none.
            judge: says what answers are worth.
        """
        ...

    def answers(self, net: Any, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor) -> Iterator[Answer]:
        """The network's answers after every step, as many as the learner makes; called without gradient.

        Args:
            net: the network, in evaluation mode.
            inputs: int64 [B, S].
            identifiers: int64 [B].
            num_steps: steps that the user asks for; a learner of one pass gives one answer whatever it says.
            keys: int64 [B], what a network that draws at random draws from; others do not look at it.
        """
        ...


def starts_at_random(learner: Learner) -> bool:
    """Whether a learner answers otherwise for other keys, so that restarts are worth something with any network."""
    return bool(getattr(learner, "starts_at_random", False))


def answers_once(learner: Learner) -> bool:
    """Whether a learner gives one answer however many steps are asked for."""
    return bool(getattr(learner, "answers_once", False))
