"""`trmpipe train`, whole: find corpora and preset, make or reopen the run, train, score, draw."""

import dataclasses
import importlib.metadata
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

import trmpipe
from trmpipe.shards import Corpus, Stream, json_digest, open_corpora

from .build import build_learner, build_net, corpus_sizes
from .checkpoint import list_checkpoints, load_checkpoint
from .compiling import compile_core
from .config import SECTIONS, TrainConfig, flatten, to_json
from .device import choose_compile, forward_dtype, pick_device
from .errors import RunError
from .evaluators import evaluator_of
from .held_out import read_held_out
from .loop import Clock, Loop, TrainingListener
from .metrics import MetricWriter
from .overrides import apply_overrides
from .parts import name_of
from .pictures import draw_pictures
from .presets import choose_preset, get_preset
from .run_folder import RunFolder, create_run, truncate_lines, write_json
from .scoring import Scores, score_here
from .signals import stop_on_signals
from .threads import side_by_side
from .trainer import Trainer

FINAL_LIMIT = 1000
"""Held-out puzzles scored at the end of a session; ``trmpipe evaluate`` scores all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What a user asks of `train`.

    Attributes:
        paths: corpora, or folders of them.
        preset: name of a preset; None chooses one by task and device.
        settings: ``KEY=VALUE`` changes to it.
        max_steps: instead of the preset's; schedules are stretched to it.
        max_minutes: stop and save after so many minutes of training in this session.
        out: the run's folder; None for ``runs/<corpus>-<preset>-seed<seed>``.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        compile: ``"auto"``, ``"on"`` or ``"off"``.
        seed: instead of the preset's.
        groups: train on the first so many groups.
        variants: use the first so many variants of each.
        resume: go on from the run's last checkpoint.
    """

    paths: tuple[str, ...]
    preset: str | None = None
    settings: tuple[str, ...] = ()
    max_steps: int | None = None
    max_minutes: float | None = None
    out: str | None = None
    device: str = "auto"
    compile: str = "auto"
    seed: int | None = None
    groups: int | None = None
    variants: int | None = None
    resume: bool = False


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
    """

    run: Path
    reason: str
    step: int
    max_steps: int
    scores: Scores | None
    clock: Clock
    pictures: tuple[Path, ...]


def train(request: TrainRequest, listener: TrainingListener) -> TrainResult:
    """Train as asked.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    device = pick_device(request.device)
    corpora = open_corpora(request.paths)
    evaluator = evaluator_of(corpora[0].spec)
    preset, config = resolve_config(request, corpora[0], device, listener)
    stream = build_stream(config, corpora, request)
    sizes = corpus_sizes(*corpora)
    net = build_net(config, sizes, device, forward_dtype(device))
    learner = build_learner(config, net)
    run, state = open_run(request, preset, config, corpora, listener)
    listener.note(describe(config, net, device, stream))
    listener.note(compile_core(net, learner, choose_compile(device, request.compile), sizes.seq_len))
    with stop_on_signals() as stop, side_by_side(num_threads(request, config, device)) as spread:
        loop = Loop(
            config=config,
            trainer=Trainer(config, net, learner, evaluator.judge, sizes, spread=spread),
            stream=stream,
            held_out=read_held_out(corpora, config.evaluation.limit),
            run=run,
            writer=MetricWriter(run, state["step"] if state else 0),
            listener=listener,
            stop=stop,
            max_minutes=request.max_minutes,
            config_digest=run.read_config()["hash"],
        )
        if state:
            loop.restore(state)
            state = None  # It holds the table of puzzle embeddings once more.
        # Reads the corpus, so that the first step does not wait for it.
        stream.batch(stream.step)
        try:
            reason = loop.run_steps()
        finally:
            loop.writer.close()
        return finish(loop, corpora, reason)


def num_threads(request: TrainRequest, config: TrainConfig, device: torch.device) -> int:
    """Threads for the slices of a batch: one each on a CPU, one in all beside torch.compile."""
    return config.num_slices if device.type == "cpu" and request.compile != "on" else 1


def resolve_config(
    request: TrainRequest, corpus: Corpus, device: torch.device, listener: TrainingListener
) -> tuple[str, TrainConfig]:
    """The preset's name and its config with the user's changes; the choice and its reason are told.

    Args:
        request: what the user asks for.
        corpus: the first one.
        device: to train on.
        listener: is told which preset it is.
    """
    preset, reason = request.preset, "as asked"
    if preset is None:
        preset, reason = choose_preset(corpus.spec.name, device.type)
    config = apply_overrides(get_preset(preset), request.settings)
    if request.max_steps is not None:
        config = replace(config, max_steps=request.max_steps)
    if request.seed is not None:
        config = replace(config, seed=request.seed)
    listener.note(f"preset {preset}: {reason}")
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


def open_run(
    request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus], listener: TrainingListener
) -> tuple[RunFolder, dict[str, Any] | None]:
    """The run's folder, and the state to go on from where there is one.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on.
        listener: is told where the run is.

    Raises:
        RunExistsError: the folder holds a run and the user does not resume it.
        RunError: it was made with another config; the differing settings are named.
    """
    path = Path(request.out or f"runs/{corpora[0].name}-{preset}-seed{config.seed}")
    values = run_values(request, preset, config, corpora)
    if not request.resume:
        listener.note(f"run {path}")
        return create_run(path, values), None
    run = RunFolder(path)
    _refuse_other_config(run, values)
    run.remove_temporaries()
    # A run that was killed before its first checkpoint starts over.
    state = load_checkpoint(run.last_checkpoint()) if list_checkpoints(run.checkpoints) else None
    step = state["step"] if state else 0
    truncate_lines(run.metrics_file, step)
    truncate_lines(run.timings_file, step)
    listener.note(f"run {path}, resumed after step {step}")
    return run, state


def run_values(request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus]) -> dict[str, Any]:
    """What config.json holds; `hash` covers all that the metrics depend on.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on.
    """
    binding = {
        "train": to_json(config),
        "groups": request.groups,
        "variants": request.variants,
        "corpora": {corpus.name: corpus.manifest.content_digest for corpus in corpora},
    }
    return {
        "preset": preset,
        **binding,
        "hash": json_digest(binding),
        "paths": [corpus.path for corpus in corpora],
        "task": corpora[0].spec.name,
        "sizes": dataclasses.asdict(corpus_sizes(*corpora)),
        "versions": {
            "trmpipe": trmpipe.__version__,
            "torch": torch.__version__,
            "numpy": importlib.metadata.version("numpy"),
            "python": platform.python_version(),
        },
    }


def _refuse_other_config(run: RunFolder, values: dict[str, Any]) -> None:
    saved = run.read_config()
    if saved.get("hash") == values["hash"]:
        return
    then, now = (flatten({key: v[key] for key in ("train", "groups", "variants", "corpora")}) for v in (saved, values))
    names = [name.removeprefix("train.") for name in then | now if then.get(name) != now.get(name)]
    raise RunError(
        f"{run.path} was trained with another config; these differ: {', '.join(names)}. "
        "Give the options that it was started with, or another --out"
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
        write_json(loop.run.evaluation_file, {"step": loop.step, **scores.to_json()})
    pictures = draw_pictures(loop.run, loop.examinee, every, corpora[0].spec, judge)
    return TrainResult(
        run=loop.run.path,
        reason=reason,
        step=loop.step,
        max_steps=loop.config.max_steps,
        scores=scores,
        clock=loop.clock,
        pictures=tuple(pictures),
    )
