"""From what a user asks of a training to its settings, its stream, its threads, and the steps that fit a time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from trmpipe.shards import Corpus, Stream

from .build import build_learner, build_net, corpus_sizes
from .compiling import compile_steps
from .config import TrainConfig
from .device import choose_compile
from .errors import SettingError
from .evaluators import evaluator_of
from .fitting import fitted_steps
from .held_out import read_held_out
from .memory import Room, refuse_large_activations
from .opening import saved_precision, saved_steps
from .overrides import apply_overrides
from .precision_choice import choose_precision, precision_of
from .presets import choose_preset, get_preset, what_to_expect
from .ranks import Ranks
from .request import TrainRequest
from .threads import Map, side_by_side
from .trainer import Trainer

FINAL_LIMIT = 1000
"""Held-out puzzles scored at the end of a session; ``trmpipe evaluate`` scores all."""


def resolve_config(
    request: TrainRequest, corpus: Corpus, device: torch.device, note: Callable[[str], None]
) -> tuple[str, TrainConfig]:
    """The preset's name and its config with the user's changes; the choice and its reason are told.

    Args:
        request: what the user asks for.
        corpus: the first one.
        device: to train on.
        note: is told which preset it is.
    """
    preset, reason, config = config_for(request, corpus, device)
    own = get_preset(preset)
    note(f"preset {preset}: {reason}")
    note(what_to_expect(preset, corpus.spec.name, changed=replace(config, seed=own.seed) != own))
    return preset, config


def config_for(request: TrainRequest, corpus: Corpus, device: torch.device) -> tuple[str, str, TrainConfig]:
    """The preset's name, why it is taken, and its config with the user's changes."""
    preset, reason = request.preset, "as asked"
    if preset is None:
        preset, reason = choose_preset(corpus.spec.name, device.type)
    config = apply_overrides(get_preset(preset), request.settings)
    if request.max_steps is not None:
        config = replace(config, max_steps=request.max_steps)
    if request.seed is not None:
        config = replace(config, seed=request.seed)
    return preset, reason, config


def with_precision(
    config: TrainConfig,
    path: Path,
    request: TrainRequest,
    corpora: Sequence[Corpus],
    device: torch.device,
    note: Callable[[str], None],
) -> TrainConfig:
    """The config with the precision that a run to go on with has, or that a new one is to have.

    Args:
        config: of the run.
        path: of its folder.
        request: what the user asks for.
        corpora: to train on.
        device: to train on.
        note: is told of a choice.
    """
    if config.precision != "auto":
        return config
    saved = saved_precision(path, request)
    if saved is not None:
        return replace(config, precision=saved)
    precision, reason = choose_precision(config, corpus_sizes(*corpora), device)
    note(f"precision {precision}: {reason}")
    return replace(config, precision=precision)


def build_stream(config: TrainConfig, corpora: list[Corpus], request: TrainRequest, ranks: Ranks) -> Stream:
    """The training stream of the corpora, or of a nested subset of them.

    Args:
        config: of the run.
        corpora: to train on.
        request: says which subset.
        ranks: whose part of every batch it is.
    """
    return Stream(
        corpora,
        seed=config.seed,
        batch_size=config.batch_size,
        num_groups=request.groups,
        num_variants=request.variants,
        sampling=config.sampling,
        rank=ranks.rank,
        world_size=ranks.world_size,
    )


def too_few_variants(request: TrainRequest, corpora: Sequence[Corpus]) -> list[str]:
    """That `--variants` asks for more than any group has, as one line; none where some group has as many."""
    most = max(int(corpus.catalog["train"].variants.max()) for corpus in corpora)
    if request.variants is None or request.variants <= most:
        return []
    return [f"--variants asks for {request.variants:,} of each group, none has more than {most:,}: all are used"]


def refuse_uneven_batch(config: TrainConfig, ranks: Ranks) -> None:
    """Refuse a batch that the ranks cannot share evenly.

    Raises:
        SettingError: so it is.
    """
    if config.batch_size % ranks.world_size:
        raise SettingError(
            f"batch_size is {config.batch_size}, which {ranks.world_size} processes cannot share evenly; give a "
            "multiple of that with --set batch_size=..., or start another number of processes"
        )


def num_threads(request: TrainRequest, config: TrainConfig, device: torch.device) -> int:
    """Threads for the slices of a batch: one each on a CPU, one in all beside torch.compile."""
    return config.num_slices if device.type == "cpu" and request.compile != "on" else 1


def fit_steps(
    request: TrainRequest,
    config: TrainConfig,
    corpora: list[Corpus],
    device: torch.device,
    ranks: Ranks,
    room: Room | None,
    path: Path,
    note: Callable[[str], None],
) -> int:
    """The steps that fit the minutes that a user has, see `fitting`; those of the run that is gone on with.

    Args:
        request: what the user asks for.
        config: of the run, whose number of steps does not count.
        corpora: to train on.
        device: to train on.
        ranks: of the processes that train together.
        room: in its memory.
        path: of the run's folder.
        note: is told how many they are.

    Raises:
        SettingError: several processes train together, whose steps one alone cannot measure.
    """
    if saved := saved_steps(path, request):
        return saved
    if ranks.world_size > 1:
        raise SettingError("--minutes measures the steps of one process; under torchrun give --max-steps")
    assert request.minutes is not None
    started = time.perf_counter()
    held_out, final = (read_held_out(corpora, limit) for limit in (config.evaluation.limit, FINAL_LIMIT))
    with side_by_side(num_threads(request, config, device)) as spread:
        trainer = _throwaway_trainer(request, config, corpora, device, room, spread)
        stream, spent = build_stream(config, corpora, request, ranks), time.perf_counter() - started
        steps = fitted_steps(request.minutes, trainer, stream, held_out, len(final), spent)
    note(f"{steps:,} steps fit {request.minutes:g} minutes on this machine as it is now")
    return steps


def _throwaway_trainer(
    request: TrainRequest,
    config: TrainConfig,
    corpora: list[Corpus],
    device: torch.device,
    room: Room | None,
    spread: Map,
) -> Trainer:
    """A trainer like that of the run, to measure steps with.

    Args:
        request: what the user asks for.
        config: of the run.
        corpora: to train on.
        device: to train on.
        room: in its memory.
        spread: how slices of the batch are mapped.
    """
    sizes = corpus_sizes(*corpora)
    net = build_net(config, sizes, device, precision_of(config, device))
    learner = build_learner(config, net)
    refuse_large_activations(config, net, learner, sizes, num_threads(request, config, device), room)
    judge = evaluator_of(corpora[0].spec).judge
    trainer = Trainer(config, net, learner, judge, sizes, spread=spread)
    compile_steps(trainer, choose_compile(device, request.compile), sizes.seq_len)
    return trainer
