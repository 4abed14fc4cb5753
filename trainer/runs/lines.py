"""Files of JSON lines, metrics.jsonl and timings.jsonl: they are only added to, and checkpoints note their digests.

A checkpoint keeps how many bytes such a file had and their SHA-256. Resuming compares them and drops what came after,
so that it goes on with the very lines that were written, or says that they are no longer those.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from trmpipe.shards.fields import Count, Digest, Measured, Word
from trmpipe.shards.json_files import read_json

from ..errors import RunError
from ..files import damage_of_a_run, read_file, typed, writing

MOST_LINE_BYTES = 256 << 20
"""Of a file of lines at most: more than a million lines."""
ADVICE = "restore the file, or start a new run"
"""What to do about a damaged line."""
_CHUNK_BYTES = 1 << 20
_OF_NOTHING = hashlib.sha256().hexdigest()
HELD_OUT, MONITOR, SAMPLE = "test", "monitor", "train_eval"
"""Puzzles that are scored: held-out ones, training ones kept aside, and some that are trained on."""
SPLITS = ("train", HELD_OUT, MONITOR, SAMPLE)

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The beginning of a file that a checkpoint answers for: so many bytes, and their hex SHA-256."""

    bytes: Count = 0
    sha256: Digest = _OF_NOTHING


class LineFile:
    """A file of JSON lines that lines are added to.

    Args:
        path: of the file; what it holds already counts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._bytes = path.stat().st_size if path.exists() else 0
        self._hash = _hash_first(path, self._bytes)

    def append(self, values: dict[str, Any]) -> None:
        """Add one line.

        Raises:
            RunWriteError: it cannot be written.
        """
        line = (json.dumps(values, allow_nan=False) + "\n").encode()
        with writing(self._path), self._path.open("ab") as file:
            file.write(line)
        self._hash.update(line)
        self._bytes += len(line)

    def kept(self) -> Kept:
        """What there is, flushed to the disk, so that a checkpoint that notes it does not outlive it.

        Raises:
            RunWriteError: the disk refuses.
        """
        if self._bytes:
            with writing(self._path), self._path.open("ab") as file:
                os.fsync(file.fileno())
        return Kept(bytes=self._bytes, sha256=self._hash.hexdigest())


def keep_first(path: Path, kept: Kept) -> None:
    """Drop all that a file holds beyond what a checkpoint answers for, so that resuming writes it again.

    Raises:
        RunError: what it answers for is no longer there as it was.
        RunWriteError: the file cannot be changed.
    """
    found = path.stat().st_size if path.is_file() else 0
    if found < kept.bytes or _hash_first(path, kept.bytes).hexdigest() != kept.sha256:
        raise RunError(
            f"{path} is damaged: its first {kept.bytes:,} bytes are not those that the checkpoint was saved with; "
            "restore the file, or delete the run's checkpoints to train from the start"
        )
    if found > kept.bytes:
        with writing(path):
            os.truncate(path, kept.bytes)


def _hash_first(path: Path, count: int) -> "hashlib._Hash":
    """The running SHA-256 of the first `count` bytes of a file, or of as many as there are."""
    running = hashlib.sha256()
    if not count:
        return running
    with path.open("rb") as file:
        while count and (chunk := file.read(min(count, _CHUNK_BYTES))):
            running.update(chunk)
            count -= len(chunk)
    return running


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricLine:
    """A line of metrics.

    Attributes:
        step: after which it was written.
        split: one of `SPLITS`; ``"train"`` are the means over batches of training.
        values: the metrics by name.
    """

    step: int
    split: str
    values: dict[str, float]


def read_metrics(path: Path) -> list[MetricLine]:
    """The lines of metrics.jsonl; see `read_lines`."""
    return read_lines(path, _metric_line)


def _metric_line(step: int, split: str, values: dict[str, Any], where: str) -> MetricLine:
    return MetricLine(step=step, split=split, values=typed(values, dict[str, Measured], where, ADVICE))


def read_lines(path: Path, line_of: Callable[[int, str, dict[str, Any], str], Line]) -> list[Line]:
    """The lines of a file of a run, none where it is missing; a last line that was cut off does not count.

    Args:
        path: of the file.
        line_of: makes a line of its step, one of `SPLITS`, its other values, and where it stands; it checks the values.

    Raises:
        RunError: a line is damaged, or the file is too large to be one of these.
    """
    if not path.exists():
        return []
    data = read_file(path, most_bytes=MOST_LINE_BYTES)
    return [_line(line, f"{path} line {number}", line_of) for number, line in enumerate(data.split(b"\n")[:-1], 1)]


def read_new_metrics(path: Path, known_bytes: int, known_lines: int) -> tuple[list[MetricLine], int]:
    """The lines of metrics.jsonl that came since it was last read, and the bytes that are known then.

    Args:
        path: of the file, which need not be there.
        known_bytes: that were read, whole lines of them.
        known_lines: how many lines these were.

    Raises:
        RunError: a line is damaged, or the file is no regular one or too large.
        OSError: it cannot be read.
    """
    if not path.is_file():
        return [], known_bytes
    if path.stat().st_size > MOST_LINE_BYTES:
        raise RunError(f"{path} is damaged: it has more than {MOST_LINE_BYTES:,} bytes; {ADVICE}")
    with path.open("rb") as file:
        file.seek(known_bytes)
        # A line that is being written counts once it is whole.
        data = file.read(MOST_LINE_BYTES).rpartition(b"\n")
    new = data[0].split(b"\n") if data[1] else []
    lines = [_line(line, f"{path} line {number}", _metric_line) for number, line in enumerate(new, known_lines + 1)]
    return lines, known_bytes + len(data[0]) + len(data[1])


def _line(data: bytes, where: str, line_of: Callable[[int, str, dict[str, Any], str], Line]) -> Line:
    with damage_of_a_run():
        values = read_json(data, dict[Word, Any], where, ADVICE)
    step, split = values.pop("step", None), values.pop("split", None)
    if split not in SPLITS:
        raise RunError(f"{where} is damaged: its split is none of {', '.join(SPLITS)}; {ADVICE}")
    return line_of(typed(step, Count, f"{where} (step)", ADVICE), split, values, where)
