"""Files of a run: written whole or not at all, read only where they are regular and of a bounded size."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from trmpipe.shards.errors import DamagedError
from trmpipe.shards.files import write_atomically
from trmpipe.shards.json_files import MOST_BYTES, convert, seal

from .errors import RunError, RunWriteError

Value = TypeVar("Value")
_LEFT_BEHIND = re.compile(r"\..+\.tmp-[0-9a-f]{32}")
_RESUME = "free some space and go on with --resume, or give another --out"
AGAIN = "free some space and run the same command again"
"""What to do where a file cannot be written: of a run that is trained; of all else that is written in one go."""


@contextmanager
def writing(path: Path, advice: str = _RESUME) -> Iterator[None]:
    """Turn a refusal of the file system inside the block into one line about `path`, which ends with `advice`."""
    try:
        yield
    except OSError as error:
        raise RunWriteError(f"{path} cannot be written ({error.strerror or error}); {advice}") from error


@contextmanager
def damage_of_a_run() -> Iterator[None]:
    """Tell damage that the readers of `shards` find in a file of a run as the run's."""
    try:
        yield
    except DamagedError as error:
        raise RunError(str(error)) from error


def is_left_behind(path: Path) -> bool:
    """Whether `path` is a file that a killed `write_atomically` has left half-written; no other is ours to delete."""
    return _LEFT_BEHIND.fullmatch(path.name) is not None and path.is_file()


def write_json(path: Path, values: Any, indent: int | None = 2) -> None:
    """Write JSON so that the file is whole or absent; on one line where `indent` is None.

    Raises:
        RunWriteError: it cannot be written.
    """
    with writing(path):
        write_atomically(path, (json.dumps(values, indent=indent, allow_nan=False) + "\n").encode())


def write_sealed(path: Path, values: dict[str, Any], advice: str = _RESUME) -> None:
    """Write JSON that holds its own digest, see `shards.json_files`.

    Raises:
        RunWriteError: it cannot be written.
    """
    with writing(path, advice):
        write_atomically(path, seal(values))


def read_file(path: Path, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The bytes of a file of a run.

    Raises:
        RunError: it is no regular file, has more than `most_bytes`, or cannot be read.
    """
    try:
        if not path.is_file():
            raise RunError(f"{path} is damaged: it is no regular file; restore it, or start a new run")
        found = path.stat().st_size
        if found > most_bytes:
            raise RunError(
                f"{path} is damaged: it has {found:,} bytes, expected {most_bytes:,} at most; restore it, or start "
                "a new run"
            )
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}); restore it, or start a new run") from error


def typed(value: Any, kind: type[Value], where: str, advice: str) -> Value:
    """A value out of a file of a run as a value of a given type.

    Args:
        value: objects, arrays, texts and numbers; where `kind` says ``Any``, whatever there is.
        kind: type of the result.
        where: where it comes from, for the message.
        advice: what to do if it is damaged, for the message.

    Raises:
        RunError: a value is missing, of another type or out of its range.
    """
    with damage_of_a_run():
        return convert(value, kind, where, advice)


def is_file(path: Path) -> bool:
    """Whether there is a file where a user says so; at a path too long or with a zero byte there is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
