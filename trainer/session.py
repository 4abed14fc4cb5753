"""`trmpipe train`, whole: find corpora and preset, make or reopen the run, train, score, draw."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from trmpipe.shards import Corpus, Store, Stream
from trmpipe.shards.ownership import owned

from .build import build_learner, build_net, build_schedule, corpus_sizes
from .choosing import choose_corpora
from .compiling import compile_core
from .config import TrainConfig
from .device import choose_compile, pick_device
from .evaluators import evaluator_of
from .files import write_sealed
from .fitting import fitted_steps
from .held_out import first_held_out, read_held_out, read_held_out_parts
from .judging import Judge
from .loop import Clock, Loop, TrainingListener
from .memory import Room, refuse_large_activations, refuse_too_large
from .metrics import MetricWriter
from .opening import open_run, run_config, run_path, saved_precision, saved_steps
from .origin import find_origin, load_origin
from .overrides import apply_overrides
from .pictures import draw_pictures
from .precision_choice import choose_precision, precision_of
from .presets import choose_preset, get_preset, what_to_expect
from .puzzle_words import puzzle_to_solve
from .ranks import refuse_ranks
from .request import TrainRequest
from .run_config import RunConfig
from .run_folder import RunFolder
from .run_state import RunState, load_run_state
from .scoring import Scores, score_here
from .signals import stop_on_signals
from .telling import describe, tell_beginning
from .threads import Map, side_by_side
from .trainer import Trainer

FINAL_LIMIT = 1000
"""Held-out puzzles scored at the end of a session; ``trmpipe evaluate`` scores all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a session came to.

    Attributes:
        run: the run's folder.
        reason: ``"steps"``, ``"minutes"`` or ``"interrupted"``.
        step: steps taken in all sessions.
        max_steps: steps of the whole run.
        rate_left: share of the full learning rate that the schedule stands at.
        scores: on up to `FINAL_LIMIT` held-out puzzles; None where there are none or the user interrupted.
        clock: where this session's time went.
        pictures: pictures written.
        puzzle_to_solve: what `trmpipe solve` may be given to try the run; empty where it takes none of the task.
    """

    run: Path
    reason: str
    step: int
    max_steps: int
    rate_left: float
    scores: Scores | None
    clock: Clock
    pictures: tuple[Path, ...]
    puzzle_to_solve: str


def train(request: TrainRequest, listener: TrainingListener) -> TrainResult:
    """Train as asked.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    refuse_ranks()
    device = pick_device(request.device)
    corpora = choose_corpora(request, listener, partial(_path_of_run_on, request, device))
    judge = evaluator_of(corpora[0].spec).judge
    notes: list[str] = []  # Told once nothing is refused any more.
    preset, config = resolve_config(request, corpora[0], device, notes.append)
    room = refuse_too_large(config, corpus_sizes(*corpora), device)
    path = run_path(request, preset, config, corpora)
    config = with_precision(config, path, request, corpora, device, notes.append)
    if request.minutes is not None:
        config = replace(config, max_steps=fit_steps(request, config, corpora, device, room, path, notes.append))
    origin = find_origin(request.start) if request.start and not request.resume else None
    whole = run_config(request, preset, config, corpora, origin)
    stream = build_stream(config, corpora, request)
    notes += too_few_variants(request, corpora)
    net = build_net(config, whole.sizes, device, precision_of(config, device))
    learner = build_learner(config, net)
    if origin and request.start:
        load_origin(net, request.start, origin, whole.sizes, whole.corpora)
    threads = num_threads(request, config, device)
    refuse_large_activations(config, net, learner, whole.sizes, threads, room)
    with ExitStack() as stack:
        stack.enter_context(owned(Store(path.absolute())))
        run, saved, state = open_run(path, whole, resume=request.resume)
        if request.resume and request.start and saved.origin and state is None:
            load_origin(net, request.start, saved.origin, saved.sizes, saved.corpora)
        tell_beginning(listener, notes, request, saved, state, path)
        listener.note(describe(replace(config, max_steps=saved.max_steps), net, device, stream))
        listener.note(compile_core(net, learner, choose_compile(device, request.compile), saved.sizes.seq_len))
        shared: dict[str, Any] = {
            "stream": stream,
            "held_out": read_held_out_parts(corpora, config.evaluation.limit),
            "listener": listener,
            "stop": stack.enter_context(stop_on_signals()),
            "max_minutes": request.max_minutes,
        }
        spread = stack.enter_context(side_by_side(threads))
        begin = partial(build_loop, partial(Loop, **shared), run, saved, net, judge, spread)
        return finish(*run_phases(begin, saved, state), corpora)


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


def build_loop(
    make: Callable[..., Loop],
    run: RunFolder,
    whole: RunConfig,
    net: torch.nn.Module,
    judge: Judge,
    spread: Map,
    state: RunState | None,
) -> Loop:
    """The loop of the phase that a run is in.

    Args:
        make: gives a loop, with what the phases of a run share.
        run: the run's folder.
        whole: what the run was started with.
        net: the network, with its initial weights where there is no state.
        judge: says what answers are worth.
        spread: how slices of the batch are mapped.
        state: to go on from.
    """
    step = state.step if state else 0
    length, end = whole.phase_at(step)
    config = replace(whole.train_config(), max_steps=length)
    trainer = Trainer(config, net, build_learner(config, net), judge, whole.sizes, spread=spread)
    lines = MetricWriter(run, step)
    return make(config=config, trainer=trainer, writer=lines, run=run, end=end, config_digest=whole.hash)


def run_phases(begin: Callable[[RunState | None], Loop], whole: RunConfig, state: RunState | None) -> tuple[Loop, str]:
    """Train from `state` on through all phases of the run; returns the last loop and why it ended.

    Args:
        begin: gives the loop of the phase that a state is in.
        whole: the run's config, which says what the phases are.
        state: to go on from; None for the start.
    """
    loop = begin(state)
    reason = run_loop(loop, state)
    while reason == "steps" and loop.step < whole.max_steps:
        clock, state = loop.clock, load_run_state(loop.run.last_checkpoint(), whole.hash)
        loop = begin(state)
        loop.clock = clock
        reason = run_loop(loop, state)
    return loop, reason


def fit_steps(
    request: TrainRequest,
    config: TrainConfig,
    corpora: list[Corpus],
    device: torch.device,
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
        room: in its memory.
        path: of the run's folder.
        note: is told how many they are.
    """
    if saved := saved_steps(path, request):
        return saved
    started, sizes = time.perf_counter(), corpus_sizes(*corpora)
    net = build_net(config, sizes, device, precision_of(config, device))
    learner = build_learner(config, net)
    refuse_large_activations(config, net, learner, sizes, num_threads(request, config, device), room)
    compile_core(net, learner, choose_compile(device, request.compile), sizes.seq_len)
    assert request.minutes is not None
    with side_by_side(num_threads(request, config, device)) as spread:
        judge = evaluator_of(corpora[0].spec).judge
        steps = fitted_steps(
            request.minutes,
            Trainer(config, net, learner, judge, sizes, spread=spread),
            build_stream(config, corpora, request),
            read_held_out(corpora, config.evaluation.limit),
            len(read_held_out(corpora, FINAL_LIMIT)),
            time.perf_counter() - started,
        )
    note(f"{steps:,} steps fit {request.minutes:g} minutes on this machine as it is now")
    return steps


def too_few_variants(request: TrainRequest, corpora: Sequence[Corpus]) -> list[str]:
    """That `--variants` asks for more than any group has, as one line; none where some group has as many."""
    most = max(int(corpus.catalog["train"].variants.max()) for corpus in corpora)
    if request.variants is None or request.variants <= most:
        return []
    return [f"--variants asks for {request.variants:,} of each group, none has more than {most:,}: all are used"]


def run_loop(loop: Loop, state: RunState | None) -> str:
    """Train from `state` on, or from the start; returns why it ended, see `Loop.run_steps`.

    Raises:
        RunWriteError: a file cannot be written; a checkpoint was saved before, where it is TensorBoard's.
    """
    try:
        if state:
            loop.restore(state)
        reason = loop.run_steps()
    finally:
        loop.writer.close()
    if loop.writer.failure:
        raise loop.writer.failure
    return reason


def num_threads(request: TrainRequest, config: TrainConfig, device: torch.device) -> int:
    """Threads for the slices of a batch: one each on a CPU, one in all beside torch.compile."""
    return config.num_slices if device.type == "cpu" and request.compile != "on" else 1


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
    preset, reason, config = _config_for(request, corpus, device)
    own = get_preset(preset)
    note(f"preset {preset}: {reason}")
    note(what_to_expect(preset, corpus.spec.name, changed=replace(config, seed=own.seed) != own))
    return preset, config


def _config_for(request: TrainRequest, corpus: Corpus, device: torch.device) -> tuple[str, str, TrainConfig]:
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


def _path_of_run_on(request: TrainRequest, device: torch.device, corpus: Corpus) -> Path:
    """Where a run is that is named after `corpus`."""
    preset, _, config = _config_for(request, corpus, device)
    return run_path(request, preset, config, [corpus])


def build_stream(config: TrainConfig, corpora: list[Corpus], request: TrainRequest) -> Stream:
    """The training stream of the corpora, or of a nested subset of them."""
    return Stream(
        corpora,
        seed=config.seed,
        batch_size=config.batch_size,
        num_groups=request.groups,
        num_variants=request.variants,
        sampling=config.sampling,
    )


def finish(loop: Loop, reason: str, corpora: list[Corpus]) -> TrainResult:
    """Score the average on held-out puzzles unless the user is waiting, and draw the pictures."""
    scores, judge = None, loop.trainer.judge
    parts = read_held_out_parts(corpora, FINAL_LIMIT)
    if reason != "interrupted" and parts:
        scores = score_here(loop.examinee, parts, judge)
        write_sealed(loop.run.evaluation_file, {"step": loop.step, **scores.to_json()})
    corpus, held_out = first_held_out(corpora, parts)
    pictures = draw_pictures(loop.run, loop.examinee, held_out, corpus, judge)
    return TrainResult(
        run=loop.run.path,
        reason=reason,
        step=loop.step,
        max_steps=loop.config.max_steps,
        rate_left=build_schedule(loop.config)(loop.step),
        scores=scores,
        clock=loop.clock,
        pictures=tuple(pictures),
        puzzle_to_solve=puzzle_to_solve(corpus),
    )
