"""Jobs: the pure functions of a study, each with a folder of its own, where its outcome lies once it is done.

A job says all that its outcome depends on and goes through JSON, so that it is done in this process or another, on this
machine or another that sees the folder. Of what a job asks there is a digest in its outcome: an outcome of other
questions is not taken.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trmpipe.shards import json_digest
from trmpipe.shards.fields import Count, Digest, Positive, Word
from trmpipe.shards.json_files import read_sealed
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.files import AGAIN, damage_of_a_run, read_file, write_sealed

from .errors import OtherJobError, StudyError

COSTS, TRY, RUN = "costs", "try", "run"
OUTCOME = "result.json"
_ADVICE = "delete it, and run the study again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One thing to be done.

    Attributes:
        kind: measure the costs of a setup, try it for tuning, or train and score a run of it.
        folder: where its outcome and its run lie.
        corpus: to train on.
        content: its content digest.
        preset: that settings are changed of; empty for the one that suits task and device.
        settings: ``KEY=VALUE`` on top of it.
        device: as of `trmpipe train`.
        seed: root seed.
        steps: of training; what is measured takes as many as it needs.
        groups: training puzzles; None for all.
        variants: of each; None for all.
        monitor: training puzzles kept aside, by which a try is judged.
        puzzles: held-out puzzles that are scored.
        restarts: numbers of restarts that are scored beside one.
        across: other corpora that are scored, by their names in the plan.
        seconds: for which the steps of a measurement are timed.
    """

    kind: Literal["costs", "try", "run"]
    folder: str
    corpus: str
    content: Digest
    preset: Word
    settings: tuple[Word, ...]
    device: Word = "auto"
    seed: Count = 0
    steps: Positive = 1
    groups: Positive | None = None
    variants: Positive | None = None
    monitor: Count = 0
    puzzles: Count = 0
    restarts: tuple[Positive, ...] = ()
    across: dict[Word, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    @property
    def asked(self) -> str:
        """Digest of all that the outcome depends on: where corpora and folder lie is not among it."""
        values = dataclasses.asdict(self)
        for name in ("folder", "corpus", "seconds"):
            del values[name]
        return json_digest({**values, "across": sorted(self.across)})

    @property
    def place(self) -> Path:
        """Of its outcome."""
        return Path(self.folder) / OUTCOME

    @property
    def run(self) -> Path:
        """Folder of its run."""
        return Path(self.folder) / "run"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a job came to.

    Attributes:
        asked: digest of the job.
        reason: why it failed; empty where it is done.
        found: what came out, see `found`; nothing where it failed.
        seconds: that it took, on the wall.
        trmpipe: version that did it; empty where it is not noted.
    """

    asked: Digest
    reason: Word = ""
    found: dict[Word, Any] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    trmpipe: Word = ""

    @property
    def failed(self) -> bool:
        """Whether the job failed."""
        return bool(self.reason)


def outcome_of(job: Job) -> Outcome | None:
    """The outcome of a job; None where it is yet to be done.

    Raises:
        StudyError: the file is damaged.
        OtherJobError: it is the outcome of another job.
    """
    if not job.place.exists():
        return None
    try:
        with damage_of_a_run():
            found = read_sealed(read_file(job.place), Outcome, str(job.place), _ADVICE)
    except RunError as error:
        raise StudyError(str(error)) from error
    if found.asked != job.asked:
        raise OtherJobError(
            f"{job.place} is the outcome of another job; take another --out, delete {job.folder}, or, where tries were "
            "done again and chose otherwise, run the study with --retry"
        )
    return found


def keep_outcome(job: Job, outcome: Outcome) -> None:
    """Write what a job came to.

    Raises:
        RunWriteError: it cannot be written.
    """
    write_sealed(job.place, dataclasses.asdict(outcome), AGAIN)
