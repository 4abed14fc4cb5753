"""What is told when a training begins."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from trmpipe.shards import Curriculum, Stream
from trmpipe.shards.words import counted

from ..building.build import build_schedule
from ..parts import name_of
from ..runs.run_config import RunConfig
from ..runs.run_state import BestState, RunState
from ..settings.config import SECTIONS, TrainConfig
from ..settings.request import TrainRequest
from .listener import TrainingListener


def tell_beginning(
    listener: TrainingListener,
    notes: Sequence[str],
    request: TrainRequest,
    whole: RunConfig,
    state: RunState | None,
    path: Path,
    asked_steps: int,
) -> None:
    """Say what was chosen, where the run is, what it goes on from, and what its length means for its schedule.

    Args:
        listener: the front end.
        notes: what was chosen, line by line; told now that nothing is refused any more.
        request: what the user asks for.
        whole: the run's config.
        state: to go on from.
        path: of the run's folder.
        asked_steps: that the user wants, which may be more than the run has where it ended by itself.
    """
    for line in notes:
        listener.note(line)
    step = state.step if state else 0
    words = f", resumed after step {step}" if request.resume else ""
    if whole.origin and not step:
        words += f", begins with the averaged weights of {whole.origin.run} after step {whole.origin.step:,}"
    listener.note(f"run {path}{words}")
    if asked_steps > whole.max_steps and state and state.best:
        _tell_why_it_is_no_longer(listener, whole, state.best, path)
    elif whole.extensions and whole.extensions[-1].from_step == step:
        _tell_extension(listener, whole, step)
    if request.max_minutes is not None:
        listener.note(
            f"after {request.max_minutes:g} minutes training stops and the schedule of {whole.max_steps:,} steps is "
            "cut off where it stands; --minutes fits the steps to the time instead"
        )


def _tell_extension(listener: TrainingListener, whole: RunConfig, step: int) -> None:
    """Say what it means for the schedule that a run was made longer after `step`."""
    config = whole.train_config()
    before = whole.extensions[-2].max_steps if len(whole.extensions) > 1 else config.max_steps
    rates = [
        build_schedule(replace(config, max_steps=length))(at)
        for length, at in ((before, max(0, step - 1)), (whole.max_steps, step))
    ]
    listener.note(
        f"extended from {before:,} to {whole.max_steps:,} steps: from step {step + 1:,} on the schedule is that of "
        f"{whole.max_steps:,} steps, so the learning rate goes from {rates[0]:.0%} to {rates[1]:.0%} of the full "
        "one, and what comes is not what a run of that length from the start would give"
    )


def _tell_why_it_is_no_longer(listener: TrainingListener, whole: RunConfig, best: BestState, path: Path) -> None:
    """Say that a run that ended by itself is not made longer, and what to do instead."""
    listener.note(
        f"not made longer: none of its last {counted(best.worse, 'evaluation')} was better than that after step "
        f"{best.step:,}, so under evaluation.patience={whole.train_config().evaluation.patience} it has ended; to "
        f"train on, start a run with more patience, or begin one with its weights (--from {path})"
    )


def tell_work(
    listener: TrainingListener, config: TrainConfig, net: torch.nn.Module, device: torch.device, stream: Stream
) -> None:
    """Say what is trained on what, and which puzzles take part when, if not all do alike.

    Args:
        listener: the front end.
        config: of the run.
        net: its network.
        device: where it is.
        stream: of the training data.
    """
    listener.note(describe(config, net, device, stream))
    if stream.curriculum is not None:
        listener.note(f"curriculum: {_in_words(stream.curriculum, stream.num_groups)}")


def describe(config: TrainConfig, net: torch.nn.Module, device: torch.device, stream: Stream) -> str:
    """One line on the network, the data and the work.

    Args:
        config: of the run.
        net: its network.
        device: where it is.
        stream: of the training data.
    """
    parameters = sum(parameter.numel() for parameter in net.parameters())
    data = f"{stream.num_groups:,} groups, {stream.num_puzzles:,} puzzles"
    if stream.num_identifiers > 1:
        data += f", {stream.num_identifiers - 1:,} with an embedding"
    return (
        f"{name_of(SECTIONS['model'], config.model)} {config.model.describe()}, "
        f"{parameters:,} parameters on {device.type}; {data}; "
        f"{config.max_steps:,} steps of {config.batch_size}"
    )


def _in_words(curriculum: Curriculum, num_groups: int) -> str:
    begin, mix = curriculum.num_allowed(0, num_groups), curriculum.mix
    words = []
    if begin < num_groups:
        words.append(f"the easiest {begin:,} puzzles at first, all from step {curriculum.until_step:,} on")
    if len(set(mix)) > 1:
        words.append(f"quarters by difficulty come as {' : '.join(f'{weight:g}' for weight in mix)}, the easiest first")
    return "; ".join(words) or "all puzzles alike"
