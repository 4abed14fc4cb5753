"""`trmpipe train`, whole: settle what is trained, train through the run's phases, score, draw."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from trmpipe.shards import Corpus

from ..building.build import build_learner, build_net, build_schedule
from ..building.memory import in_memory_of
from ..building.precision_choice import precision_of
from ..device import CompileChoice, choose_compile, pick_device
from ..evaluators import evaluator_of
from ..judging import Judge
from ..pictures.puzzle_words import puzzle_to_solve
from ..pictures.run_pictures import draw_pictures
from ..ranks import Ranks
from ..runs.lines import HELD_OUT
from ..runs.origin import load_origin
from ..runs.regime import regime_of
from ..runs.run_config import RunConfig
from ..runs.run_folder import RunFolder
from ..runs.run_state import RunState, load_run_state
from ..scores.difficulty import held_out_bins
from ..scores.held_out import first_held_out, read_held_out_parts
from ..settings.request import TrainRequest
from ..threads import Map, num_threads, side_by_side
from .asked import build_stream
from .compiling import compile_steps
from .listener import TrainingListener, Unheard
from .loop import Loop
from .metrics import MetricWriter, NoWriter
from .preparing import prepare_together
from .result import FinalScores, TrainResult, final_scores
from .scored_sets import scored_sets
from .signals import stop_on_signals
from .telling import tell_work
from .trainer import Trainer


def train(request: TrainRequest, listener: TrainingListener, ranks: Ranks | None = None) -> TrainResult | None:
    """Train as asked.

    Args:
        request: what the user asks for, the same on every rank.
        listener: the front end; only that of the first rank is told anything.
        ranks: of the processes that train together; by default this is the only one.

    Returns:
        What it came to on rank 0, None on the others.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    ranks = ranks or Ranks()
    listener = listener if ranks.rank == 0 else Unheard()
    device = pick_device(request.device)
    with ExitStack() as stack:
        prepared, corpora, state, check_owned = prepare_together(request, listener, device, ranks, stack)
        saved = prepared.run
        config = replace(saved.train_config(), max_steps=saved.max_steps)
        net = build_net(config, saved.sizes, device, precision_of(config, device))
        if request.start and saved.origin and state is None:
            load_origin(net, request.start, saved.origin, saved.sizes, saved.corpora)
        stream = build_stream(saved.train_config(), corpora, request, ranks)
        evaluator = evaluator_of(corpora[0].spec)
        tell_work(listener, config, net, device, stream)
        scored = scored_sets(config, corpora, stream.num_groups)
        shared: dict[str, Any] = {
            "stream": stream,
            "scored": scored,
            "judge": evaluator.judge,
            "bins": held_out_bins(corpora, scored.get(HELD_OUT, {})),
            "listener": listener,
            "max_minutes": request.max_minutes,
        }
        spread = stack.enter_context(side_by_side(num_threads(config.num_slices, device)))
        common: dict[str, Any] = {"net": net, "ranks": ranks, "compile": choose_compile(device, request.compile)}
        parts = TrainingParts(**common, judge=evaluator.judge_lesson, spread=spread, check_owned=check_owned)
        run = RunFolder(prepared.path)
        # Only the loop answers the request: whoever is tired of scores and pictures is let go at once.
        with stop_on_signals() as stop:
            begin = partial(build_loop, partial(Loop, **shared, stop=stop), listener.note, run, saved, parts)
            loop, reason = run_phases(begin, saved, state)
        return finish(loop, reason, corpora, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """What the trainers of all phases of a run share.

    Attributes:
        net: the network, with its initial weights where the run begins.
        judge: says what answers are worth in steps of training.
        ranks: of the processes that train together.
        spread: how slices of the batch are mapped.
        compile: whether supervision steps are compiled.
        check_owned: see `Loop`.
    """

    net: torch.nn.Module
    judge: Judge
    ranks: Ranks
    spread: Map
    compile: CompileChoice
    check_owned: Callable[[], None]


def build_loop(
    make: Callable[..., Loop],
    note: Callable[[str], None],
    run: RunFolder,
    whole: RunConfig,
    parts: TrainingParts,
    state: RunState | None,
) -> Loop:
    """The loop of the phase that a run is in.

    Args:
        make: gives a loop, with what the phases of a run share.
        note: is told whether steps are compiled.
        run: the run's folder.
        whole: what the run was started with.
        parts: of the trainer.
        state: to go on from.
    """
    step = state.step if state else 0
    length, end = whole.phase_at(step)
    config = replace(whole.train_config(), max_steps=length)
    learner = build_learner(config, parts.net)
    trainer = Trainer(config, parts.net, learner, parts.judge, whole.sizes, ranks=parts.ranks, spread=parts.spread)
    note(compile_steps(trainer, parts.compile, whole.sizes.seq_len))
    lines = MetricWriter(run, step, parts.check_owned) if parts.ranks.rank == 0 else NoWriter()
    return make(
        config=config,
        trainer=trainer,
        writer=lines,
        run=run,
        check_owned=parts.check_owned,
        config_digest=whole.hash,
        end=end,
        total=whole.max_steps,
    )


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
        # Another run's checkpoints may lie there meanwhile, of the same config.
        loop.ranks.first(loop.check_owned)
        clock, state = loop.clock, load_run_state(loop.run.last_checkpoint(), whole.hash)
        loop = begin(state)
        loop.clock = clock
        reason = run_loop(loop, state)
    return loop, reason


def run_loop(loop: Loop, state: RunState | None) -> str:
    """Train from `state` on, or from the start; returns why it ended, see `Loop.run_steps`.

    Raises:
        OwnedError: the run's folder was deleted, or is another command's meanwhile.
        RunWriteError: a file cannot be written; a checkpoint was saved before, where it is TensorBoard's.
    """
    try:
        if state:
            loop.restore(state)
        reason = loop.run_steps()
    finally:
        loop.writer.close()
    loop.ranks.first(loop.writer.refuse_failure)
    return reason


def finish(loop: Loop, reason: str, corpora: list[Corpus], request: TrainRequest) -> TrainResult | None:
    """Score the average on held-out puzzles unless the user is waiting, and draw pictures; rank 0 has the result.

    Args:
        loop: at its end.
        reason: why it ended.
        corpora: that it was trained on.
        request: what the user asks for.

    Raises:
        OwnedError: the run's folder was deleted, or is another command's meanwhile.
    """
    parts, config = read_held_out_parts(corpora, request.final_limit), loop.config
    scores = FinalScores()
    if reason != "interrupted":
        scores = in_memory_of(
            loop.trainer.device,
            lambda: final_scores(loop, parts, held_out_bins(corpora, parts)),
            "the scores at the end; all steps are saved: make room there, and go on with --resume",
        )
    if loop.ranks.rank > 0:
        return None
    loop.check_owned()
    corpus, held_out = first_held_out(corpora, parts)
    pictures = draw_pictures(loop.run, loop.examinee, held_out, corpus, loop.judge) if request.pictures else []
    return TrainResult(
        run=loop.run.path,
        seed=config.seed,
        reason=reason,
        step=loop.step,
        max_steps=loop.total or config.max_steps,
        rate_left=build_schedule(config)(loop.step),
        scores=scores,
        regime=regime_of(corpora, loop.stream.num_groups, request.variants, config.evaluation.monitor),
        seen=loop.stream.seen(loop.step),
        clock=loop.clock,
        pictures=tuple(pictures),
        puzzle_to_solve=puzzle_to_solve(corpus),
    )
