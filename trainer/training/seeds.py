"""Several runs that differ in their seed alone: what each is asked for, and how far their scores differ.

Each is a run of its own, with a name of its own, so that all that can be done with a run can be done with it: it is
gone on with, evaluated and listed like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

from trmpipe.shards import Corpus
from trmpipe.shards.places import refuse_other_kind

from ..building.precision_choice import choose_precision
from ..device import pick_device
from ..errors import NoRunError, SettingError
from ..runs.choosing import Chooser, choose_corpora
from ..runs.opening import saved_precision
from ..runs.run_folder import RunFolder, refuse_existing
from ..settings.request import TrainRequest
from .resolving import config_for, path_of_run_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far a number differs over seeds.

    Attributes:
        mean: over the seeds.
        deviation: with n - 1 below the root; None for a single seed.
        seeds: how many there are.
    """

    mean: float
    deviation: float | None
    seeds: int

    def in_words(self) -> str:
        """A share as percent, its deviation in points."""
        if self.deviation is None:
            return f"{self.mean:.1%}, of one seed"
        return f"{self.mean:.1%} on average, deviation {100 * self.deviation:.1f} points (n - 1), {self.seeds} seeds"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def spreads_of(headlines: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """Mean and deviation of every number that all runs have, by its name; none where there are no runs."""
    names = [name for name in headlines[0] if all(name in one for one in headlines)] if headlines else []
    values = {name: [one[name] for one in headlines] for name in names}
    return {
        name: Spread(mean=mean(found), deviation=stdev(found) if len(found) > 1 else None, seeds=len(found))
        for name, found in values.items()
    }


def seed_requests(request: TrainRequest, num_seeds: int, chooser: Chooser) -> list[TrainRequest]:
    """What is asked for of each run; the corpora are chosen once and for all of them.

    Args:
        request: of the first run; with `out` as the folder of all runs, and `resume` where some of them may exist.
        num_seeds: runs.
        chooser: is asked for the task where that is open.

    Raises:
        SettingError: the runs would differ in more than their seed.
        RunExistsError: one of them is there already, and is not to be gone on with.
        PlaceError: the folder of all holds something else.
        NoRunError: none of those that are to be gone on with is there.
    """
    if request.minutes is not None:
        raise SettingError(
            "--minutes measures the steps of every run for itself, so that the runs of --seeds would differ in more "
            "than their seed; give --max-steps"
        )
    if request.out is not None:
        refuse_other_kind(Path(request.out), "folder of runs")
    device = pick_device(request.device)

    def first_path(*corpora: Corpus) -> Path:
        return path_of_run_on(_of_seed(request, _first_seed(request, corpora[0], device)), device, *corpora)

    corpora = choose_corpora(_of_one_begun(request), chooser, first_path)
    # By their own paths: a run that begins later takes what the first one took, whatever was generated since.
    request = replace(request, paths=tuple(corpus.path for corpus in corpora))
    first = _first_seed(request, corpora[0], device)
    asked = [_of_seed(request, seed) for seed in range(first, first + num_seeds)]
    paths = [path_of_run_on(one, device, *corpora) for one in asked]
    if not request.resume:
        for path in paths:
            refuse_existing(path)
    # Settled once: measured by every run for itself, it may come out one way and the other.
    precision = _precision_of_all(request, paths, corpora, device)
    asked = [replace(one, precision=precision) for one in asked]
    if not request.resume:
        return asked
    begun = [RunFolder(path).config_file.exists() for path in paths]
    if not any(begun):
        raise NoRunError(f"there is none of the runs to go on with, such as {paths[0]}; leave --resume out")
    return [replace(one, resume=there) for one, there in zip(asked, begun, strict=True)]


def _precision_of_all(
    request: TrainRequest, paths: Sequence[Path], corpora: Sequence[Corpus], device: torch.device
) -> str:
    """That which the first of the runs that are there has, or that is chosen now."""
    begun = [saved for path in paths if (saved := saved_precision(path, request)) is not None]
    if begun:
        return begun[0]
    config = config_for(request, corpora[0], device)[2]
    return config.precision if config.precision != "auto" else choose_precision(config, corpora, device)[0]


def _first_seed(request: TrainRequest, corpus: Corpus, device: torch.device) -> int:
    return config_for(request, corpus, device)[2].seed


def _of_one_begun(request: TrainRequest) -> TrainRequest:
    """The request of one of the runs in the folder that is given for all; as it is where there is none."""
    begun = sorted(Path(request.out).glob("seed*/config.json")) if request.out is not None else []
    return replace(request, out=str(begun[0].parent)) if begun else request


def _of_seed(request: TrainRequest, seed: int) -> TrainRequest:
    """The request of the run of one seed; where a folder is given for all, in that."""
    out = None if request.out is None else str(Path(request.out) / f"seed{seed}")
    return replace(request, seed=seed, out=out)
