"""The folder of a run that is started or gone on with; whoever calls `open_run` owns it (see `shards.ownership`).

A run that goes on for longer than it was started for is the same run: its hash and its checkpoints stay. What changes
is noted in config.json, as the step from which on all is as in a run of the new length, before the first such step. So
whatever checkpoint it is resumed from, every step is taken under the schedule that it had at first.
"""

import dataclasses
import importlib.metadata
import platform
from contextlib import suppress
from pathlib import Path

import torch

import trmpipe
from trmpipe.shards import Corpus
from trmpipe.shards.places import RUN, refuse_other_kind

from ..building.build import corpus_sizes
from ..errors import NoRunError, RunError
from ..files import write_sealed
from ..settings.config import TrainConfig, flatten, to_json
from ..settings.request import TrainRequest
from .best import no_better_for_long
from .checkpoint import drop_old_checkpoints, drop_other_bests, keep_as_last, list_best, list_checkpoints
from .lines import Kept, keep_first
from .naming import run_name
from .origin import origin_name
from .run_config import Extension, Origin, RunConfig, new_run_config
from .run_folder import RunFolder, create_run, refuse_existing
from .run_state import RunState, load_run_state

RUNS = Path("runs")
"""Where runs lie that the user gives no folder."""
_LENGTH = "train.max_steps"
_PRECISION = "train.precision"


def run_path(request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus]) -> Path:
    """Where the run is: as asked, or below `RUNS` by its name.

    A run to go on with that is not there is looked for among all of that folder: one that is to be longer is named
    after its old length, and earlier versions gave other names.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on.

    Raises:
        RunError: several runs could be meant.
        PlaceError: a new run's folder cannot be made, or holds what is no run.
    """
    path = Path(request.out or RUNS / run_name(request, preset, config, corpora))
    if not request.resume:
        refuse_other_kind(path, RUN)
    if request.resume and request.out is None and not RunFolder(path).config_file.exists():
        return _find_run(run_config(request, preset, config, corpora)) or path
    return path


def _find_run(wanted: RunConfig) -> Path | None:
    """The run below `RUNS` that is the wanted one but for its length."""
    found = []
    for path in sorted(RUNS.glob("*/config.json")):
        with suppress(RunError, NoRunError):
            saved = RunFolder(path.parent).read_config()
            if not _differing(saved, wanted) - {_LENGTH} and saved.minutes == wanted.minutes:
                found.append((path.parent, saved.hash == wanted.hash))
    exact = [path for path, same in found if same]
    if len(exact or found) > 1:
        names = ", ".join(str(path) for path in exact or [path for path, _ in found])
        raise RunError(f"several runs could be meant: {names}; say which with --out")
    return next(iter(exact or [path for path, _ in found]), None)


def saved_steps(path: Path, request: TrainRequest) -> int | None:
    """The steps that a run to go on with was fitted to; None for a new run.

    Raises:
        RunExistsError: there is a run already, and it is not to be gone on with.
        RunError: it was fitted to another time, or to none.
    """
    if not request.resume:
        refuse_existing(path)
        return None
    saved = RunFolder(path).read_config()
    if saved.minutes != request.minutes:
        was = "not fitted to a time" if saved.minutes is None else f"fitted to {saved.minutes:g} minutes"
        raise RunError(f"{path} was {was}, not to {request.minutes:g} minutes; give the options that it was made with")
    return saved.train_config().max_steps


def saved_precision(path: Path, request: TrainRequest) -> str | None:
    """The precision of a run to go on with; None for a new one."""
    run = RunFolder(path)
    return run.read_config().train_config().precision if request.resume and run.config_file.exists() else None


def open_run(path: Path, config: RunConfig, *, resume: bool) -> tuple[RunFolder, RunConfig, RunState | None]:
    """The run's folder, its config, and the state to go on from where there is one.

    Args:
        path: of the folder.
        config: what the run is started with.
        resume: go on with the run that is there; a larger number of steps makes it longer.

    Raises:
        RunExistsError: the folder holds a run and the user does not resume it.
        RunError: it was made with another config (the differing settings are named), or a file of it is damaged.
    """
    if not resume:
        return create_run(path, config), config, None
    run = RunFolder(path)
    saved = run.read_config()
    _refuse_other_config(run, saved, config)
    run.remove_temporaries()
    # The best one holds as much as an ordinary one. A run that was killed before its first checkpoint starts over.
    ordinary = list_checkpoints(run.checkpoints)
    checkpoints = ordinary or list_best(run.checkpoints)
    if saved.imported and not checkpoints:
        raise RunError(
            f"{path} holds no checkpoint, and the weights that it was made of were in one; import "
            f"{saved.imported.file} again into another folder"
        )
    state = load_run_state(checkpoints[-1], saved.hash) if checkpoints else None
    keep_first(run.metrics_file, state.metrics if state else Kept())
    keep_first(run.timings_file, state.timings if state else Kept())
    keep_first(run.difficulty_file, state.difficulty if state else Kept())
    if state and not ordinary:
        keep_as_last(checkpoints[-1])
    drop_old_checkpoints(run.checkpoints, keep=saved.train_config().checkpoint_keep)
    drop_other_bests(run.checkpoints, state.best.step if state and state.best else None)
    return run, _extended(run, saved, config, state), state


def _extended(run: RunFolder, saved: RunConfig, config: RunConfig, state: RunState | None) -> RunConfig:
    """The config of a run that goes on from `state`, made longer where more steps are asked for than it has.

    One that has ended by itself stays as it is: it would take no step.
    """
    length, step = config.train_config().max_steps, state.step if state else 0
    if length <= saved.max_steps or _has_ended_by_itself(saved, state):
        return saved
    # Of a checkpoint before the last extension: what came after it is taken anew, and not as that extension had it.
    before = [extension for extension in saved.extensions if extension.from_step <= step]
    longer = dataclasses.replace(saved, extensions=(*before, Extension(from_step=step, max_steps=length)))
    write_sealed(run.config_file, longer.to_json())
    return longer


def _has_ended_by_itself(saved: RunConfig, state: RunState | None) -> bool:
    """Whether a run got no better for so many evaluations that it has ended, see `evaluation.patience`."""
    return state is not None and no_better_for_long(saved.train_config().evaluation, state.best)


def run_config(
    request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus], origin: Origin | None = None
) -> RunConfig:
    """What config.json is to say.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on.
        origin: the weights to begin with; of a run to go on with its own are taken.

    Raises:
        RunError: it cannot be said, such as a path that is not UTF-8.
    """
    if request.start is not None and origin is None:
        origin = Origin(run=origin_name(request.start), step=0, digest="0" * 64)
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
            "origin": dataclasses.asdict(origin) if origin else None,
            "minutes": request.minutes,
        }
    )


def _refuse_other_config(run: RunFolder, saved: RunConfig, config: RunConfig) -> None:
    differing = _differing(saved, config)
    length = config.train_config().max_steps
    if differing == {_LENGTH} and length > saved.max_steps:
        return
    # What was made longer is gone on with by the command that made it so, and by that which started it.
    if differing == {_LENGTH} and saved.extensions and length == saved.max_steps:
        return
    if differing == {_LENGTH}:
        raise RunError(
            f"{run.path} has {saved.max_steps:,} steps, and a run is never made shorter than it is; give that number "
            "or more with --max-steps, or another --out"
        )
    if differing:
        names = ", ".join(sorted(name.removeprefix("train.") for name in differing))
        raise RunError(
            f"{run.path} was trained with another config; these differ: {names}. "
            "Give the options that it was started with, or another --out"
        )


def _differing(saved: RunConfig, config: RunConfig) -> set[str]:
    """Names of what differs in two bindings; of weights to begin with the run counts that they are from.

    That run may have gone on meanwhile.
    """
    then, now = (
        flatten(
            {
                **one.binding,
                "train": to_json(one.train_config()),
                "from": one.origin.run if one.origin else None,
                "origin": None,
            }
        )
        for one in (saved, config)
    )
    if now[_PRECISION] == "auto":  # What a new run would choose is the machine's affair; this one has chosen.
        now[_PRECISION] = then[_PRECISION]
    return {name for name in then | now if then.get(name) != now.get(name)}
