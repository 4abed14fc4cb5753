"""A run on disk: config.json, files of lines, tb/, checkpoints/, evaluation.json, evaluations/, pictures.

metrics.jsonl and difficulty.jsonl hold only what is a pure function of config and corpus, so that a resumed run's files
equal an uninterrupted one's byte for byte; wall-clock values go to timings.jsonl.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from trmpipe.shards import Store
from trmpipe.shards.errors import OwnedError
from trmpipe.shards.ownership import owned
from trmpipe.shards.places import RUN, refuse_strangers

from ..errors import NoRunError, RunExistsError, SettingError
from ..files import is_left_behind, write_sealed, writing
from .checkpoint import list_best, list_checkpoints, step_of
from .run_config import RunConfig, read_run_config

_WAIT_SECONDS = 10.0
"""How long one evaluation waits for another that is writing, which takes a second or two."""
LAST, BEST = "last", "best"
"""Words for checkpoints."""


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
    def difficulty_file(self) -> Path:
        """One JSON line for each bin of difficulty and each evaluation; missing where there is one bin."""
        return self.path / "difficulty.jsonl"

    @property
    def evaluation_file(self) -> Path:
        """The evaluation at the end."""
        return self.path / "evaluation.json"

    @property
    def evaluations(self) -> Path:
        """Folder of what `trmpipe evaluate` found, a file for each question."""
        return self.path / "evaluations"

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
            if is_left_behind(path):
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

    def checkpoint(self, wanted: str) -> Path:
        """A checkpoint as a user names it.

        Args:
            wanted: ``"last"``, ``"best"``, or a number of steps.

        Raises:
            SettingError: it is none of these.
            NoRunError: there is none such.
        """
        if wanted == LAST:
            return self.last_checkpoint()
        best, others = list_best(self.checkpoints), list_checkpoints(self.checkpoints)
        if wanted == BEST:
            if not best:
                raise NoRunError(self._why_no_best())
            return best[-1]
        if not (wanted.isascii() and wanted.isdecimal()):
            raise SettingError(f"the checkpoint {wanted!r:.60} is unknown; give {LAST}, {BEST}, or a number of steps")
        found = [path for path in (*others, *best) if str(step_of(path)) == (wanted.lstrip("0") or "0")]
        if not found:
            kept = [f"{step_of(path):,}" for path in others] + [f"{step_of(path):,} (best)" for path in best]
            have = f"those after step {', '.join(kept)}" if kept else "none"
            raise NoRunError(f"{self.path} keeps no checkpoint after step {wanted:.20}; it keeps {have}")
        return found[0]

    def _why_no_best(self) -> str:
        if self.read_config().train_config().evaluation.monitor:
            return (
                f"{self.path} holds no best checkpoint: nothing was evaluated yet, or its file was deleted; train on, "
                f"or ask for {LAST}"
            )
        return (
            f"{self.path} has no best checkpoint, as it was trained without puzzles kept aside to choose it by; train "
            f"with --set evaluation.monitor=N, or ask for {LAST}"
        )

    def read_config(self) -> RunConfig:
        """What `create_run` wrote.

        Raises:
            NoRunError: the folder is no run.
            RunError: config.json is damaged, or of another version of trmpipe.
        """
        if not self.config_file.exists():
            raise NoRunError(f"{self.path} is no run: it has no config.json; give a folder that `trmpipe train` wrote")
        return read_run_config(self.config_file)


def refuse_existing(path: Path) -> None:
    """Refuse to start a run where one is, or was, or anything else.

    Raises:
        RunExistsError: there is one already, or what one without its config.json has left.
        PlaceError: the folder cannot be made, or holds something else.
    """
    run = RunFolder(path)
    if not run.config_file.exists() and (list_checkpoints(run.checkpoints) or run.metrics_file.exists()):
        raise RunExistsError(
            f"{path} holds checkpoints or metrics of a run whose config.json is gone; restore it, delete the folder, "
            "or give another --out DIR"
        )
    if run.config_file.exists():
        raise RunExistsError(
            f"{path} is a run already; add --resume to go on with it, or --out DIR to start another beside it"
        )
    # Both may be prepared before a run begins: on another disk, or as links to one.
    refuse_strangers(path, RUN, (run.checkpoints.name, run.tensorboard.name))


def create_run(path: Path, config: RunConfig) -> RunFolder:
    """A new run folder.

    Raises:
        RunExistsError: there is one already.
        PlaceError: the folder cannot be made, or holds something else.
        RunWriteError: it cannot be written.
    """
    run = RunFolder(path)
    refuse_existing(path)
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        run.remove_temporaries()
    write_sealed(run.config_file, config.to_json())
    return run


@contextmanager
def owning_evaluations(path: Path) -> Iterator[None]:
    """Own what evaluations write in a run's folder; training owns all else of it, so that both can be under way.

    Raises:
        OwnedError: another evaluation is writing there, and does not come to an end.
        WriteError: the folder cannot be written.
    """
    ended = time.monotonic() + _WAIT_SECONDS
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(owned(Store(path.absolute()), RunFolder(path).evaluations.name))
                break
            except OwnedError:
                # It was tried for a while.
                if time.monotonic() > ended:
                    raise
        yield
