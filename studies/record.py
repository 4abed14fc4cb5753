"""study.json: which study lies in a folder, what was measured once, and what was given up. It is sealed.

What was measured decides how many steps runs have, so it is written down once, before the first run, and never measured
again: from there on all that a study says is a pure function of this file and of the corpora.
"""

import dataclasses
import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import trmpipe
from trmpipe.generators.threads import num_cores
from trmpipe.shards import json_digest
from trmpipe.shards.fields import Digest, Positive, Word
from trmpipe.shards.json_files import convert, read_sealed
from trmpipe.trainer.device import pick_device
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.files import AGAIN, damage_of_a_run, read_file, write_sealed
from trmpipe.trainer.training.costs import Amount, Costs

from .errors import NoStudyError, StudyError
from .fitting import Fitted
from .plan import Plan

RECORD = "study.json"
VERSION = 3
_BUDGET, _DEVICE = "--budget", "--device"
_ADVICE = "restore the file, or take another --out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A corpus of a study: where it lies (in the study's folder, where it was made for it), and its content."""

    path: str
    content: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured before the first run.

    Attributes:
        costs: by `lengths.cost_key`.
        failed: why costs could not be measured, by the same keys.
        fitted: what is executed.
        jobs: runs side by side that it was fitted for.
    """

    costs: dict[Word, Costs]
    failed: dict[Word, Word]
    fitted: Fitted
    jobs: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What study.json says.

    Attributes:
        version: of this file.
        plan: resolved: with the seeds and corpora that the command asked for.
        budget_seconds: that the study is to fit; None for as long as it takes.
        device: ``cpu``, ``cuda`` or ``mps``, whichever `auto` came to where it was begun.
        corpora: by the names of data.
        trmpipe: version.
        machine: what it was begun on, in words, by name.
        measured: None until all costs are.
    """

    version: Positive
    plan: Plan
    budget_seconds: Amount | None
    device: Word
    corpora: dict[Word, Place]
    trmpipe: Word
    machine: dict[Word, Word]
    measured: Measured | None = None

    def asked(self) -> dict[str, str]:
        """What the folder is bound to, as digests by words for it."""
        parts = dataclasses.asdict(self.plan)
        # What corpora hold counts, wherever they lie now.
        data = [{**one, "path": ""} for one in parts["data"]]
        contents = {name: place.content for name, place in self.corpora.items()}
        own = {_BUDGET: self.budget_seconds, _DEVICE: self.device, "data": data, "corpora": contents}
        return {name: json_digest(value) for name, value in {**parts, **own}.items()}

    @property
    def known(self) -> Measured:
        """What was measured; only after it was."""
        assert self.measured is not None, "costs are measured before the first run"
        return self.measured


def new_record(plan: Plan, corpora: dict[str, Place], budget_seconds: float | None, device: str) -> Record:
    """The record of a study that begins.

    Args:
        plan: resolved.
        corpora: by the names of data.
        budget_seconds: that it is to fit; None for as long as it takes.
        device: as of `trmpipe train`.
    """
    import numpy

    return Record(
        version=VERSION,
        plan=plan,
        budget_seconds=budget_seconds,
        device=pick_device(device).type,
        corpora=corpora,
        trmpipe=trmpipe.__version__,
        machine={
            "processor": _processor(),
            "cores": str(num_cores()),
            "python": platform.python_version(),
            "numpy": numpy.__version__,
        },
    )


def _processor() -> str:
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def write_record(folder: Path, record: Record) -> None:
    """Write study.json, whole or not at all.

    Raises:
        RunWriteError: it cannot be written.
    """
    write_sealed(folder / RECORD, dataclasses.asdict(record), AGAIN)


def read_record(folder: Path) -> Record:
    """What study.json of a folder says.

    Raises:
        NoStudyError: there is none.
        StudyError: it is damaged, or of another version.
    """
    path = folder / RECORD
    if not path.exists():
        raise NoStudyError(f"{folder} is no study: it has no {RECORD}; give a folder that `trmpipe study` wrote")
    try:
        with damage_of_a_run():
            values = read_sealed(read_file(path), dict[str, Any], str(path), _ADVICE)
            if values.get("version") != VERSION:
                raise StudyError(f"{path} is of version {values.get('version')!r:.20}; this trmpipe reads {VERSION}")
            return convert(values, Record, str(path), _ADVICE)
    except RunError as error:
        raise StudyError(str(error)) from error


def begin_record(folder: Path, record: Record) -> Record:
    """The record of the study in a folder, which is written where there is none.

    Raises:
        StudyError: the folder holds another study.
        RunWriteError: it cannot be written.
    """
    if not (folder / RECORD).exists():
        if (folder / "runs").exists():
            raise StudyError(f"{folder} holds runs of a study whose {RECORD} is gone; {_ADVICE}")
        write_record(folder, record)
        return record
    there = read_record(folder)
    record = replace(record, plan=_with_recipes(record.plan, there.plan))
    then, now = there.asked(), record.asked()
    # Before costs are measured nothing follows from the time, so that it may still be another.
    free = {_BUDGET} if there.measured is None else set()
    differing = [name for name in now if then[name] != now[name] and name not in free]
    if _DEVICE in differing:
        raise StudyError(
            f"{folder} holds a study on {there.device}, and this one would go on on {record.device}; give --device "
            f"{there.device}, or take another --out"
        )
    if differing:
        raise StudyError(
            f"{folder} holds another study: it differs in {', '.join(differing)}; give the plan and options that it "
            "was begun with, or take another --out"
        )
    if there.budget_seconds != record.budget_seconds:
        there = replace(there, budget_seconds=record.budget_seconds)
        write_record(folder, there)
    # Where corpora lie the command says, not a file that may be from elsewhere: what they hold is the same.
    return replace(there, plan=record.plan, corpora=record.corpora)


def _with_recipes(plan: Plan, begun: Plan) -> Plan:
    """The plan, with the recipes that it was begun with where the command gives corpora: what these hold counts."""
    if len(plan.data) != len(begun.data):
        return plan
    data = [
        replace(now, recipe=then.recipe) if now.path and not now.recipe else now
        for now, then in zip(plan.data, begun.data, strict=True)
    ]
    return replace(plan, data=tuple(data))


def located(folder: Path, place: Place) -> str:
    """Path or URL of a corpus; those made for the study lie in its folder, wherever that is now."""
    inside = folder / place.path
    return str(inside) if not os.path.isabs(place.path) and inside.exists() else place.path
