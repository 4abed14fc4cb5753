"""From what a user asks for to the config of a run: preset, changed settings, precision."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from trmpipe.generators.task import TaskSpec
from trmpipe.shards import Corpus

from ..building.build import build_learner, task_sizes
from ..building.precision_choice import choose_precision, precision_of
from ..building.sketch import sketch_net
from ..device import pick_device
from ..errors import SettingError
from ..optim.schedule import WarmUp
from ..presets import choose_preset, get_preset, what_to_expect
from ..runs.opening import run_path, saved_precision
from ..settings.config import SECTIONS, TrainConfig
from ..settings.overrides import apply_overrides
from ..settings.request import TrainRequest

_WARMUP = "schedule.warmup_steps"
_IDLE = "idle_settings"
"""Method of configs of sections, where they have one: names of settings that are not looked at."""


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
    for name in _idle_settings(request, config):
        why = f"with model.mixer={getattr(config.model, 'mixer', '')}" if name.startswith("model.") else "by the others"
        note(f"{name} changes nothing: {why} it is not looked at")
    return preset, config


def _idle_settings(request: TrainRequest, config: TrainConfig) -> list[str]:
    """Of the settings that the user asks for, those that their section does not look at, by what else it says."""
    idle = [f"{section}.{name}" for section in SECTIONS for name in getattr(getattr(config, section), _IDLE, tuple)()]
    asked = {one.partition("=")[0].strip() for one in request.settings}
    return [name for name in idle if name in asked]


def check_length(config: TrainConfig) -> list[str]:
    """Refuse a new run that ends before what was asked for begins; what is merely unlikely to be meant, as lines.

    Args:
        config: of the run, with its number of steps.

    Raises:
        SettingError: puzzles are kept aside for evaluations of which there is none.
    """
    every, most = config.evaluation.every, config.max_steps
    if config.evaluation.monitor and every > most:
        raise SettingError(
            f"evaluation.monitor keeps puzzles aside for evaluations while training, and the first is after step "
            f"{every:,} of {most:,}; set evaluation.every to {most:,} or less"
        )
    warmup = getattr(config.schedule, "warmup_steps", 0)
    if warmup <= most:
        return []
    return [
        f"the rate rises for {warmup:,} steps, of which the run has {most:,}: it gets to {most / warmup:.0%} of what "
        f"is set; a shorter rise: --set {_WARMUP}=..."
    ]


def config_for(request: TrainRequest, corpus: Corpus, device: torch.device) -> tuple[str, str, TrainConfig]:
    """The preset's name, why it is taken, and its config with the user's changes.

    Raises:
        SettingError: there is no such preset or setting, or a value does not fit.
    """
    preset, reason = request.preset, "as asked"
    if preset is None:
        preset, reason = choose_preset(corpus.spec.name, device.type)
    config = apply_overrides(get_preset(preset), request.settings)
    if request.max_steps is not None:
        config = replace(config, max_steps=request.max_steps)
    if request.seed is not None:
        config = replace(config, seed=request.seed)
    return preset, reason, _with_short_warmup(config, request)


def _with_short_warmup(config: TrainConfig, request: TrainRequest) -> TrainConfig:
    """The config with a warm-up that is no longer than `TrainRequest.most_warmup` says."""
    schedule, asked = config.schedule, any(one.partition("=")[0].strip() == _WARMUP for one in request.settings)
    if request.most_warmup is None or asked or not isinstance(schedule, WarmUp):
        return config
    most = max(1, int(request.most_warmup * config.max_steps))
    return replace(config, schedule=replace(schedule, warmup_steps=min(schedule.warmup_steps, most)))


def check_settings(request: TrainRequest, spec: TaskSpec) -> TrainConfig:
    """The config of a run; refuses settings that no run on puzzles of a task could have, before any corpus is there.

    Args:
        request: what a user would ask for.
        spec: of the task.

    Raises:
        SettingError: there is no such preset or setting, a value does not fit, or learner and model do not go together.
    """
    device = pick_device(request.device)
    preset = request.preset or choose_preset(spec.name, device.type)[0]
    config = apply_overrides(get_preset(preset), request.settings)
    net = sketch_net(config, task_sizes(spec), precision_of(config, device))
    if net is not None:
        build_learner(config, net)
    return config


def path_of_run_on(request: TrainRequest, device: torch.device, *corpora: Corpus) -> Path:
    """Where a run on some corpora is, see `opening.run_path`."""
    preset, _, config = config_for(request, corpora[0], device)
    return run_path(request, preset, config, list(corpora))


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
    if request.precision is not None:
        return replace(config, precision=request.precision)
    precision, reason = choose_precision(config, corpora, device)
    note(f"precision {precision}: {reason}")
    return replace(config, precision=precision)
