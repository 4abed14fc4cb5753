"""Means over the steps between two lines of metrics, and where the lines go.

What a step measures is the learner's affair; here metrics are sums by name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..errors import RunError, RunWriteError
from ..files import writing
from ..losses import wide_dtype
from ..ranks import Ranks
from ..runs.lines import LineFile
from ..runs.run_folder import RunFolder
from ..runs.run_state import MeansState
from ..scores.difficulty import BinScore
from .board import Board


class Means:
    """Running sums of the metrics; their state is part of a checkpoint, so that a line can span an interruption.

    They stay on the device, in float64 where it has that, until somebody asks for them: so a step waits for nothing.

    Args:
        ranks: of the processes that share the batch.
    """

    def __init__(self, ranks: Ranks | None = None) -> None:
        self._ranks = ranks or Ranks()
        self._before: dict[str, float] = {}
        self._sums: dict[str, Tensor] = {}
        self._count = 0
        self._first_bad: Tensor | None = None

    @torch.no_grad()
    def add(self, metrics: Mapping[str, Tensor], step: int) -> None:
        """Take in what `step` measured of this rank's slots, [B] each, of the same names every time.

        Raises:
            RunError: the means before, out of a checkpoint, were of other metrics.
        """
        if self._count and (self._sums or self._before).keys() != metrics.keys():
            raise RunError(
                f"the checkpoint's means are of {', '.join(self._before) or 'nothing':.100}, this run measures "
                f"{', '.join(metrics)}; go on with the code that wrote it, or start a new run"
            )
        sums = {name: column.to(wide_dtype(column.device)).sum() for name, column in metrics.items()}
        self._note_first_bad(torch.stack(list(sums.values())).isfinite().all(), step)
        for name, value in sums.items():
            before = self._sums.get(name)
            self._sums[name] = self._before.get(name, 0.0) + value if before is None else before + value
        self._count += self._ranks.world_size * len(next(iter(metrics.values())))

    def _note_first_bad(self, finite: Tensor, step: int) -> None:
        before = torch.full_like(finite, -1, dtype=torch.int64) if self._first_bad is None else self._first_bad
        self._first_bad = torch.where((before < 0) & ~finite, step, before)

    def first_bad_step(self) -> int | None:
        """The first step since the means began at which some metric was not finite, None for none; waits for it."""
        found = [-1 if self._first_bad is None else int(self._first_bad)]
        bad = [step for step in self._ranks.of_all(found[0]) if step >= 0]
        return min(bad, default=None)

    def current(self) -> dict[str, float]:
        """The means up to now, by name; waits for the device, and every rank must call it."""
        return {name: total / self._count for name, total in self._totals().items()}

    def _totals(self) -> dict[str, float]:
        return _added(self._ranks.of_all(self._own()))

    def _own(self) -> dict[str, float]:
        """The sums of this rank, or those out of a checkpoint where no step was taken since."""
        if not self._sums:
            return dict(self._before)
        return dict(zip(self._sums, torch.stack(list(self._sums.values())).tolist(), strict=True))

    def take(self) -> dict[str, float]:
        """The means, after which all begins again; see `current`."""
        means = self.current()
        self._before, self._sums, self._count, self._first_bad = {}, {}, 0, None
        return means

    def get_state(self) -> MeansState:
        """For a checkpoint; waits for the device, and every rank must call it."""
        by_rank = self._ranks.of_all(self._own())
        return MeansState(
            sums=_added(by_rank), count=self._count, by_rank=tuple(by_rank) if self._ranks.world_size > 1 else ()
        )

    def set_state(self, state: MeansState) -> None:
        """Go on from `get_state`; where it was called by other ranks, the first one takes the sums of all."""
        first = self._ranks.rank == 0
        own = {name: value if first else 0.0 for name, value in state.sums.items()}
        if len(state.by_rank) == self._ranks.world_size:
            own = dict(state.by_rank[self._ranks.rank])
        self._before, self._sums, self._count = own, {}, state.count


def _added(by_rank: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The sums over ranks, in their order."""
    return {name: sum((one[name] for one in by_rank[1:]), start=value) for name, value in by_rank[0].items()}


class NoWriter:
    """The writer of a rank whose metrics the first one has."""

    failure = None

    def train(self, step: int, lr: float, means: dict[str, float]) -> None:
        """Nothing."""

    def scored(self, split: str, step: int, scores: dict[str, float]) -> None:
        """Nothing."""

    def by_difficulty(self, split: str, step: int, found: Sequence[BinScore]) -> None:
        """Nothing."""

    def timing(self, step: int, values: dict[str, float]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def refuse_failure(self) -> None:
        """Nothing."""


class MetricWriter:
    """Writes metrics as JSON lines and as TensorBoard scalars.

    Args:
        run: the run's folder.
        first_step: steps taken before; TensorBoard drops what an earlier session logged after it.
        check_owned: raises OwnedError where the folder is not this command's any more; asked before every line.

    Attributes:
        metrics: metrics.jsonl.
        timings: timings.jsonl.
        difficulty: difficulty.jsonl.
        failure: why TensorBoard's file could not be written, None while it can: a step is finished and saved before
            training ends for it.
    """

    def __init__(self, run: RunFolder, first_step: int, check_owned: Callable[[], None]) -> None:
        check_owned()
        self._check_owned = check_owned
        self.metrics, self.timings = LineFile(run.metrics_file), LineFile(run.timings_file)
        self.difficulty = LineFile(run.difficulty_file)
        self.failure: RunWriteError | None = None
        self._folder = run.tensorboard
        with writing(self._folder):
            self._board = Board(self._folder, first_step + 1)

    def train(self, step: int, lr: float, means: dict[str, float]) -> None:
        """Note the means of the steps up to `step`."""
        self._append(self.metrics, {"step": step, "split": "train", "lr": lr, **means})
        self._scalars("train", step, {"lr": lr, **means})

    def scored(self, split: str, step: int, scores: dict[str, float]) -> None:
        """Note what an evaluation after `step` came to on one of the sets of `lines.SPLITS`."""
        self._append(self.metrics, {"step": step, "split": split, **scores})
        self._scalars(split, step, scores)

    def by_difficulty(self, split: str, step: int, found: Sequence[BinScore]) -> None:
        """Note what an evaluation after `step` came to on one of the sets of `lines.SPLITS`, by difficulty."""
        for one in found:
            self._append(self.difficulty, {"step": step, "split": split, **one.flat()})
        for column in found[0].shares if found else ():
            values = {f"{column}, {one.name}": one.shares[column].value for one in found}
            self._scalars(f"{split} by difficulty", step, values)

    def timing(self, step: int, values: dict[str, float]) -> None:
        """Note wall-clock values at `step`."""
        self._append(self.timings, {"step": step, **values})
        self._scalars("time", step, values)

    def close(self) -> None:
        """Flush everything to the disk."""
        with self._noting_failure():
            self._board.close()

    def refuse_failure(self) -> None:
        """Raise what could not be written.

        Raises:
            RunWriteError: something could not.
        """
        if self.failure:
            raise self.failure

    def _append(self, file: LineFile, values: dict[str, Any]) -> None:
        self._check_owned()
        file.append(values)

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
