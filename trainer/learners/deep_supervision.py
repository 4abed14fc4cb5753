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

import torch
from torch import Tensor

from trmpipe.generators.task import PAD
from trmpipe.shards.fields import MOST

from ..checks import at_least, one_of, share
from ..judging import Judge
from ..losses import LOSSES, example_loss, halting_loss
from ..models import CorpusSizes, Latents, RecursiveNetwork, puzzle_rows
from ..parts import Part
from .halting import exploration_draws, halted, minimum_steps
from .learner import Answer, Lesson, Rows, Tensors

_LATENTS = "latents."
"""Begins the names of the latents in the state; the network's own names follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepSupervisionConfig:
    """How long examples are worked on, and what is minimised; the defaults are the published ones.

    Attributes:
        loss: what is minimised of every token: ``"stablemax"`` or ``"softmax"``, each a cross-entropy, or a package's.
        halt_weight: weight of the loss of halting, knowing when the answer is right, beside that of the tokens.
        halt_max_steps: supervision steps that a puzzle stays in training at most; evaluation has `evaluation.steps`.
        halt_early_steps: the same in the early part of the training, where short stays mean more new puzzles.
        halt_early_share: share of the training that is the early part; 0 for none.
        halt_exploration: chance that a puzzle has to stay for a number of supervision steps drawn at random.
    """

    loss: str = "stablemax"
    halt_weight: float = 0.5
    halt_max_steps: int = 16
    halt_early_steps: int = 16
    halt_early_share: float = 0.0
    halt_exploration: float = 0.1

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())
        at_least(0, self, "learner", "halt_weight")
        at_least(1, self, "learner", "halt_max_steps", "halt_early_steps")
        share(self, "learner", "halt_early_share", "halt_exploration")


class DeepSupervision:
    """The learner; its metrics are ``loss``, ``halt_loss``, the judge's columns and ``supervision_steps``.

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
        """Halted slots, so that the first step fills them all; see `Learner.begin`."""
        latents = {_LATENTS + name: z.transpose(0, 1) for name, z in net.initial(batch).items()}
        device = next(iter(latents.values())).device
        tokens = torch.full((batch, seq_len), PAD, dtype=torch.int64, device=device)
        zeros = torch.zeros(batch, dtype=torch.int64, device=device)
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

    def take_up(self, net: RecursiveNetwork, state: Tensors, rows: Rows, step: int) -> Tensors:
        """The slots with new rows where they had halted, and the fewest steps that each has to stay.

        See `Learner.take_up`.
        """
        free = state["halted"]
        latents = {
            _LATENTS + name: torch.where(free[:, None, None], z.transpose(0, 1), state[_LATENTS + name])
            for name, z in net.initial(len(free)).items()
        }
        draws = exploration_draws(self.seed, step, rows.slots)
        minimum = minimum_steps(draws, self.config.halt_exploration, self.longest_stay(step))
        return {
            **latents,
            "inputs": torch.where(free[:, None], rows.inputs, state["inputs"]),
            "labels": torch.where(free[:, None], rows.labels, state["labels"]),
            "identifiers": torch.where(free, rows.identifiers, state["identifiers"]),
            "steps": torch.where(free, 0, state["steps"]),
            "minimum": torch.from_numpy(minimum).to(free.device),
        }

    def learn(self, net: RecursiveNetwork, work: Tensors, embeddings: Tensor | None, step: int, judge: Judge) -> Lesson:
        """One supervision step; see `Learner.learn`."""
        inputs, labels, identifiers = work["inputs"], work["labels"], work["identifiers"]
        latents, logits, halt = net.step(_latents_of(work), inputs, embeddings)
        verdict = judge(inputs, labels, logits.detach().argmax(-1))
        token_loss = example_loss(self._token_loss(logits, labels), labels)
        halt_loss = halting_loss(halt, verdict.solved)
        steps = work["steps"] + 1
        return Lesson(
            loss=token_loss + self.config.halt_weight * halt_loss,
            state={
                **{_LATENTS + name: z.transpose(0, 1) for name, z in latents.items()},
                "inputs": inputs,
                "labels": labels,
                "identifiers": identifiers,
                "steps": steps,
                "halted": halted(halt.detach(), steps, work["minimum"], self.longest_stay(step)),
            },
            metrics={
                "loss": token_loss.detach(),
                "halt_loss": halt_loss.detach(),
                **verdict.columns,
                "supervision_steps": steps,
            },
        )

    def answers(self, net: RecursiveNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int) -> Iterator[Answer]:
        """The likeliest tokens after every supervision step, none cut short by halting; see `Learner.answers`."""
        latents, rows = net.initial(len(inputs)), puzzle_rows(net, identifiers)
        for _ in range(num_steps):
            latents, logits, halt = net.step(latents, inputs, rows)
            yield Answer(logits.argmax(-1), halt)

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
