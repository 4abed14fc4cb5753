"""The state of a training run and its step; everything about files, clocks and screens is in `loop`.

Shapes: B batch, S sequence, D width, V vocabulary.
"""

from dataclasses import replace
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


class Trainer:
    """A network being trained: weights, average, optimisers and carry, moved on by one step at a time.

    Args:
        config: the recipe.
        net: the network to train, on its device; it is changed in place.
        rank: this process's rank; it holds slots rank * B/w to (rank + 1) * B/w of the global batch.
        world_size: number of ranks w; divides the batch size.
    """

    def __init__(
        self,
        config: TrainConfig,
        net: nn.Module,
        *,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.config, self.net = config, net.train()
        self.device = next(net.parameters()).device
        self.optimisers = build_optimisers(config, net)
        self.ema = EMA(net, config.ema_decay, warm=config.ema_warm)
        slots = config.batch_size // world_size
        self.slots = np.arange(rank * slots, (rank + 1) * slots)
        self.carry: Carry | None = None
        self.step = 0

    @property
    def averaged(self) -> RecursiveNet:
        """The network to evaluate: the weight average."""
        return as_net(self.ema.model)

    def train_step(self, batch: Batch) -> Tensor:
        """Train on this rank's rows of the batch of `self.step`.

        Returns:
            The sums of `metrics.NAMES` over the batch, float64 [5] on the CPU.
        """
        config = self.config
        set_learning_rates(self.optimisers, lr_factor(config, self.step))
        carry = self._refilled(batch)
        latents, logits, halt = as_net(self.net)(carry.latents, carry.inputs, carry.identifiers)
        cells, exact = right_answers(logits.detach(), carry.labels)
        token_loss = example_loss(LOSSES[config.loss](logits, carry.labels), carry.labels)
        halt_loss = halting_loss(halt, exact)
        self._descend((token_loss.sum() + config.halt_weight * halt_loss.sum()) / config.batch_size)
        carry.steps += 1
        self.carry = self._halted(carry, latents, halt.detach())
        self.step += 1
        self.ema.update(self.net, self.step)
        return measure(token_loss, halt_loss, cells, exact, carry.steps)

    def _refilled(self, batch: Batch) -> Carry:
        carry = self.carry
        if carry is None:
            carry = empty_carry(as_net(self.net), len(batch), batch.inputs.shape[1], self.device)
        rows = (as_tokens(values, self.device) for values in (batch.inputs, batch.labels, batch.identifiers))
        return refill(carry, as_net(self.net), *rows)

    def _descend(self, loss: Tensor) -> None:
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        for optimiser in self.optimisers:
            optimiser.step()
        self._descend_embedding()

    def _descend_embedding(self) -> None:
        embedding = getattr(self.net, "puzzle_emb", None)
        touched = embedding.touched() if isinstance(embedding, PuzzleEmbedding) else None
        if touched and isinstance(embedding, PuzzleEmbedding):
            sign_sgd_rows(
                embedding.weights,
                *touched,
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
