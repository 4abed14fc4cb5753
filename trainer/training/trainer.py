"""The state of a training run and its step; everything about files, clocks and screens is in `loop`.

A step slices a batch, differentiates each slice, sums the gradients, and moves weights, puzzle embeddings and the
weight average. What is learned, and what is handed on from step to step, is the learner's affair.

Shapes: B slots of this rank, b those of a slice, D width.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ..building.build import build_optimisers, build_schedule, set_learning_rates
from ..building.forms import refuse_other_forms, refuse_other_optimiser, refuse_other_values
from ..building.precision import computing_copy, refresh
from ..building.sketch import optimiser_states
from ..errors import RunError, SettingError
from ..judging import Judge
from ..learners import Learner, Lesson, Rows, Tensors
from ..learners.learner import IDENTIFIERS
from ..models import CorpusSizes, Network, puzzle_rows
from ..optim import EMA, sign_sgd_rows
from ..optim.clip import clip_gradients
from ..ranks import Ranks
from ..runs.run_state import TrainerState
from ..settings.config import TrainConfig
from ..threads import Map, slices


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
        judge: says what its answers are worth, see `Evaluator.judge_lesson`.
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
        self.ranks = ranks or Ranks()
        self.config, self.net = config, net.train()
        self.learner, self.spread, self._judge = learner, spread, judge
        self.is_between_steps = True
        self.learn_by(learner.learn, compiled=False)
        self.parameters = list(net.parameters())
        self.device = self.parameters[0].device
        self.computing = computing_copy(net)
        self._leaves = list(self.computing.parameters())
        self.optimisers = build_optimisers(config, net)
        self.schedule = build_schedule(config)
        self.ema = EMA(net, config.ema_decay, warm=config.ema_warm)
        num_slots = config.batch_size // self.ranks.world_size
        self.slots = np.arange(num_slots) + self.ranks.rank * num_slots
        self.state = learner.begin(net, num_slots, sizes.seq_len)
        self.sizes = sizes
        self._settings = [_settings(optimiser) for optimiser in self.optimisers]

    @property
    def averaged(self) -> nn.Module:
        """The network to evaluate: the weight average."""
        return self.ema.model

    @property
    def learning_rate(self) -> float:
        """The rate of the last step, of the first optimiser."""
        return float(self.optimisers[0].param_groups[0]["lr"])

    def train_step(self, rows: Rows, step: int) -> Tensors:
        """Train on this rank's rows of the batch of `step`, counted from 0; nothing waits for the device.

        Returns:
            The metrics that the learner takes, [B] each.
        """
        if self._is_compiled:
            # What CUDA graphs gave for the step before may be overwritten: all of it was copied.
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
        factor = self.schedule(step)
        set_learning_rates(self.optimisers, factor)
        with torch.no_grad():
            work = self.learner.take_up(self.computing, self.state, rows)
        parts = [{name: value[run] for name, value in work.items()} for run in self._runs()]
        shares = list(self.spread(self._differentiate, parts))
        # What takes memory and changes nothing comes first: a step that fails from here on has been taken by half.
        metrics, state = (_joined([getattr(share, name) for share in shares]) for name in ("metrics", "state"))
        self.is_between_steps = False
        self._descend([share.gradients for share in shares])
        self._descend_embedding(work[IDENTIFIERS], shares, factor)
        self.state = state
        self.ema.update(self.net, step + 1)
        refresh(self.computing, self.net)
        self.is_between_steps = True
        return metrics

    def learn_by(self, learn: Callable[..., Lesson], *, compiled: bool) -> None:
        """Call `learn` in place of `Learner.learn` from here on; one that is compiled is not left within a step."""
        self._learn, self._is_compiled = learn, compiled

    def try_learning(self, work: Tensors) -> None:
        """Learn from a slice and forget it."""
        self._differentiate(work)

    @property
    def slice_sizes(self) -> set[int]:
        """Slots of a slice; there are two numbers where they cannot be equal."""
        return {run.stop - run.start for run in self._runs()}

    @property
    def watched_core(self) -> nn.Module | None:
        """The module whose calls a step can be left at; None where it is one graph, which nothing gets in between."""
        return None if self._is_compiled else cast(Network, self.computing).core

    def wait(self) -> None:
        """Until the device has done all that it was asked for."""
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)

    def _runs(self) -> list[slice]:
        return slices(len(self.slots), self.config.num_slices)

    def _differentiate(self, work: Tensors) -> _Share:
        """Forward and backward over some slots; touches nothing but its arguments, so slices may run side by side."""
        rows = puzzle_rows(self._network, work[IDENTIFIERS])
        wanted = [*self._leaves, *(() if rows is None else (rows.requires_grad_(),))]
        lesson: Lesson = self._learn(self.computing, work, rows, self._judge)
        # Parameters that a learner does not use, such as a halting head, have no gradient.
        gradients = torch.autograd.grad(lesson.loss.sum() / self.config.batch_size, wanted, allow_unused=True)
        return _Share(
            state=lesson.state,
            metrics=lesson.metrics,
            gradients=gradients[: len(self._leaves)],
            row_gradients=None if rows is None else gradients[-1],
        )

    @property
    def _network(self) -> Network:
        return cast(Network, self.net)

    def _descend(self, gradients: Sequence[Sequence[Tensor | None]]) -> None:
        """Step along the sum of the slices' and ranks' gradients, taken in their order."""
        for parameter, *shares in zip(self.parameters, *gradients, strict=True):
            given = [_laid_out_as(parameter, share) for share in shares if share is not None]
            parameter.grad = sum(given[1:], start=given[0]) if given else None
        found = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        self.ranks.add_up(found)
        if self.config.clip_norm and found:
            clip_gradients(found, self.config.clip_norm)
        for optimiser in self.optimisers:
            optimiser.step()

    def _descend_embedding(self, identifiers: Tensor, shares: Sequence[_Share], factor: float) -> None:
        """Move the rows of the puzzle embedding that the batch used, where the network has one."""
        table = self._network.puzzle_table
        gradients = [share.row_gradients for share in shares if share.row_gradients is not None]
        if table is None or not gradients:
            return
        touched = self.ranks.rows_of_all(identifiers)
        sign_sgd_rows(
            table,
            touched,
            self.ranks.rows_of_all(torch.cat(gradients)),
            lr=self.config.embedding.lr * factor,
            weight_decay=self.config.embedding.weight_decay,
        )
        # CUDA sums in any order, and where a sum is about 0 its sign may not be the same on every rank.
        rows = table[touched]
        self.ranks.take_first(rows)
        table[touched] = rows

    def get_state(self) -> TrainerState:
        """Everything that the next step depends on, the stream aside; whole on rank 0, and every rank must call it.

        Raises:
            SettingError: an optimiser changes more of its groups than the learning rate, which would be lost.
        """
        if [_settings(optimiser) for optimiser in self.optimisers] != self._settings:
            raise SettingError(
                "the optimiser keeps what it goes on from in its parameter groups, which checkpoints do not hold; "
                "it has to keep it in its state"
            )
        return TrainerState(
            net=dict(self.net.state_dict()),
            ema=dict(self.averaged.state_dict()),
            optimisers=[optimiser.state_dict()["state"] for optimiser in self.optimisers],
            state={name: self.ranks.rows_on_first(value) for name, value in self.state.items()},
        )

    def set_state(self, state: TrainerState) -> None:
        """Go on where `get_state` was called, by any number of ranks; settings stay those of the config.

        Raises:
            RunError: something in it has other names, shapes or dtypes than config, learner and network ask for.
        """
        self._refuse_other_state(state)
        # Copies, since a checkpoint's tensors are views of its file.
        self.net.load_state_dict(state.net)
        refresh(self.computing, self.net)
        self.averaged.load_state_dict(state.ema)
        for optimiser, saved in zip(self.optimisers, state.optimisers, strict=True):
            optimiser.load_state_dict({**optimiser.state_dict(), "state": copy.deepcopy(saved)})
        own = slice(int(self.slots[0]), int(self.slots[-1]) + 1)
        self.state = {name: value[own].clone().to(self.device) for name, value in state.state.items()}

    def _refuse_other_state(self, state: TrainerState) -> None:
        advice = "resume with the learner, model and batch size that the run was started with"
        whole = {
            name: torch.empty((self.config.batch_size, *value.shape[1:]), dtype=value.dtype, device="meta")
            for name, value in self.state.items()
        }
        refuse_other_forms("the checkpoint's state does not fit the learner", state.state, whole, advice)
        refuse_other_values(state.state, self.learner.limits(self.sizes), advice)
        for what, found in (("weights", state.net), ("average", state.ema)):
            expected = self.net.state_dict()
            refuse_other_forms(f"the checkpoint's {what} does not fit the model", found, expected, advice)
        if len(state.optimisers) != len(self.optimisers):
            raise RunError(f"the checkpoint has {len(state.optimisers)} optimisers, this run has others; {advice}")
        after_a_step = optimiser_states(self.config, self.sizes)
        for number, saved in enumerate(state.optimisers):
            refuse_other_optimiser(number, saved, after_a_step[number] if after_a_step else None, advice)


def _settings(optimiser: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """The groups of an optimiser without parameters and present rate."""
    return [
        {name: value for name, value in group.items() if name not in ("params", "lr")}
        for group in optimiser.param_groups
    ]


def _laid_out_as(parameter: Tensor, gradient: Tensor) -> Tensor:
    """A gradient with the dtype and strides of its parameter, as ``backward`` would have made it.

    ``torch.autograd.grad`` hands out what came out, which may be a transposed view. Fused optimisers read memory in the
    order in which it lies: on a CPU they would move other weights than meant, on CUDA they refuse.
    """
    given = gradient.to(parameter.dtype)
    return given if given.stride() == parameter.stride() else torch.empty_like(parameter).copy_(given)


def _joined(parts: Sequence[Tensors]) -> Tensors:
    """The rows of the slices, one slice after the other."""
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
