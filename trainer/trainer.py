"""The state of a training run and its step; everything about files, clocks and screens is in `loop`.

Shapes: B batch, S sequence, D width, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trmpipe.shards import Batch

from .build import as_net, build_optimisers, set_learning_rates
from .config import TrainConfig
from .halting import Carry, empty_carry, exploration_draws, halted, minimum_steps, refill
from .losses import LOSSES, example_loss, halting_loss
from .metrics import measure
from .models import Latents, PuzzleEmbedding, RecursiveNet
from .optim import EMA, sign_sgd_rows
from .schedule import longest_stay, lr_factor
from .scoring import as_tokens, right_answers
from .threads import Map, slices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one slice of a batch, b slots, gives to a step.

    Attributes:
        latents: [S, b, D] each.
        halt: [b] halting logits.
        columns: the metrics of `NAMES` but the last, [b] each.
        gradients: one for each parameter.
        row_gradients: [b, D] of the puzzle embeddings, where the network has some.
    """

    latents: Latents
    halt: Tensor
    columns: tuple[Tensor, ...]
    gradients: Sequence[Tensor]
    row_gradients: Tensor | None


def _part(carry: Carry, run: slice) -> Carry:
    """The slots of `run`."""
    fields = {name: getattr(carry, name)[run] for name in _CARRIED}
    # Contiguous, as every product of the mixer would otherwise copy it.
    return Carry(latents=Latents(*(z[:, run].contiguous() for z in carry.latents)), **fields)


def _joined(parts: Sequence[_Part]) -> Latents:
    """The latents of all slots."""
    return Latents(*(torch.cat(pieces, dim=1) for pieces in zip(*(part.latents for part in parts), strict=True)))


class Trainer:
    """A network being trained: weights, average, optimisers and carry, moved on by one step at a time.

    Args:
        config: the recipe.
        net: the network to train, on its device; it is changed in place.
        rank: this process's rank; it holds slots rank * B/w to (rank + 1) * B/w of the global batch.
        world_size: number of ranks w; divides the batch size.
        spread: how slices of the batch are mapped, see `threads.side_by_side`.
    """

    def __init__(
        self,
        config: TrainConfig,
        net: nn.Module,
        *,
        rank: int = 0,
        world_size: int = 1,
        spread: Map = map,
    ) -> None:
        self.config, self.net = config, net.train()
        self.parameters = list(net.parameters())
        self.device = next(net.parameters()).device
        self.optimisers = build_optimisers(config, net)
        self.ema = EMA(net, config.ema_decay, warm=config.ema_warm)
        slots = config.batch_size // world_size
        self.slots = np.arange(rank * slots, (rank + 1) * slots)
        self.carry: Carry | None = None
        self.step = 0
        self.spread = spread

    @property
    def averaged(self) -> RecursiveNet:
        """The network to evaluate: the weight average."""
        return as_net(self.ema.model)

    def train_step(self, batch: Batch) -> Tensor:
        """Train on this rank's rows of the batch of `self.step`.

        Returns:
            The sums of `metrics.NAMES` over the batch, float64 [5] on the CPU.
        """
        set_learning_rates(self.optimisers, lr_factor(self.config, self.step))
        carry = self._refilled(batch)
        runs = slices(len(self.slots), self.config.num_slices)
        parts = list(self.spread(self._differentiate, [_part(carry, run) for run in runs]))
        self._descend([part.gradients for part in parts])
        self._descend_embedding(carry.identifiers, parts)
        carry.steps += 1
        self.carry = self._halted(carry, _joined(parts), torch.cat([part.halt for part in parts]))
        self.step += 1
        self.ema.update(self.net, self.step)
        columns = zip(*(part.columns for part in parts), strict=True)
        return measure(*(torch.cat(column) for column in columns), carry.steps)

    def _differentiate(self, carry: Carry) -> "_Part":
        """Forward and backward over some slots; touches nothing but its arguments, so slices may run side by side."""
        config, net = self.config, as_net(self.net)
        rows = net.puzzle_rows(carry.identifiers)
        wanted = [*self.parameters, *(() if rows is None else (rows.requires_grad_(),))]
        latents, logits, halt = net(carry.latents, carry.inputs, rows)
        cells, exact = right_answers(logits.detach(), carry.labels)
        token_loss = example_loss(LOSSES[config.loss](logits, carry.labels), carry.labels)
        halt_loss = halting_loss(halt, exact)
        loss = (token_loss.sum() + config.halt_weight * halt_loss.sum()) / config.batch_size
        gradients = torch.autograd.grad(loss, wanted)
        return _Part(
            latents=latents,
            halt=halt.detach(),
            columns=tuple(column.detach() for column in (token_loss, halt_loss, cells, exact)),
            gradients=gradients[: len(self.parameters)],
            row_gradients=None if rows is None else gradients[-1],
        )

    def _refilled(self, batch: Batch) -> Carry:
        carry = self.carry
        if carry is None:
            carry = empty_carry(as_net(self.net), len(batch), batch.inputs.shape[1], self.device)
        rows = (as_tokens(values, self.device) for values in (batch.inputs, batch.labels, batch.identifiers))
        return refill(carry, as_net(self.net), *rows)

    def _descend(self, gradients: Sequence[Sequence[Tensor]]) -> None:
        """Step along the sum of the slices' gradients, taken in their order."""
        for parameter, *shares in zip(self.parameters, *gradients, strict=True):
            parameter.grad = sum(shares[1:], start=shares[0])
        for optimiser in self.optimisers:
            optimiser.step()

    def _descend_embedding(self, identifiers: Tensor, parts: Sequence["_Part"]) -> None:
        gradients = [part.row_gradients for part in parts if part.row_gradients is not None]
        embedding = getattr(self.net, "puzzle_emb", None)
        if gradients and isinstance(embedding, PuzzleEmbedding):
            sign_sgd_rows(
                embedding.weights,
                identifiers,
                torch.cat(gradients),
                lr=self.config.embedding_lr * lr_factor(self.config, self.step),
                weight_decay=self.config.embedding_weight_decay,
            )

    def _halted(self, carry: Carry, latents: Latents, halt: Tensor) -> Carry:
        longest = longest_stay(self.config, self.step)
        draws = exploration_draws(self.config.seed, self.step, self.slots)
        minimum = minimum_steps(draws, self.config.halt_exploration, longest)
        done = halted(halt, carry.steps, torch.from_numpy(minimum).to(self.device), longest)
        return replace(carry, latents=latents, halted=done)

    def get_state(self) -> dict[str, Any]:
        """Everything that the next step depends on, the stream aside."""
        carry = self.carry
        return {
            "step": self.step,
            "net": self.net.state_dict(),
            "ema": self.ema.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "carry": None if carry is None else _carry_state(carry),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on where `get_state` was called."""
        self.step = int(state["step"])
        self.net.load_state_dict(state["net"])
        self.ema.model.load_state_dict(state["ema"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.carry = None if state["carry"] is None else _carry_of(state["carry"], self.device)


_CARRIED = ("inputs", "labels", "identifiers", "steps", "halted")


def _carry_state(carry: Carry) -> dict[str, Tensor]:
    fields = {name: getattr(carry, name) for name in _CARRIED}
    return {**fields, "z_H": carry.latents.z_H, "z_L": carry.latents.z_L}


def _carry_of(state: dict[str, Tensor], device: torch.device) -> Carry:
    here = {name: value.to(device) for name, value in state.items()}
    return Carry(latents=Latents(here.pop("z_H"), here.pop("z_L")), **here)
