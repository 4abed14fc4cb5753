"""Deep supervision with ACT halting: several optimiser steps on one example, each going on from the last one's latents.

How long a slot works on an example, and which one comes next, is said in `slots`.

As published, a step of the optimiser is one supervision step, and the gradient ends where it ends. With `unroll` it is
several: each answers and is told what it should have said, and the gradient goes through all of them, as far as the
network lets it: one whose step begins with calls that are not differentiated (`h_cycles` above 1, a one-step gradient)
cuts it there. That takes memory, and teaches an early step what to leave for a late one.

The state is batch-first, as the trainer slices and joins along the first axis. A network works on [S, B, D], so the
latents of a slice are turned here, and copied: every product of the token mixer would copy them otherwise.

Shapes: B slots of this rank, b those of a slice, S sequence, D width.
Sources: TinyRecursiveModels, arXiv 2510.04871; the loss after each of several differentiated steps is that of Recurrent
Relational Networks, arXiv 1711.08028.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from ..checks import at_least, one_of, share
from ..errors import SettingError
from ..judging import Judge
from ..losses import LOSSES, example_loss, halting_loss
from ..models import AnchoredNetwork, Latents, RecursiveNetwork
from ..models.noise import keys_at
from ..parts import Part, later
from .anchors import Anchors, check_anchors, chosen, spoiled
from .halting import continue_target
from .hints import Hints
from .learner import Answer, Lesson, Rows, Tensors
from .recurring import answers_of_steps
from .slots import SlotLearner

HALT_TARGETS = ("solved", "label")
_MOST_UNROLLED = 1024
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
        halt_target: what halting learns of an answer: ``"solved"``, that the task takes it, or ``"label"``, that it is
            the stored one to the last token, as in published code. They differ where a puzzle has several solutions.
        continue_loss: learn too what going on is worth, by Q-learning, and leave a puzzle when halting is worth more:
            HRM's halting, which costs a second forward pass; without it a puzzle is left when it is likelier right than
            wrong.
        unroll: supervision steps of a training step, through all of which the gradient goes where the network
            differentiates all of its calls (``model.h_cycles=1``); their losses are averaged. Puzzles leave after whole
            training steps.
        hints: most of a puzzle's cells that show their answer when it is taken up, as a share, see `hints`; 0 for none.
        hints_share: share of the puzzles that show hints, where `hints` is above 0.
        hints_power: a puzzle shows `hints` times u ** hints_power of its cells, u drawn evenly from 0 to 1: above 1,
            few hints are more frequent than many.
        anchors: share of the puzzles that start at their answer with some cells wrong, see `anchors`; 0 for none.
        anchors_wrong: most of the open cells that are drawn anew where a puzzle starts so, as a share.
    """

    loss: str = "stablemax"
    halt_weight: float = 0.5
    halt_max_steps: int = 16
    halt_early_steps: int = 16
    halt_early_share: float = 0.0
    halt_exploration: float = 0.1
    continue_loss: bool = later(False)
    unroll: int = later(1)
    hints: float = later(0.0)
    hints_share: float = later(0.5)
    hints_power: float = later(1.0)
    halt_target: str = later("solved")
    anchors: float = later(0.0)
    anchors_wrong: float = later(0.2)

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())
        one_of("learner.halt_target", self.halt_target, HALT_TARGETS)
        at_least(0, self, "learner", "halt_weight")
        at_least(1, self, "learner", "halt_max_steps", "halt_early_steps")
        at_least(1, self, "learner", "unroll", most=_MOST_UNROLLED)
        share(self, "learner", "halt_early_share", "halt_exploration", "hints", "hints_share")
        share(self, "learner", "anchors", "anchors_wrong")
        at_least(0, self, "learner", "hints_power")
        if self.continue_loss and self.unroll > 1:
            raise SettingError(
                f"learner.continue_loss looks a step ahead of a single one, and learner.unroll is {self.unroll}; "
                "set one of them back"
            )

    def idle_settings(self) -> tuple[str, ...]:
        """Names of the settings that are not looked at, by what the others say."""
        idle: tuple[str, ...] = () if self.hints else ("hints_share", "hints_power")
        idle += () if self.anchors else ("anchors_wrong",)
        return (*idle, *(() if self.halt_early_share else ("halt_early_steps",)))


class DeepSupervision(SlotLearner):
    """The learner; its metrics are ``loss``, ``halt_loss``, the judge's columns and ``supervision_steps``.

    With the continue loss there is ``continue_loss`` too.

    Args:
        config: of the learner.
        seed: root seed of the run, for exploration.
        max_steps: training steps of the run, of which the early part is a share.
    """

    def __init__(self, config: DeepSupervisionConfig, *, seed: int, max_steps: int) -> None:
        hints = Hints(most=config.hints, share=config.hints_share, power=config.hints_power)
        super().__init__(seed=seed, exploration=config.halt_exploration, hints=hints)
        self.config = config
        self._anchors = Anchors(share=config.anchors, wrong=config.anchors_wrong)
        self._early_steps = config.halt_early_share * max_steps
        self._token_loss = LOSSES[config.loss]

    def begin(self, net: RecursiveNetwork, batch: int, seq_len: int) -> Tensors:
        """Halted slots, so that the first step fills them all; see `Learner.begin`.

        Raises:
            SettingError: the network has no continue head, and the continue loss asks for it; or it cannot start at
                answers, and anchors ask for that.
        """
        check_anchors(net, self._anchors)
        if self.config.continue_loss and not getattr(net, "has_continue_head", False):
            raise SettingError(
                "learner.continue_loss asks for a continue head, which this network has not; "
                "set learner.continue_loss=false or another model.name"
            )
        return super().begin(net, batch, seq_len)

    def starts(self, net: RecursiveNetwork, keys: Tensor) -> Tensors:
        """The network's initial latents; see `SlotLearner.starts`."""
        return _batch_first(net.initial(keys))

    def beginnings(self, net: RecursiveNetwork, inputs: Tensor, rows: Rows) -> Tensors:
        """Initial latents, or those of answers with cells that are wrong; see `SlotLearner.beginnings`."""
        keys = rows.draws["keys"]
        begun = self.starts(net, keys)
        if not self._anchors.share:
            return begun
        anchored = cast(AnchoredNetwork, net)
        answers = spoiled(inputs, rows.labels, keys, anchored.digits, self._anchors)
        at_answers = _batch_first(anchored.at_answers(answers, keys))
        here = chosen(keys, self._anchors).view(-1, 1, 1)
        return {name: torch.where(here, at_answers[name], z) for name, z in begun.items()}

    def longest_stay(self, step: int) -> int:
        """Shorter in the early part of the training; see `SlotLearner.longest_stay`."""
        early = step < self._early_steps
        return self.config.halt_early_steps if early else self.config.halt_max_steps

    def learn(self, net: RecursiveNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """One supervision step, or several; see `Learner.learn`."""
        inputs, labels, unroll = work["inputs"], work["labels"], self.config.unroll
        latents, token_losses, halt_losses = _latents_of(work), [], []
        for number in range(unroll):
            outcome = net.step(latents, inputs, embeddings, keys_at(work["keys"], number))
            latents, logits = outcome.latents, outcome.logits
            verdict = judge(inputs, labels, logits.detach().argmax(-1))
            token_losses.append(example_loss(self._token_loss(logits, labels), labels))
            right = verdict.exact if self.config.halt_target == "label" else verdict.solved
            halt_losses.append(halting_loss(outcome.halt, right))
        token_loss, halt_loss = (torch.stack(losses).mean(0) for losses in (token_losses, halt_losses))
        loss, margin, columns = token_loss + self.config.halt_weight * halt_loss, outcome.halt.detach(), {}
        if self.config.continue_loss and outcome.go_on is not None:
            going_on = halting_loss(outcome.go_on, self._worth_of_going_on(net, work, embeddings, latents))
            loss, margin = loss + self.config.halt_weight * going_on, margin - outcome.go_on.detach()
            columns = {"continue_loss": going_on.detach()}
        state = self.held(work, _batch_first(latents), margin, unroll)
        return Lesson(
            loss=loss,
            state=state,
            metrics={
                "loss": token_loss.detach(),
                "halt_loss": halt_loss.detach(),
                **columns,
                **verdict.columns,
                "supervision_steps": state["steps"],
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
        for answer, go_on in answers_of_steps(net, inputs, identifiers, num_steps, keys):
            yield replace(answer, go_on=go_on) if self.config.continue_loss else answer


def _batch_first(latents: Latents) -> Tensors:
    """The network's latents by their names in the state."""
    return {_LATENTS + name: z.transpose(0, 1) for name, z in latents.items()}


def _latents_of(work: Tensors) -> Latents:
    """The latents of a slice in the network's layout, contiguous."""
    return {
        name.removeprefix(_LATENTS): z.transpose(0, 1).contiguous()
        for name, z in work.items()
        if name.startswith(_LATENTS)
    }


PART = Part(config=DeepSupervisionConfig, build=DeepSupervision)
