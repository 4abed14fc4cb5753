"""`trmpipe import checkpoint`: published weights as a run that evaluates, solves and goes on training.

The run is as if it had been trained by a published preset up to the step in the file's name: weights and average are
the published ones, the stream stands at that step. What the optimisers held is not published, so they start anew, and
so do the puzzles in the slots. All settings are in config.json as those of any run, so that `trmpipe train --resume`
goes on.
"""

import dataclasses
import hashlib
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import torch

from trmpipe.shards import Corpus, Store, check_together, find_all
from trmpipe.shards.ownership import owned
from trmpipe.shards.urls import printable

from ..building.build import build_learner, build_net, corpus_sizes
from ..building.memory import refuse_too_large
from ..building.precision_choice import gpu_has_bf16_units, precision_of
from ..device import pick_device
from ..evaluators import evaluator_of
from ..ranks import Ranks, refuse_several
from ..runs.checkpoint import save_checkpoint
from ..runs.lines import Kept
from ..runs.naming import changed_settings, folder_name, safe_name
from ..runs.opening import RUNS, run_config
from ..runs.run_config import Imported, RunConfig
from ..runs.run_folder import create_run, refuse_existing
from ..runs.run_state import RunState, StreamState, to_plain
from ..settings.config import TrainConfig
from ..settings.overrides import apply_overrides
from ..settings.request import TrainRequest
from ..training.asked import build_stream
from ..training.metrics import Means
from ..training.trainer import Trainer
from .reading import PublishedWeights, Reading, network_tensors, open_published, read_for

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What a user asks of `import_checkpoint`.

    Attributes:
        file: of the published weights.
        paths: corpora that the run is for, folders of them, or patterns of such.
        model: settings of the model that no tensor tells, by name; those that are left out are the published preset's.
        settings: ``KEY=VALUE`` changes to all other settings.
        out: the run's folder; None for one below ``runs``, named after corpus and file.
        device: the one that the run is to go on training on; it decides the precision.
    """

    file: str
    paths: tuple[str, ...]
    model: dict[str, int] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    out: str | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What came of an import.

    Attributes:
        run: the run's folder.
        about: what its config.json says.
        model: its model in words.
        step: the step that the weights are of.
        notes: lines on what was chosen.
        resume: a command that goes on training.
    """

    run: Path
    about: RunConfig
    model: str
    step: int
    notes: tuple[str, ...]
    resume: str


def import_checkpoint(request: ImportRequest) -> ImportResult:
    """Make a run of published weights.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    refuse_several("an import")
    device = pick_device(request.device)
    weights = open_published(Path(request.file))
    corpora = check_together(find_all(request.paths).corpora)
    reading = read_for(weights, corpus_sizes(*corpora), corpora[0].spec.name, request.model)
    config, notes = _settled(request, weights.step, reading, device)
    path = Path(request.out or RUNS / safe_name(f"{folder_name(corpora[0])}-{weights.path.name}-imported"))
    refuse_existing(path)
    refuse_too_large(config, reading.sizes, device)
    about = dataclasses.replace(
        run_config(TrainRequest(paths=request.paths, out=str(path)), reading.preset, config, corpora),
        imported=Imported(file=printable(weights.path.name), step=weights.step, digest=_digest_of(weights.path)),
    )
    state = _state(weights, about, corpora)
    with owned(Store(path.absolute())):
        run = create_run(path, about)
        save_checkpoint(run.checkpoints, weights.step, to_plain(state))
    return ImportResult(
        run=path,
        about=about,
        model=f"{weights.model} {config.model.describe()}",
        step=weights.step,
        notes=tuple(notes),
        resume=_resume(path, corpora, reading.preset, config, weights.step),
    )


def _settled(
    request: ImportRequest, step: int, reading: Reading, device: torch.device
) -> tuple[TrainConfig, list[str]]:
    """The config of the run, and lines on what was chosen for it."""
    changed = {one.partition("=")[0].strip() for one in request.settings}
    told = tuple(name for name in reading.told if f"model.{name}" not in changed)
    notes = [dataclasses.replace(reading, told=told).in_words()] if told else []
    notes += [f"model.{name} changes nothing: with this mixer it is not looked at" for name in reading.idle]
    config = apply_overrides(reading.config, request.settings)
    if config.precision == "auto":
        # Now, since the learner's state is of that dtype; what this machine is faster in says nothing of another.
        precision = "bf16" if device.type == "cuda" and gpu_has_bf16_units() else "fp32"
        config = dataclasses.replace(config, precision=precision)
        notes.append(f"precision {precision}, for training on {device.type}; --set precision=... takes another")
    if step > config.max_steps:
        config = dataclasses.replace(config, max_steps=step)
        notes.append(f"the run has {step:,} steps, as many as the file's name says were taken")
    return config, notes


def _state(weights: PublishedWeights, about: RunConfig, corpora: list[Corpus]) -> RunState:
    """The checkpoint of the run: the weights, and all else as before its next step."""
    config = about.train_config()
    cpu = torch.device("cpu")
    net = build_net(config, about.sizes, cpu, precision_of(config, cpu))
    net.load_state_dict(network_tensors(weights, net))
    judge = evaluator_of(corpora[0].spec).judge_lesson
    trainer = Trainer(config, net, build_learner(config, net), judge, about.sizes)
    stream = build_stream(config, corpora, TrainRequest(paths=about.paths), Ranks())
    stream.seek(weights.step)
    return RunState(
        step=weights.step,
        config_digest=about.hash,
        trainer=trainer.get_state(),
        stream=StreamState(**stream.get_state()),
        means=Means().get_state(),
        metrics=Kept(),
        timings=Kept(),
    )


def _digest_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    running = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            running.update(chunk)
    return running.hexdigest()


def _resume(path: Path, corpora: list[Corpus], preset: str, config: TrainConfig, step: int) -> str:
    """The command that goes on training a run.

    Args:
        path: of the run's folder.
        corpora: of the run.
        preset: that it is named after.
        config: of the run.
        step: that its weights are of.
    """
    changed = changed_settings(preset, config)
    settings = [f"--set={name}={value}" for name, value in changed.items()]
    words = ["trmpipe", "train", *(corpus.path for corpus in corpora), "--preset", preset, *settings]
    # Weights whose training is over are trained on by a tenth.
    longer = ["--max-steps", str(step + max(1, step // 10))] if step >= config.max_steps else []
    return shlex.join([*words, *longer, "--out", str(path), "--resume"])
