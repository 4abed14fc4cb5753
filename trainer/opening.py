"""The folder of a run that is started or gone on with; whoever calls this owns it (see `shards.ownership`)."""

import dataclasses
import importlib.metadata
import platform
from pathlib import Path

import torch

import trmpipe
from trmpipe.shards import Corpus

from .build import corpus_sizes
from .checkpoint import drop_old_checkpoints, list_checkpoints
from .config import TrainConfig, flatten, to_json
from .errors import RunError
from .lines import Kept, keep_first
from .request import TrainRequest
from .run_config import RunConfig, new_run_config
from .run_folder import RunFolder, create_run
from .run_state import RunState, load_run_state


def run_path(request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus]) -> Path:
    """Where the run is: as asked, or named after corpus, preset and seed.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on; their names are parts of paths, as `Manifest` checked.
    """
    return Path(request.out or f"runs/{corpora[0].name}-{preset}-seed{config.seed}")


def open_run(path: Path, config: RunConfig, *, resume: bool) -> tuple[RunFolder, RunState | None]:
    """The run's folder, and the state to go on from where there is one.

    Args:
        path: of the folder.
        config: what the run is started with.
        resume: go on with the run that is there.

    Raises:
        RunExistsError: the folder holds a run and the user does not resume it.
        RunError: it was made with another config (the differing settings are named), or a file of it is damaged.
    """
    if not resume:
        return create_run(path, config), None
    run = RunFolder(path)
    _refuse_other_config(run, config)
    run.remove_temporaries()
    # A run that was killed before its first checkpoint starts over.
    saved = list_checkpoints(run.checkpoints)
    state = load_run_state(saved[-1], config.hash) if saved else None
    keep_first(run.metrics_file, state.metrics if state else Kept())
    keep_first(run.timings_file, state.timings if state else Kept())
    drop_old_checkpoints(run.checkpoints)
    return run, state


def run_config(request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus]) -> RunConfig:
    """What config.json is to say.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on.

    Raises:
        RunError: it cannot be said, such as a path that is not UTF-8.
    """
    return new_run_config(
        {
            "preset": preset,
            "train": to_json(config),
            "groups": request.groups,
            "variants": request.variants,
            "corpora": [{"name": corpus.name, "content_digest": corpus.manifest.content_digest} for corpus in corpora],
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
    )


def _refuse_other_config(run: RunFolder, config: RunConfig) -> None:
    saved = run.read_config()
    if saved.hash == config.hash:
        return
    then, now = flatten(saved.binding), flatten(config.binding)
    names = [name.removeprefix("train.") for name in then | now if then.get(name) != now.get(name)]
    raise RunError(
        f"{run.path} was trained with another config; these differ: {', '.join(names)}. "
        "Give the options that it was started with, or another --out"
    )
