"""Named steps that turn a config and a corpus into the parts of a run."""

from collections.abc import Iterable
from typing import cast

import torch
from torch import nn

from trmpipe.generators.rng import INIT, philox
from trmpipe.generators.spec import TaskSpec
from trmpipe.shards import Corpus

from ..errors import SettingError
from ..learners import LEARNERS, Learner
from ..models import MODELS, CorpusSizes
from ..optim import OPTIMISERS
from ..optim.schedule import SCHEDULES, Schedule
from ..parts import build_part, name_of
from ..settings.config import TrainConfig

_WEIGHTS = 0
"""First counter word of the key that initial weights are drawn under."""


def corpus_sizes(*corpora: Corpus) -> CorpusSizes:
    """What a network must know of the corpora that it is trained on; puzzle identifiers are counted on over them."""
    return task_sizes(corpora[0].spec, 1 + sum(corpus.num_identifiers - 1 for corpus in corpora))


def task_sizes(spec: TaskSpec, num_identifiers: int = 1) -> CorpusSizes:
    """What a network must know of the puzzles of a task, which have so many identifiers, the blank one included."""
    return CorpusSizes(
        seq_len=spec.seq_len,
        vocab_size=spec.vocab_size,
        num_identifiers=num_identifiers,
        rows=spec.grid_shape[0],
        columns=spec.grid_shape[1],
    )


def takes_any_size(config: TrainConfig) -> bool:
    """Whether the weights of a config's model fit corpora of any size; see `Part.any_size`."""
    return MODELS[name_of(MODELS, config.model)].any_size


def torch_generator(seed: int, purpose: int, counter: int) -> torch.Generator:
    """A torch generator on the CPU whose seed is one Philox word, a pure function of the arguments."""
    word = int(philox(seed, purpose, counter, 0, 0, 0)[0])
    return torch.Generator().manual_seed(word >> 1)


def build_net(config: TrainConfig, sizes: CorpusSizes, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """The network with its initial weights, which depend on config, sizes and seed alone.

    Args:
        config: of the run.
        sizes: of its corpora.
        device: where the network goes.
        dtype: of the forward pass; weights are float32.
    """
    generator = torch_generator(config.seed, INIT, _WEIGHTS)
    net = build_part(MODELS, config.model, sizes, generator=generator, dtype=dtype)
    return cast(nn.Module, net).to(device)


def build_learner(config: TrainConfig, net: nn.Module) -> Learner:
    """The learner of a run.

    Raises:
        SettingError: the network lacks a method that the learner needs.
    """
    learner: Learner = build_part(LEARNERS, config.learner, seed=config.seed, max_steps=config.max_steps)
    missing = [name for name in learner.needs if not _has(net, name)]
    if missing:
        raise SettingError(
            f"the learner {name_of(LEARNERS, config.learner)} calls {', '.join(missing)} of a network, which the model "
            f"{name_of(MODELS, config.model)} has not; set another learner.name or model.name"
        )
    return learner


def _has(net: nn.Module, name: str) -> bool:
    """Whether a network has a method; torch gives every module a `forward` that only says that there is none."""
    return hasattr(net, name) and getattr(type(net), name, None) is not nn.Module.forward


def build_schedule(config: TrainConfig) -> Schedule:
    """The factor of all learning rates at a step."""
    schedule: Schedule = build_part(SCHEDULES, config.schedule, max_steps=config.max_steps)
    return schedule


def build_optimisers(config: TrainConfig, net: nn.Module) -> list[torch.optim.Optimizer]:
    """The optimisers of all parameters; each group carries its rate before the schedule as ``base_lr``."""
    optimisers: list[torch.optim.Optimizer] = build_part(OPTIMISERS, config.optimiser, net)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["base_lr"] = group["lr"]
    return optimisers


def set_learning_rates(optimisers: Iterable[torch.optim.Optimizer], factor: float) -> None:
    """Give every parameter group its base rate times `factor`."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["base_lr"] * factor
