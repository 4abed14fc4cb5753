"""Deep supervision with ACT halting: several optimiser steps on one example, each going on from the last one's latents.

At a step a slot that has halted takes the row of its place in the step's batch and starts from the network's initial
latents; the others keep their puzzle and latents, and their row of the batch is not used.

The state is batch-first, as the trainer slices and joins along the first axis. A network works on [S, B, D], so the
latents of a slice are turned here, and copied: every product of the token mixer would copy them otherwise.

Shapes: B slots of this rank, b those of a slice, S sequence, D width.
Source: TinyRecursiveModels, arXiv 2510.04871.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.rng import NOISE
from trmpipe.generators.task import PAD
from trmpipe.shards.fields import MOST

from ..checks import at_least, one_of, share
from ..errors import SettingError
from ..judging import Judge
from ..losses import LOSSES, example_loss, halting_loss
from ..models import CorpusSizes, Latents, RecursiveNetwork, device_of, puzzle_rows
from ..models.noise import keys_at
from ..parts import Part, later
from .draws import slot_words
from .halting import continue_target, exploration_draws, halted, minimum_steps
from .learner import Answer, Lesson, Rows, Tensors
from .residual import residual

_LATENTS = "latents."
"""Begins the names of the latents in the state; the network's own names follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepSupervisionConfig:
    """How long examples are worked on, and what is minimised; the defaults are the published ones.

    Attributes:
        loss: what is minimised of every token, a cross-entropy: ``"stablemax"``, ``"softmax"``, ``"smoothed"``, that is
            softmax against labels a fifth of which is spread over all tokens, or a package's.
        halt_weight: weight of the loss of halting, knowing when the answer is right, beside that of the tokens.
        halt_max_steps: supervision steps that a puzzle stays in training at most; evaluation has `evaluation.steps`.
        halt_early_steps: the same in the early part of the training, where short stays mean more new puzzles.
        halt_early_share: share of the training that is the early part; 0 for none.
        halt_exploration: chance that a puzzle has to stay for a number of supervision steps drawn at random.
        continue_loss: learn too what going on is worth, by Q-learning, and leave a puzzle when halting is worth more:
            HRM's halting, which costs a second forward pass; without it a puzzle is left when it is likelier right than
            wrong.
    """

    loss: str = "stablemax"
    halt_weight: float = 0.5
    halt_max_steps: int = 16
    halt_early_steps: int = 16
    halt_early_share: float = 0.0
    halt_exploration: float = 0.1
    continue_loss: bool = later(False)

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())
        at_least(0, self, "learner", "halt_weight")
        at_least(1, self, "learner", "halt_max_steps", "halt_early_steps")
        share(self, "learner", "halt_early_share", "halt_exploration")


class DeepSupervision:
    """The learner; its metrics are ``loss``, ``halt_loss``, the judge's columns and ``supervision_steps``.

    With the continue loss there is ``continue_loss`` too.

    Args:
        config: of the learner.
        seed: root seed of the run, for exploration.
        max_steps: training steps of the run, of which the early part is a share.
    """

    needs = ("initial", "step")

    def __init__(self, config: DeepSupervisionConfig, *, seed: int, max_steps: int) -> None:
        self.config, self.seed = config, seed
        self._early_steps = config.halt_early_share * max_steps
        self._token_loss = LOSSES[config.loss]

    def begin(self, net: RecursiveNetwork, batch: int, seq_len: int) -> Tensors:
        """Halted slots, so that the first step fills them all; see `Learner.begin`.

        Raises:
            SettingError: the network has no continue head, and the continue loss asks for it.
        """
        if self.config.continue_loss and not getattr(net, "has_continue_head", False):
            raise SettingError(
                "learner.continue_loss asks for a continue head, which this network has not; "
                "set learner.continue_loss=false or another model.name"
            )
        device = device_of(net)
        tokens = torch.full((batch, seq_len), PAD, dtype=torch.int64, device=device)
        zeros = torch.zeros(batch, dtype=torch.int64, device=device)
        latents = {_LATENTS + name: z.transpose(0, 1) for name, z in net.initial(zeros).items()}
        return {
            **latents,
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
            "minimum": minimum_steps(explored, self.config.halt_exploration, longest),
            "longest": np.full(len(slots), longest, np.int64),
            "keys": slot_words(self.seed, NOISE, step, slots)[:, 0].view(np.int64),
        }

    def take_up(self, net: RecursiveNetwork, state: Tensors, rows: Rows) -> Tensors:
        """The slots with new rows where they had halted; see `Learner.take_up`."""
        free = state["halted"]
        latents = {
            _LATENTS + name: torch.where(free[:, None, None], z.transpose(0, 1), state[_LATENTS + name])
            for name, z in net.initial(rows.draws["keys"]).items()
        }
        return {
            **latents,
            "inputs": torch.where(free[:, None], rows.inputs, state["inputs"]),
            "labels": torch.where(free[:, None], rows.labels, state["labels"]),
            "identifiers": torch.where(free, rows.identifiers, state["identifiers"]),
            "steps": torch.where(free, 0, state["steps"]),
            **rows.draws,
        }

    def learn(self, net: RecursiveNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """One supervision step; see `Learner.learn`."""
        inputs, labels, identifiers = work["inputs"], work["labels"], work["identifiers"]
        outcome = net.step(_latents_of(work), inputs, embeddings, work["keys"])
        latents, logits, halt = outcome.latents, outcome.logits, outcome.halt
        verdict = judge(inputs, labels, logits.detach().argmax(-1))
        token_loss = example_loss(self._token_loss(logits, labels), labels)
        halt_loss = halting_loss(halt, verdict.solved)
        steps = work["steps"] + 1
        loss, margin, columns = token_loss + self.config.halt_weight * halt_loss, halt.detach(), {}
        if self.config.continue_loss and outcome.go_on is not None:
            going_on = halting_loss(outcome.go_on, self._worth_of_going_on(net, work, embeddings, latents))
            loss, margin = loss + self.config.halt_weight * going_on, margin - outcome.go_on.detach()
            columns = {"continue_loss": going_on.detach()}
        return Lesson(
            loss=loss,
            state={
                **{_LATENTS + name: z.transpose(0, 1) for name, z in latents.items()},
                "inputs": inputs,
                "labels": labels,
                "identifiers": identifiers,
                "steps": steps,
                "halted": halted(margin, steps, work["minimum"], work["longest"]),
            },
            metrics={
                "loss": token_loss.detach(),
                "halt_loss": halt_loss.detach(),
                **columns,
                **verdict.columns,
                "supervision_steps": steps,
            },
        )

    @torch.no_grad()
    def _worth_of_going_on(
        self, net: RecursiveNetwork, work: Tensors, embeddings: Tensor | None, latents: Latents
    ) -> Tensor:
        """What the next supervision step would say: [b]."""
        following = net.step(latents, work["inputs"], embeddings, keys_at(work["keys"], 1))
        assert following.go_on is not None
        return continue_target(following.halt, following.go_on, work["steps"] + 1 >= work["longest"])

    def answers(
        self, net: RecursiveNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """The likeliest tokens after every supervision step, none cut short by halting; see `Learner.answers`."""
        latents, rows = net.initial(keys), puzzle_rows(net, identifiers)
        for step in range(num_steps):
            before = latents
            latents, logits, halt, _ = net.step(latents, inputs, rows, keys_at(keys, step))
            yield Answer(logits.argmax(-1), halt, logits, residual(before, latents))

    def longest_stay(self, step: int) -> int:
        """Supervision steps after which a slot takes a new puzzle at `step`, sure of its answer or not."""
        early = step < self._early_steps
        return self.config.halt_early_steps if early else self.config.halt_max_steps


def _latents_of(work: Tensors) -> Latents:
    """The latents of a slice in the network's layout, contiguous."""
    return {
        name.removeprefix(_LATENTS): z.transpose(0, 1).contiguous()
        for name, z in work.items()
        if name.startswith(_LATENTS)
    }


PART = Part(config=DeepSupervisionConfig, build=DeepSupervision)
