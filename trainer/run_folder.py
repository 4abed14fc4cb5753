"""A run on disk: config.json, metrics.jsonl, timings.jsonl, tb/, checkpoints/, evaluation.json and pictures.

metrics.jsonl holds only what is a pure function of config and corpus, so that a resumed run's file equals an
uninterrupted one's byte for byte; wall-clock values go to timings.jsonl.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trmpipe.shards.files import is_temporary, write_atomically

from .checkpoint import list_checkpoints
from .config import TrainConfig, from_json
from .errors import NoRunError, RunError, RunExistsError, RunWriteError

CONFIG_VERSION = 2
"""Version of config.json; the settings of version 1, which bore no number, were flat."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def config_file(self) -> Path:
        """Resolved config, its hash, code versions, corpora."""
        return self.path / "config.json"

    @property
    def metrics_file(self) -> Path:
        """One JSON line for each `log_every` steps and each evaluation."""
        return self.path / "metrics.jsonl"

    @property
    def timings_file(self) -> Path:
        """One JSON line of wall-clock values for each line of training metrics."""
        return self.path / "timings.jsonl"

    @property
    def evaluation_file(self) -> Path:
        """The evaluation at the end."""
        return self.path / "evaluation.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Folder of TensorBoard's files."""
        return self.path / "tb"

    def remove_temporaries(self) -> None:
        """Delete what a killed session left half-written; only while nobody trains."""
        for path in [*self.path.glob("*"), *self.checkpoints.glob("*")]:
            if is_temporary(path.name):
                path.unlink()

    def last_checkpoint(self) -> Path:
        """The newest checkpoint.

        Raises:
            NoRunError: there is none.
        """
        found = list_checkpoints(self.checkpoints)
        if not found:
            raise NoRunError(f"{self.path} holds no checkpoint; give a run folder that `trmpipe train` wrote")
        return found[-1]

    def read_config(self) -> dict[str, Any]:
        """What `create_run` wrote.

        Raises:
            NoRunError: the folder is no run.
            RunError: config.json is damaged, or of another version of trmpipe.
        """
        if not self.config_file.is_file():
            raise NoRunError(f"{self.path} is no run: it has no config.json; give a folder that `trmpipe train` wrote")
        try:
            values: dict[str, Any] = dict(json.loads(self.config_file.read_text()))
        except (ValueError, TypeError) as error:
            raise RunError(f"{self.config_file} is damaged ({error}); start a new run") from error
        if not isinstance(values.get("train"), dict):
            raise RunError(f"{self.config_file} is damaged: it holds no settings; start a new run")
        version = values.get("version", 1)
        if version != CONFIG_VERSION:
            raise RunError(
                f"{self.path} is a run of another version of trmpipe: its config.json has version {version}, this one "
                f"reads {CONFIG_VERSION}; use the trmpipe that wrote it, or start a new run"
            )
        return values

    def train_config(self) -> TrainConfig:
        """All settings of the run.

        Raises:
            RunError: config.json is damaged, or of another version of trmpipe.
            SettingError: a setting is unknown here, such as one of a model that a missing package brought.
        """
        return from_json(self.read_config()["train"])


def create_run(path: Path, values: dict[str, Any]) -> RunFolder:
    """A new run folder whose config.json holds `values` and its version.

    Raises:
        RunExistsError: there is one already.
        RunWriteError: the folder cannot be made.
    """
    run = RunFolder(path)
    if run.config_file.exists():
        raise RunExistsError(
            f"{path} is a run already; add --resume to go on with it, or --out DIR to start another beside it"
        )
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
    write_json(run.config_file, {"version": CONFIG_VERSION, **values})
    return run


def write_json(path: Path, values: Any, indent: int | None = 2) -> None:
    """Write JSON so that the file is whole or absent; on one line where `indent` is None.

    Raises:
        RunWriteError: it cannot be written.
    """
    with _writing(path):
        write_atomically(path, (json.dumps(values, indent=indent) + "\n").encode())


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn a refusal of the file system inside the block into one line about `path`."""
    try:
        yield
    except OSError as error:
        raise RunWriteError(
            f"{path} cannot be written ({error.strerror}); free some space or give another --out"
        ) from error


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Add one line of JSON to a file.

    Raises:
        RunWriteError: it cannot be written.
    """
    try:
        with path.open("a") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise RunWriteError(f"{path} cannot be written ({error.strerror}); free some space and --resume") from error


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file, none where it is missing; a last line that was cut off does not count.

    Raises:
        RunError: a line is no JSON.
    """
    if not path.exists():
        return []
    lines = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise RunError(f"{path} line {number} is damaged; take the line out, or start a new run") from error
    return found


def truncate_lines(path: Path, last_step: int) -> None:
    """Drop the lines of steps after `last_step`, and one that was cut off, so that resuming writes them again."""
    kept = [line for line in read_lines(path) if line.get("step", 0) <= last_step]
    with _writing(path):
        write_atomically(path, "".join(json.dumps(line) + "\n" for line in kept).encode())
