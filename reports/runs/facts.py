"""What the files of a run say, read once for all that a page shows of it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus
from trmpipe.shards.fields import Count
from trmpipe.shards.json_files import read_json
from trmpipe.trainer.files import damage_of_a_run, read_file
from trmpipe.trainer.runs.checkpoint import list_best, list_checkpoints, step_of
from trmpipe.trainer.runs.difficulty_lines import DifficultyLine, read_difficulty
from trmpipe.trainer.runs.evaluation_file import Final, read_evaluation
from trmpipe.trainer.runs.lines import MOST_LINE_BYTES, MetricLine, read_metrics
from trmpipe.trainer.runs.naming import changed_settings
from trmpipe.trainer.runs.regime import regime_of_run
from trmpipe.trainer.runs.run_config import RunConfig
from trmpipe.trainer.runs.run_folder import RunFolder

from .scores import ShownScore, scores_of

_ADVICE = "restore the file, or start a new run"
_Seconds = Annotated[float, Meta(ge=0, le=1e10)]
"""Some three hundred years at most."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run as its files tell it.

    Attributes:
        name: what the page calls it; no other run of the page is called so.
        run: its folder.
        about: its config.json.
        lines: of metrics.jsonl.
        difficulty: lines of difficulty.jsonl.
        final: evaluation.json, if it is there.
        scores: all scores, the most telling first.
        seconds: of training, evaluating and saving in all sessions; None where nothing was timed.
        step: steps taken, as its files tell.
        regime: what it was trained on, in words.
        settings: what differs from its preset, by name; None where its preset is not installed here.
        remarks: what could not be read, a line each.
    """

    name: str
    run: RunFolder
    about: RunConfig
    lines: Sequence[MetricLine]
    difficulty: Sequence[DifficultyLine]
    final: Final | None
    scores: Sequence[ShownScore]
    seconds: float | None
    step: int
    regime: str
    settings: dict[str, Any] | None
    remarks: Sequence[str]


def read_facts(
    path: Path, name: str, opened: Sequence[Corpus] = (), lines: Sequence[MetricLine] | None = None
) -> RunFacts:
    """What the run at `path` says of itself.

    Args:
        path: of its folder.
        name: what the page calls it.
        opened: corpora that are open, by which its regime is told.
        lines: of metrics.jsonl, where they were read before.

    Raises:
        NoRunError: the folder is no run.
        RunError: its config.json is damaged, or of another version of trmpipe.
    """
    run, remarks = RunFolder(path), list[str]()
    about = run.read_config()

    def told(read: Callable[[], Value], otherwise: Value) -> Value:
        try:
            return read()
        except TrmpipeError as error:
            remarks.append(str(error))
            return otherwise

    nothing: Sequence[MetricLine] = ()
    found = told(lambda: read_metrics(run.metrics_file), nothing) if lines is None else lines
    final = told(lambda: read_evaluation(run), None)
    scores, damaged = scores_of(run, final, about)
    step = max([line.step for line in found[-1:]] + [final.step if final else 0] + _checkpointed(run))
    return RunFacts(
        name=name,
        run=run,
        about=about,
        lines=found,
        difficulty=told(lambda: read_difficulty(run.difficulty_file), []),
        final=final,
        scores=scores,
        seconds=told(lambda: seconds_of(run.timings_file), None),
        step=step,
        regime=told(lambda: regime_of_run(about, step, opened).words(), "unknown"),
        settings=_settings(about),
        remarks=[*remarks, *damaged],
    )


def _checkpointed(run: RunFolder) -> list[int]:
    return [step_of(path) for path in (*list_checkpoints(run.checkpoints), *list_best(run.checkpoints))]


def _settings(about: RunConfig) -> dict[str, Any] | None:
    with suppress(TrmpipeError):
        return changed_settings(about.preset, about.train_config())
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timing:
    """A line of timings.jsonl; seconds and `session_steps` count from the beginning of a session."""

    training_seconds: _Seconds
    step: Count = 0
    session_steps: Count | None = None
    evaluating_seconds: _Seconds = 0.0
    saving_seconds: _Seconds = 0.0

    @property
    def total(self) -> float:
        return self.training_seconds + self.evaluating_seconds + self.saving_seconds

    @property
    def began(self) -> int | None:
        """The step that the session went on from; None in lines of before it was noted."""
        return None if self.session_steps is None else self.step - self.session_steps


def seconds_of(path: Path) -> float | None:
    """The seconds that all sessions took, by timings.jsonl; None where nothing was timed.

    Raises:
        RunError: a line is damaged.
    """
    if not path.exists():
        return None
    done, last = 0.0, _Timing(training_seconds=0.0)
    found = False
    for number, line in enumerate(read_file(path, most_bytes=MOST_LINE_BYTES).split(b"\n")[:-1], 1):
        with damage_of_a_run():
            timing = read_json(line, _Timing, f"{path} line {number}", _ADVICE)
        # Where it is not told, a session that went on after another one shows by a total that is smaller.
        another = timing.total < last.total if timing.began is None else timing.began != last.began
        done, last, found = done + last.total if another else done, timing, True
    return done + last.total if found else None


def names_of_runs(paths: Sequence[Path]) -> list[str]:
    """Names for runs: of their folders, with as many folders above as it takes to tell them apart."""
    parts = [path.resolve().parts for path in paths]
    for depth in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(one[-depth:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{'/'.join(one)} ({number})" for number, one in enumerate(parts, 1)]
