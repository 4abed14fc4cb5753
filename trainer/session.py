"""`trmpipe train`, whole: find corpora and preset, make or reopen the run, train, score, draw."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from trmpipe.shards import Corpus, Store, Stream, open_corpora
from trmpipe.shards.ownership import owned

from .build import build_learner, build_net, corpus_sizes
from .compiling import compile_core
from .config import SECTIONS, TrainConfig
from .device import choose_compile, forward_dtype, pick_device
from .evaluators import evaluator_of
from .files import write_sealed
from .held_out import read_held_out, tested_corpus
from .loop import Clock, Loop, TrainingListener
from .memory import refuse_too_large
from .metrics import MetricWriter
from .opening import open_run, run_config, run_path
from .overrides import apply_overrides
from .parts import name_of
from .pictures import draw_pictures
from .presets import choose_preset, get_preset, what_to_expect
from .puzzle_words import puzzle_to_solve
from .ranks import refuse_ranks
from .request import TrainRequest
from .run_state import RunState
from .scoring import Scores, score_here
from .signals import stop_on_signals
from .threads import side_by_side
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
        scores: on up to `FINAL_LIMIT` held-out puzzles; None where there are none or the user interrupted.
        clock: where this session's time went.
        pictures: pictures written.
        puzzle_to_solve: what `trmpipe solve` may be given to try the run; empty where it takes none of the task.
    """

    run: Path
    reason: str
    step: int
    max_steps: int
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
    corpora = open_corpora(request.paths)
    evaluator = evaluator_of(corpora[0].spec)
    notes: list[str] = []  # Told once nothing is refused any more.
    preset, config = resolve_config(request, corpora[0], device, notes.append)
    sizes = corpus_sizes(*corpora)
    refuse_too_large(config, sizes, device)
    stream = build_stream(config, corpora, request)
    if line := too_few_variants(request, corpora):
        notes.append(line)
    net = build_net(config, sizes, device, forward_dtype(device))
    learner = build_learner(config, net)
    whole, path = run_config(request, preset, config, corpora), run_path(request, preset, config, corpora)
    with ExitStack() as stack:
        stack.enter_context(owned(Store(path.absolute())))
        run, state = open_run(path, whole, resume=request.resume)
        for line in notes:
            listener.note(line)
        listener.note(f"run {path}" + (f", resumed after step {state.step if state else 0}" if request.resume else ""))
        listener.note(describe(config, net, device, stream))
        listener.note(compile_core(net, learner, choose_compile(device, request.compile), sizes.seq_len))
        stop = stack.enter_context(stop_on_signals())
        spread = stack.enter_context(side_by_side(num_threads(request, config, device)))
        loop = Loop(
            config=config,
            trainer=Trainer(config, net, learner, evaluator.judge, sizes, spread=spread),
            stream=stream,
            held_out=read_held_out(corpora, config.evaluation.limit),
            run=run,
            writer=MetricWriter(run, state.step if state else 0),
            listener=listener,
            stop=stop,
            max_minutes=request.max_minutes,
            config_digest=whole.hash,
        )
        return finish(loop, corpora, run_loop(loop, state))


def too_few_variants(request: TrainRequest, corpora: Sequence[Corpus]) -> str:
    """That `--variants` asks for more than any group has, in one line; empty where some group has as many."""
    most = max(int(corpus.catalog["train"].variants.max()) for corpus in corpora)
    if request.variants is None or request.variants <= most:
        return ""
    return f"--variants asks for {request.variants:,} of each group, none has more than {most:,}: all are used"


def run_loop(loop: Loop, state: RunState | None) -> str:
    """Train from `state` on, or from the start; returns why it ended, see `Loop.run_steps`.

    Raises:
        RunWriteError: a file cannot be written; a checkpoint was saved before, where it is TensorBoard's.
    """
    try:
        if state:
            loop.restore(state)
        # Reads the corpus, so that the first step does not wait for it.
        loop.stream.batch(loop.step)
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
    preset, reason = request.preset, "as asked"
    if preset is None:
        preset, reason = choose_preset(corpus.spec.name, device.type)
    own = get_preset(preset)
    config = apply_overrides(own, request.settings)
    if request.max_steps is not None:
        config = replace(config, max_steps=request.max_steps)
    if request.seed is not None:
        config = replace(config, seed=request.seed)
    note(f"preset {preset}: {reason}")
    note(what_to_expect(preset, corpus.spec.name, changed=replace(config, seed=own.seed) != own))
    return preset, config


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


def finish(loop: Loop, corpora: list[Corpus], reason: str) -> TrainResult:
    """Score the average on held-out puzzles unless the user is waiting, and draw the pictures."""
    scores, judge = None, loop.trainer.judge
    every = read_held_out(corpora, FINAL_LIMIT)
    if reason != "interrupted" and len(every):
        scores = score_here(loop.examinee, every, judge)
        write_sealed(loop.run.evaluation_file, {"step": loop.step, **scores.to_json()})
    pictures = draw_pictures(loop.run, loop.examinee, every, tested_corpus(corpora), judge)
    return TrainResult(
        run=loop.run.path,
        reason=reason,
        step=loop.step,
        max_steps=loop.config.max_steps,
        scores=scores,
        clock=loop.clock,
        pictures=tuple(pictures),
        puzzle_to_solve=puzzle_to_solve(tested_corpus(corpora)),
    )
