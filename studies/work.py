"""Doing a job: train as `trmpipe train` does, score, and keep what came out."""

import dataclasses
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trmpipe
from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, Store
from trmpipe.shards.errors import OwnedError
from trmpipe.shards.ownership import owned
from trmpipe.shards.urls import printable
from trmpipe.trainer.errors import DivergedError, RunWriteError
from trmpipe.trainer.runs.lines import MONITOR
from trmpipe.trainer.runs.overlap import overlap_of
from trmpipe.trainer.runs.run_folder import RunFolder
from trmpipe.trainer.scores.scoring import Scores
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.trained.by_step import StepScores, draws, scores_by_step
from trmpipe.trainer.trained.inference import open_trained
from trmpipe.trainer.training.listener import Unheard
from trmpipe.trainer.training.measuring import measure_costs
from trmpipe.trainer.training.result import TrainResult
from trmpipe.trainer.training.session import train

from .errors import StudyInterrupted
from .jobs import COSTS, RUN, TRY, Job, Outcome, keep_outcome

MOST_WARMUP = 0.1
"""Share of a run that its warm-up may take: where FLOPs are equal, large networks have few steps, and a preset's own
warm-up could be all of them."""
_MOST_LETTERS = 900
"""Of a reason, so that it fits a `Word`."""
_FREE_SECONDS, _TRY_SECONDS = 20.0, 0.5
"""How long a run's folder may still be another process's, and how often that is looked at."""


def do(job: Job) -> None:
    """Do a job and keep its outcome; one that fails keeps its reason.

    Raises:
        StudyInterrupted: the process was asked to stop; what is trained is saved, and nothing is kept.
        RunWriteError: the outcome cannot be written.
        OwnedError: another command trains this run.
    """
    started = time.perf_counter()
    reason, found = "", {}
    try:
        found = _WAYS[job.kind](job)
    except (StudyInterrupted, RunWriteError, OwnedError):
        raise
    except TrmpipeError as error:
        reason = str(error)
    except MemoryError:
        reason = "memory ran out"
    except Exception as error:
        reason = f"unexpected {type(error).__name__}: {error}"
    keep_outcome(
        job,
        Outcome(
            asked=job.asked,
            reason=one_line(reason),
            found=found,
            seconds=round(time.perf_counter() - started, 3),
            trmpipe=trmpipe.__version__,
        ),
    )


def one_line(text: str) -> str:
    """A reason as a line of bounded length."""
    return printable(" ".join(text.split()))[:_MOST_LETTERS]


def _costs(job: Job) -> dict[str, Any]:
    return dataclasses.asdict(measure_costs(_request(job), seconds=job.seconds))


class _Watcher(Unheard):
    """Keeps the last scores of every set, and what training took."""

    def __init__(self) -> None:
        self.scores: dict[str, Scores] = {}

    def evaluated(self, step: int, scores: Mapping[str, Scores]) -> None:
        """See `TrainingListener`."""
        self.scores = dict(scores)


def _try(job: Job) -> dict[str, Any]:
    """Judged by the puzzles kept aside alone: no held-out one is looked at."""
    watcher, _ = _train(job)
    scores = watcher.scores[MONITOR]
    # What is chosen by them is trained anew; checkpoints of all tries would fill the disk.
    shutil.rmtree(job.run, ignore_errors=True)
    return {"monitor": _columns(scores)}


def _run(job: Job) -> dict[str, Any]:
    _, result = _train(job)
    held_out, training = result.scores.held_out, result.scores.training
    found: dict[str, Any] = {
        "steps": result.step,
        "training_seconds": round(result.clock.training, 3),
        "scores": _columns(held_out) if held_out else None,
        "training": _columns(training) if training else None,
        "restarts": {},
        "across": {},
    }
    if job.restarts or job.across:
        trained = open_trained(str(job.run), job.device)
        own = Corpus.open(job.corpus)
        # Where nothing is drawn, restarts would give the same answers again.
        for restarts in job.restarts if draws(trained) else ():
            more = scores_by_step(trained, own, limit=job.puzzles, restarts=restarts)
            found["restarts"][str(restarts)] = _columns(more)
        for name, path in job.across.items():
            other = Corpus.open(path)
            scores = _columns(scores_by_step(trained, other, limit=job.puzzles))
            # Its own corpus is opened here already, wherever it lies; of its own held-out puzzles none is counted.
            seen = overlap_of(trained.about, trained.step, [other, own]).puzzles
            found["across"][name] = scores | {"in_training": {"puzzles": seen, "of": other.num_groups("test")}}
    return found


_WAYS = {COSTS: _costs, TRY: _try, RUN: _run}


def _train(job: Job) -> tuple[_Watcher, TrainResult]:
    """Train to the end, from where an earlier session was stopped if its checkpoints are sound."""
    watcher, request = _Watcher(), _request(job)
    _wait_until_free(job.run)
    result = None
    if RunFolder(job.run).config_file.exists():
        try:
            result = train(dataclasses.replace(request, resume=True), watcher)
        except (OwnedError, RunWriteError, DivergedError):
            raise
        except TrmpipeError:  # Its files are damaged: it begins anew.
            result = None
    # What was evaluated before a kill is not told again.
    if result is None or (job.monitor and MONITOR not in watcher.scores and result.reason != "interrupted"):
        shutil.rmtree(job.run, ignore_errors=True)
        result = train(request, watcher)
    assert result is not None, "the only process is the first one"
    if result.reason == "interrupted":
        raise StudyInterrupted("interrupted")
    return watcher, result


def _wait_until_free(run: Path) -> None:
    """Wait for the process of a study that was killed: it ends by itself, some moments after."""
    ended = time.monotonic() + _FREE_SECONDS
    while run.exists():
        try:
            with owned(Store(run.absolute())):
                return
        except OwnedError:
            if time.monotonic() > ended:
                raise
            time.sleep(_TRY_SECONDS)


def _request(job: Job) -> TrainRequest:
    settings = list(job.settings)
    if job.kind == TRY:
        settings += [f"evaluation.monitor={job.monitor}", f"evaluation.every={job.steps}", "evaluation.limit=0"]
    return TrainRequest(
        paths=(job.corpus,),
        preset=job.preset or None,
        settings=tuple(settings),
        max_steps=job.steps,
        out=str(job.run),
        device=job.device,
        seed=job.seed,
        groups=job.groups,
        variants=job.variants,
        final_limit=job.puzzles,
        most_warmup=MOST_WARMUP,
        pictures=False,
    )


def _columns(scores: Scores | StepScores) -> dict[str, Any]:
    """Puzzles, and every column after every step, rounded so that a sum's order does not show."""
    number = scores.puzzles if isinstance(scores, StepScores) else scores.num_puzzles
    return {
        "puzzles": number,
        "columns": {name: [round(value, 9) for value in values] for name, values in scores.columns.items()},
    }
