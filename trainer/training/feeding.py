"""The rows of the next step, made ready while the step before runs: read, drawn, copied to the device.

A thread of its own does it. What it makes is a function of the step, so nothing depends on how far ahead it is. On CUDA
the rows are pinned and copied by a stream of their own, which the step's waits for. On a CPU, rows out of memory are
made when they are asked for: that takes 0.1 % of a step, and handing them from thread to thread took 1.6 % of one.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Batch, Stream

from ..errors import RunError
from ..learners import Learner, Rows


class Feeder:
    """Hands out the rows of a step; to be used in a ``with`` block, which ends its thread.

    Args:
        stream: of this rank.
        learner: says what is drawn for a step.
        slots: int64 [B], places of this rank's rows in the global batch.
        device: where the rows go.
    """

    def __init__(self, stream: Stream, learner: Learner, slots: NDArray[np.int64], device: torch.device) -> None:
        self._stream, self._learner, self._slots, self._device = stream, learner, slots, device
        self._pool = ThreadPoolExecutor(1, "feeder", _use, (device,))
        self._next: tuple[int, Future[tuple[Rows, torch.cuda.Event | None]]] | None = None
        self._ahead = device.type != "cpu" or not stream.in_memory
        self._copies = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]

    def __enter__(self) -> "Feeder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, step: int) -> None:
        """Make the rows of `step`, and wait for them: the first ones take the longest, as the corpus is read."""
        self._next = (step, self._pool.submit(self._make, step))
        with _reading():
            self._next[1].result()

    def rows(self, step: int) -> Rows:
        """The rows of `step`; those of the next one are begun.

        Raises:
            DamagedError: a shard that they need is missing, cut off or changed.
            RunError: it cannot be read.
        """
        with _reading():
            rows, copied = self._next[1].result() if self._next and self._next[0] == step else self._make(step)
        self._next = (step + 1, self._pool.submit(self._make, step + 1)) if self._ahead else None
        if copied is not None:
            self._hand_over(rows, copied)
        return rows

    def _make(self, step: int) -> tuple[Rows, torch.cuda.Event | None]:
        batch, draws = self._stream.batch(step), self._learner.draws(step, self._slots)
        if self._copies is None:
            return rows_of(batch, draws, self._device), None
        with torch.cuda.stream(self._copies):
            rows = rows_of(batch, draws, self._device)
            copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            copied.record(self._copies)
        return rows, copied

    def _hand_over(self, rows: Rows, copied: torch.cuda.Event) -> None:
        """Let the stream of the step wait for the copy, and keep its memory until the step is done with it."""
        step = torch.cuda.current_stream(self._device)
        step.wait_event(copied)
        for tensor in (rows.inputs, rows.labels, rows.identifiers, *rows.draws.values()):
            tensor.record_stream(step)


def _use(device: torch.device) -> None:
    """Make a CUDA device that of this thread: a thread begins with the first one, and takes memory there."""
    if device.index is not None and device.type == "cuda":
        torch.cuda.set_device(device)


@contextmanager
def _reading() -> Iterator[None]:
    """Turn a refusal of the file system inside the block into one line."""
    try:
        yield
    except OSError as error:
        if isinstance(error, TrmpipeError):
            raise
        raise RunError(
            f"the training data cannot be read ({error.strerror or error}); see to {error.filename or 'the corpus'}, "
            "and go on with --resume"
        ) from error


def rows_of(batch: Batch, draws: Mapping[str, NDArray[Any]], device: torch.device) -> Rows:
    """A batch and what was drawn for it as tensors on `device`; tokens and identifiers become int64.

    Args:
        batch: of B rows.
        draws: what `Learner.draws` gave, [B, ...] each.
        device: where they go.
    """

    def tensor(values: NDArray[Any]) -> Tensor:
        host = torch.from_numpy(values)
        return host.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else host.to(device)

    return Rows(
        inputs=tensor(batch.inputs.astype(np.int64)),
        labels=tensor(batch.labels.astype(np.int64)),
        identifiers=tensor(batch.identifiers.astype(np.int64)),
        draws={name: tensor(values) for name, values in draws.items()},
    )
