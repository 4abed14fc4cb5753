"""Slots: the places of a batch, in each of which a puzzle stays for several steps.

A slot holds a puzzle, what was reached on it (latents, for most learners), the steps spent on it, and whether it has
halted. A halted slot is free: at the next step it takes the row of its place in the batch and begins anew. The others
keep what they hold, and their row of the batch is not used. After a step a slot halts where the network is sure of its
answer and the shortest stay is over, or where the longest one is; how long both are comes anew with every step, see
`halting`.

What is learned from the puzzles in the slots is the affair of the learners that derive from this.

Shapes: B slots of this rank, b those of a slice, S sequence.
Source: TinyRecursiveModels, arXiv 2510.04871, whose carry this is.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.rng import NOISE
from trmpipe.generators.task import PAD
from trmpipe.shards.fields import MOST

from ..models import CorpusSizes, device_of
from .draws import slot_words
from .halting import exploration_draws, halted, minimum_steps
from .hints import Hints, with_hints
from .learner import Rows, Tensors


class SlotLearner(ABC):
    """A learner whose puzzles stay in slots: all of `Learner` but what a step does with them.

    Args:
        seed: root seed of the run.
        exploration: chance that a slot has to stay for a number of steps drawn at random, 0 to 1.
        hints: how much of their answers puzzles show, see `hints`.
    """

    needs: tuple[str, ...] = ("initial", "step")

    def __init__(self, *, seed: int, exploration: float, hints: Hints | None = None) -> None:
        self.seed, self._exploration, self._hints = seed, exploration, hints or Hints()

    @abstractmethod
    def starts(self, net: Any, keys: Tensor) -> Tensors:
        """What puzzles begin with, [B, ...] each, by its names in the state.

        Args:
            net: the network.
            keys: int64 [B], what is drawn from.
        """

    def beginnings(self, net: Any, inputs: Tensor, rows: Rows) -> Tensors:
        """What the puzzles of a batch begin with, as in `starts`.

        Args:
            net: the network.
            inputs: int64 [B, S], the puzzles with their hints.
            rows: the same without, their labels, and what is drawn for them.
        """
        return self.starts(net, rows.draws["keys"])

    @abstractmethod
    def longest_stay(self, step: int) -> int:
        """Supervision steps after which a slot takes a new puzzle at `step`, sure of its answer or not."""

    def begin(self, net: Any, batch: int, seq_len: int) -> Tensors:
        """Halted slots, so that the first step fills them all; see `Learner.begin`."""
        device = device_of(net)
        tokens = torch.full((batch, seq_len), PAD, dtype=torch.int64, device=device)
        zeros = torch.zeros(batch, dtype=torch.int64, device=device)
        return {
            **self.starts(net, zeros),
            "inputs": tokens,
            "labels": tokens,
            "identifiers": zeros,
            "steps": zeros,
            "halted": torch.ones(batch, dtype=torch.bool, device=device),
        }

    def limits(self, sizes: CorpusSizes) -> Mapping[str, int]:
        """Tokens and identifiers are places in tables; see `Learner.limits`."""
        tokens = sizes.vocab_size
        return {"inputs": tokens, "labels": tokens, "identifiers": sizes.num_identifiers, "steps": MOST}

    def draws(self, step: int, slots: NDArray[np.int64]) -> Mapping[str, NDArray[Any]]:
        """How long each slot has to stay and may stay, and what the network draws from; see `Learner.draws`."""
        longest = self.longest_stay(step)
        explored = exploration_draws(self.seed, step, slots)
        return {
            "minimum": minimum_steps(explored, self._exploration, longest),
            "longest": np.full(len(slots), longest, np.int64),
            "keys": np.ascontiguousarray(slot_words(self.seed, NOISE, step, slots)[:, 0]).view(np.int64),
        }

    def take_up(self, net: Any, state: Tensors, rows: Rows) -> Tensors:
        """The slots, with new rows and a new start where they had halted; see `Learner.take_up`."""
        free = state["halted"]
        inputs = with_hints(rows.inputs, rows.labels, rows.draws["keys"], self._hints)
        fresh = {
            **self.beginnings(net, inputs, rows),
            "inputs": inputs,
            "labels": rows.labels,
            "identifiers": rows.identifiers,
        }
        return {
            **{name: torch.where(_along(free, new), new, state[name]) for name, new in fresh.items()},
            "steps": torch.where(free, 0, state["steps"]),
            **rows.draws,
        }

    def held(self, work: Tensors, latents: Tensors, sure: Tensor, taken: int = 1) -> Tensors:
        """The state of the slots of a slice after a training step on them.

        Args:
            work: of the step.
            latents: what it left, [b, ...] each, by its names in the state; its gradient ends here.
            sure: float [b], above 0 where the answer is thought right, without gradient.
            taken: supervision steps of this training step.
        """
        steps = work["steps"] + taken
        return {
            **{name: z.detach() for name, z in latents.items()},
            "inputs": work["inputs"],
            "labels": work["labels"],
            "identifiers": work["identifiers"],
            "steps": steps,
            "halted": halted(sure, steps, work["minimum"], work["longest"]),
        }


def _along(mask: Tensor, values: Tensor) -> Tensor:
    """A mask [B] in a shape that goes with `values` [B, ...]."""
    return mask.view(-1, *(1,) * (values.dim() - 1))
