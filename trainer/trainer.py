"""The state of a training run and its step; everything about files, clocks and screens is in `loop`.

A step slices a batch, differentiates each slice, sums the gradients, and moves weights, puzzle embeddings and the
weight average. What is learned, and what is handed on from step to step, is the learner's affair.

Shapes: B slots of this rank, b those of a slice, D width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from trmpipe.shards import Batch

from .build import build_optimisers, build_schedule, set_learning_rates
from .config import TrainConfig
from .device import as_tokens
from .errors import RunError
from .judging import Judge
from .learners import Learner, Lesson, Rows, Tensors
from .learners.learner import IDENTIFIERS
from .metrics import measure
from .models import CorpusSizes, Network, puzzle_rows
from .optim import EMA, sign_sgd_rows
from .ranks import Ranks
from .threads import Map, slices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one slice gives to a step.

    Attributes:
        state: the learner's, of the slice.
        metrics: [b] each.
        gradients: one for each parameter, None for one that the loss does not depend on.
        row_gradients: [b, D] of the puzzle embeddings, None where there are none.
    """

    state: Tensors
    metrics: Tensors
    gradients: Sequence[Tensor | None]
    row_gradients: Tensor | None


class Trainer:
    """A network being trained: weights, average, optimisers and the learner's state, moved on by one step at a time.

    Args:
        config: of the run.
        net: the network to train, on its device; it is changed in place.
        learner: how it is taught.
        judge: says what its answers are worth.
        sizes: of the corpora.
        ranks: which process this is; it holds slots rank * B to (rank + 1) * B of the global batch, whose size the
            number of processes divides.
        spread: how slices of the batch are mapped, see `threads.side_by_side`.
    """

    def __init__(
        self,
        config: TrainConfig,
        net: nn.Module,
        learner: Learner,
        judge: Judge,
        sizes: CorpusSizes,
        *,
        ranks: Ranks | None = None,
        spread: Map = map,
    ) -> None:
        ranks = ranks or Ranks()
        self.config, self.net = config, net.train()
        self.learner, self.judge, self.spread = learner, judge, spread
        self.parameters = list(net.parameters())
        self.device = self.parameters[0].device
        self.optimisers = build_optimisers(config, net)
        self.schedule = build_schedule(config)
        self.ema = EMA(net, config.ema_decay, warm=config.ema_warm)
        num_slots = config.batch_size // ranks.world_size
        self.slots = np.arange(ranks.rank * num_slots, (ranks.rank + 1) * num_slots)
        self.state = learner.begin(net, num_slots, sizes.seq_len)

    @property
    def averaged(self) -> nn.Module:
        """The network to evaluate: the weight average."""
        return self.ema.model

    @property
    def learning_rate(self) -> float:
        """The rate of the last step, of the first optimiser."""
        return float(self.optimisers[0].param_groups[0]["lr"])

    def train_step(self, batch: Batch, step: int) -> dict[str, float]:
        """Train on this rank's rows of the batch of `step`, counted from 0.

        Returns:
            The sums over this rank's slots of the metrics that the learner takes.
        """
        factor = self.schedule(step)
        set_learning_rates(self.optimisers, factor)
        work = self.learner.take_up(self.net, self.state, self._rows(batch), step)
        parts = [{name: value[run] for name, value in work.items()} for run in self._runs()]
        shares = list(self.spread(partial(self._differentiate, step=step), parts))
        self._descend([share.gradients for share in shares])
        self._descend_embedding(work[IDENTIFIERS], shares, factor)
        self.state = _joined([share.state for share in shares])
        self.ema.update(self.net, step + 1)
        return measure(_joined([share.metrics for share in shares]))

    def _rows(self, batch: Batch) -> Rows:
        inputs, labels, identifiers = (
            as_tokens(values, self.device) for values in (batch.inputs, batch.labels, batch.identifiers)
        )
        return Rows(inputs=inputs, labels=labels, identifiers=identifiers, slots=self.slots)

    def _runs(self) -> list[slice]:
        return slices(len(self.slots), self.config.num_slices)

    def _differentiate(self, work: Tensors, step: int) -> _Share:
        """Forward and backward over some slots; touches nothing but its arguments, so slices may run side by side."""
        rows = puzzle_rows(self._network, work[IDENTIFIERS])
        wanted = [*self.parameters, *(() if rows is None else (rows.requires_grad_(),))]
        lesson: Lesson = self.learner.learn(self.net, work, rows, step, self.judge)
        # Parameters that a learner does not use, such as a halting head, have no gradient.
        gradients = torch.autograd.grad(lesson.loss.sum() / self.config.batch_size, wanted, allow_unused=True)
        return _Share(
            state=lesson.state,
            metrics=lesson.metrics,
            gradients=gradients[: len(self.parameters)],
            row_gradients=None if rows is None else gradients[-1],
        )

    @property
    def _network(self) -> Network:
        return cast(Network, self.net)

    def _descend(self, gradients: Sequence[Sequence[Tensor | None]]) -> None:
        """Step along the sum of the slices' gradients, taken in their order."""
        for parameter, *shares in zip(self.parameters, *gradients, strict=True):
            given = [share for share in shares if share is not None]
            parameter.grad = sum(given[1:], start=given[0]) if given else None
        for optimiser in self.optimisers:
            optimiser.step()

    def _descend_embedding(self, identifiers: Tensor, shares: Sequence[_Share], factor: float) -> None:
        """Move the rows of the puzzle embedding that the batch used, where the network has one."""
        table = self._network.puzzle_table
        gradients = [share.row_gradients for share in shares if share.row_gradients is not None]
        if table is not None and gradients:
            sign_sgd_rows(
                table,
                identifiers,
                torch.cat(gradients),
                lr=self.config.embedding.lr * factor,
                weight_decay=self.config.embedding.weight_decay,
            )

    def get_state(self) -> dict[str, Any]:
        """Everything that the next step depends on, the stream aside."""
        return {
            "net": self.net.state_dict(),
            "ema": self.ema.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "state": self.state,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on where `get_state` was called.

        Raises:
            RunError: the learner's state has other names, shapes or dtypes than this learner and network have.
        """
        found, expected = _forms(state["state"]), _forms(self.state)
        differing = sorted(name for name in found | expected if found.get(name) != expected.get(name))
        if differing:
            words = ", ".join(
                f"{name} is {found.get(name, 'missing')}, expected {expected.get(name, 'none')}" for name in differing
            )
            raise RunError(
                f"the checkpoint's state does not fit the learner: {words}; resume with the learner, model and "
                "batch size that the run was started with"
            )
        self.net.load_state_dict(state["net"])
        self.ema.model.load_state_dict(state["ema"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.state = {name: value.to(self.device) for name, value in state["state"].items()}


def _joined(parts: Sequence[Tensors]) -> Tensors:
    """The rows of the slices, one slice after the other."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _forms(state: Tensors) -> dict[str, str]:
    """Dtype and shape of every tensor in words."""
    return {name: f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}" for name, value in state.items()}
