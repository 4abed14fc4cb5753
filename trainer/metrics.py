"""Means over the steps between two lines of metrics, and where the lines go."""

from typing import Any

import torch
from torch import Tensor

from .run_folder import RunFolder, append_line

NAMES = ("loss", "halt_loss", "cell", "exact", "supervision_steps")
"""What a training step measures, each a sum over the examples of the global batch.

`loss` is the mean cross-entropy of an example's cells, `halt_loss` its halting loss, `cell` its share of right cells,
`exact` whether all are right, `supervision_steps` how many steps it has had.
"""


class Means:
    """Running sums of the metrics; their state is part of a checkpoint, so that a line can span an interruption."""

    def __init__(self) -> None:
        self._sums = [0.0] * len(NAMES)
        self._count = 0

    def add(self, sums: Tensor, count: int) -> None:
        """Take in the sums float64 [5] over `count` examples."""
        for i, value in enumerate(sums.tolist()):
            self._sums[i] += value
        self._count += count

    def current(self) -> dict[str, float]:
        """The means up to now, by name."""
        return {name: total / max(self._count, 1) for name, total in zip(NAMES, self._sums, strict=True)}

    def take(self) -> dict[str, float]:
        """The means, after which all begins again."""
        means = self.current()
        self.__init__()  # type: ignore[misc]
        return means

    def get_state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {"sums": list(self._sums), "count": self._count}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from `get_state`."""
        self._sums, self._count = list(state["sums"]), int(state["count"])


class MetricWriter:
    """Writes metrics as JSON lines and as TensorBoard scalars.

    Args:
        run: the run's folder.
        first_step: steps taken before; TensorBoard drops what an earlier session logged after it.
    """

    def __init__(self, run: RunFolder, first_step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._run = run
        self._board = SummaryWriter(str(run.tensorboard), purge_step=first_step + 1 if first_step else None)

    def train(self, step: int, lr: float, means: dict[str, float]) -> None:
        """Note the means of the steps up to `step`."""
        append_line(self._run.metrics_file, {"step": step, "split": "train", "lr": lr, **means})
        self._scalars("train", step, {"lr": lr, **means})

    def test(self, step: int, scores: dict[str, float]) -> None:
        """Note an evaluation after `step`."""
        append_line(self._run.metrics_file, {"step": step, "split": "test", **scores})
        self._scalars("test", step, scores)

    def timing(self, step: int, values: dict[str, float]) -> None:
        """Note wall-clock values at `step`."""
        append_line(self._run.timings_file, {"step": step, **values})
        self._scalars("time", step, values)

    def close(self) -> None:
        """Flush everything to the disk."""
        self._board.close()

    def _scalars(self, group: str, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._board.add_scalar(f"{group}/{name}", value, step)


@torch.no_grad()
def measure(*columns: Tensor) -> Tensor:
    """The sums float64 [5] of the columns of `NAMES`, each [B], on the CPU.

    They are summed there because mps has no float64.
    """
    assert len(columns) == len(NAMES)
    return torch.stack([column.cpu().double().sum() for column in columns])
