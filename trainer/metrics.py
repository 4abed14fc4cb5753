"""Means over the steps between two lines of metrics, and where the lines go.

What a step measures is the learner's affair; here metrics are sums by name.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from .board import Board
from .errors import RunError, RunWriteError
from .files import writing
from .lines import LineFile
from .run_folder import RunFolder
from .run_state import MeansState


class Means:
    """Running sums of the metrics; their state is part of a checkpoint, so that a line can span an interruption."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, sums: Mapping[str, float], count: int) -> None:
        """Take in the sums over `count` examples, of the same names every time.

        Raises:
            RunError: the means before, out of a checkpoint, were of other metrics.
        """
        if self._count and self._sums.keys() != sums.keys():
            raise RunError(
                f"the checkpoint's means are of {', '.join(self._sums) or 'nothing':.100}, this run measures "
                f"{', '.join(sums)}; delete it to go on from the one before"
            )
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += count

    def current(self) -> dict[str, float]:
        """The means up to now, by name."""
        return {name: total / self._count for name, total in self._sums.items()}

    def take(self) -> dict[str, float]:
        """The means, after which all begins again."""
        means = self.current()
        self._sums, self._count = {}, 0
        return means

    def get_state(self) -> MeansState:
        """For a checkpoint."""
        return MeansState(sums=dict(self._sums), count=self._count)

    def set_state(self, state: MeansState) -> None:
        """Go on from `get_state`."""
        self._sums, self._count = dict(state.sums), state.count


class MetricWriter:
    """Writes metrics as JSON lines and as TensorBoard scalars.

    Args:
        run: the run's folder.
        first_step: steps taken before; TensorBoard drops what an earlier session logged after it.

    Attributes:
        metrics: metrics.jsonl.
        timings: timings.jsonl.
        failure: why TensorBoard's file could not be written, None while it can: a step is finished and saved before
            training ends for it.
    """

    def __init__(self, run: RunFolder, first_step: int) -> None:
        self.metrics, self.timings = LineFile(run.metrics_file), LineFile(run.timings_file)
        self.failure: RunWriteError | None = None
        self._folder = run.tensorboard
        with writing(self._folder):
            self._board = Board(self._folder, first_step + 1 if first_step else None)

    def train(self, step: int, lr: float, means: dict[str, float]) -> None:
        """Note the means of the steps up to `step`."""
        self.metrics.append({"step": step, "split": "train", "lr": lr, **means})
        self._scalars("train", step, {"lr": lr, **means})

    def test(self, step: int, scores: dict[str, float]) -> None:
        """Note an evaluation after `step`."""
        self.metrics.append({"step": step, "split": "test", **scores})
        self._scalars("test", step, scores)

    def timing(self, step: int, values: dict[str, float]) -> None:
        """Note wall-clock values at `step`."""
        self.timings.append({"step": step, **values})
        self._scalars("time", step, values)

    def close(self) -> None:
        """Flush everything to the disk."""
        with self._noting_failure():
            self._board.close()

    def _scalars(self, group: str, step: int, values: dict[str, float]) -> None:
        with self._noting_failure():
            self._board.add(group, step, values)

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            with writing(self._folder):
                yield
        except RunWriteError as error:
            self.failure = self.failure or error


@torch.no_grad()
def measure(metrics: Mapping[str, Tensor]) -> dict[str, float]:
    """The sums of metrics [B], in float64 on the CPU, as mps has no float64."""
    sums = torch.stack([column.cpu().double().sum() for column in metrics.values()]).tolist()
    return dict(zip(metrics, sums, strict=True))
