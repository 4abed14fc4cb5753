"""The results of a study: a row for every run and try, with reasons of those that failed; written once, read typed."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from trmpipe.shards.fields import Count, Word
from trmpipe.shards.files import write_atomically
from trmpipe.shards.json_files import read_json
from trmpipe.shards.words import counted
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.files import AGAIN, damage_of_a_run, read_file, writing
from trmpipe.trainer.training.costs import Amount

from .errors import NoStudyError, StudyError
from .record import Record, read_record

RESULTS, TUNING = "results.jsonl", "tuning.jsonl"
_ADVICE = "delete it, and run the study again"

Share = Annotated[float, Meta(ge=0, le=1)]
Shares = tuple[Share, ...]
"""After each supervision step."""
Status = Literal["done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InTraining:
    """Held-out puzzles of other data that a run was trained on, as they are or as symmetric copies.

    Attributes:
        puzzles: how many; None where nobody can tell.
        of: held-out puzzles that the data have.
    """

    puzzles: Count | None
    of: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run.

    Attributes:
        data: its name.
        arm: its name.
        point: labels by axis.
        equal: kinds of budgets that it serves.
        seed: root seed.
        status: whether it came to an end.
        reason: why not.
        variant: that tuning chose.
        rate: likewise.
        parameters: numbers that are learned.
        steps: of training.
        step_flops: of one of them.
        training_flops: of all.
        answer_flops: of an answer, after its first supervision step and after its last.
        puzzles: held-out ones that were scored.
        judged_by: the column that counts, ``accepted`` or ``exact``.
        solved: share of puzzles that are, after each supervision step.
        exact: share of puzzles that equal the label in every cell, likewise.
        cell: share of right cells, likewise.
        trained: share that is solved, after the last step, of puzzles that were trained on; None where none is scored.
        restarts: what `solved` is with so many restarts, by their number.
        across: what `solved` is on other data after the last step, by name.
        in_training: held-out puzzles of other data that it was trained on, by name; without those not looked at.
        run: the run's folder, below the study's; empty where there is none.
        training_seconds: that training took, in the session that ended it.
        trmpipe: version that trained and scored it; empty where it is not noted.
    """

    data: Word
    arm: Word
    point: dict[Word, Word]
    equal: tuple[Word, ...]
    seed: Count
    status: Status
    reason: Word = ""
    variant: Word = ""
    rate: Word = ""
    parameters: Count = 0
    steps: Count = 0
    step_flops: Count = 0
    training_flops: Amount = 0
    answer_flops: tuple[Amount, Amount] = (0.0, 0.0)
    puzzles: Count = 0
    judged_by: Word = ""
    solved: Shares = ()
    exact: Shares = ()
    cell: Shares = ()
    trained: Share | None = None
    restarts: dict[Word, Shares] = dataclasses.field(default_factory=dict)
    across: dict[Word, Share] = dataclasses.field(default_factory=dict)
    in_training: dict[Word, InTraining] = dataclasses.field(default_factory=dict)
    run: str = ""
    training_seconds: Amount = 0.0
    trmpipe: Word = ""

    @property
    def done(self) -> bool:
        """Whether it came to an end."""
        return self.status == "done"

    @property
    def gap(self) -> float | None:
        """By how much more training puzzles are solved than held-out ones."""
        return None if self.trained is None or not self.solved else self.trained - self.solved[-1]

    @property
    def setup(self) -> tuple[str, ...]:
        """What it has in common with runs of other seeds."""
        return (self.data, self.arm, *self.point.values(), *self.equal)

    def answer_flops_at(self, step: int) -> float:
        """FLOPs of an answer that is taken after a supervision step, from 1 on."""
        first, last = self.answer_flops
        return first + (last - first) * (step - 1) / max(1, len(self.solved) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRow:
    """One try of tuning.

    Attributes:
        data: its name.
        setup: name of what was tuned.
        variant: that was tried.
        rate: likewise.
        steps: of training.
        status: whether it came to an end.
        reason: why not.
        solved: share of the puzzles kept aside that are.
        cell: share of their right cells.
        chosen: whether the setup is trained so.
    """

    data: Word
    setup: Word
    variant: Word
    rate: Word
    steps: Count
    status: Status
    reason: Word = ""
    solved: Share = 0.0
    cell: Share = 0.0
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResults:
    """What a study came to.

    Attributes:
        folder: of the study.
        record: what was asked, measured and given up.
        runs: all of them, in the order of the plan.
        tries: of tuning; none where nothing was tuned.
        missing: runs that are still to be done, of which there is no row.
    """

    folder: Path
    record: Record
    runs: tuple[RunRow, ...]
    tries: tuple[TryRow, ...]
    missing: int = 0

    @property
    def unfinished(self) -> str:
        """How much of the study is done, in words; empty where all of it is."""
        done = len(self.runs)
        return f"unfinished: {done} of {counted(done + self.missing, 'run')} are done" if self.missing else ""

    @property
    def failed(self) -> list[RunRow]:
        """Runs that did not come to an end."""
        return [run for run in self.runs if not run.done]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        fitted = self.record.known.fitted
        return {
            "study": self.record.plan.name,
            "question": self.record.plan.question,
            "folder": str(self.folder),
            "seeds": fitted.seeds,
            "cuts": list(fitted.cuts),
            "missing": self.missing,
            "runs": [dataclasses.asdict(run) for run in self.runs],
            "tries": [dataclasses.asdict(one) for one in self.tries],
        }


def write_rows(path: Path, rows: Sequence[RunRow] | Sequence[TryRow]) -> None:
    """Write rows as JSON, one a line.

    Raises:
        RunWriteError: they cannot be written.
    """
    lines = "".join(json.dumps(dataclasses.asdict(row), allow_nan=False) + "\n" for row in rows)
    with writing(path, AGAIN):
        write_atomically(path, lines.encode())


def read_study(path: str | Path) -> StudyResults:
    """The results of the study in a folder, every value of which is checked for type and range.

    Raises:
        NoStudyError: the folder holds no study, or one that has not come to its end.
        StudyError: a file of it is damaged.
    """
    folder = Path(path)
    record = read_record(folder)
    if record.measured is None or not (folder / RESULTS).exists():
        raise NoStudyError(f"{folder} holds a study that has not come to its end; run the same command again")
    return StudyResults(
        folder=folder,
        record=record,
        runs=tuple(_read_rows(folder / RESULTS, RunRow)),
        tries=tuple(_read_rows(folder / TUNING, TryRow)) if (folder / TUNING).exists() else (),
    )


def _read_rows(path: Path, kind: type[Any]) -> list[Any]:
    try:
        with damage_of_a_run():
            lines = read_file(path).splitlines()
            return [read_json(line, kind, f"{path}, line {number}", _ADVICE) for number, line in enumerate(lines, 1)]
    except RunError as error:
        raise StudyError(str(error)) from error
