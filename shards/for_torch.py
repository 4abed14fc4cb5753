"""A door to PyTorch: batches as tensors, and a data set over a stream. torch is imported when the door is used."""

from typing import TYPE_CHECKING

from .examples import Examples
from .stream import Stream

if TYPE_CHECKING:
    import torch


def as_torch(examples: Examples) -> "dict[str, torch.Tensor]":
    """The arrays of `examples` as tensors of the same types, which share their memory."""
    import torch

    return {name: torch.from_numpy(values) for name, values in examples.arrays().items()}


class StepDataset:
    """A map-style PyTorch data set whose item i is the batch, as tensors, at step ``first_step + i``.

    Since a batch is a function of its step, ``DataLoader(StepDataset(stream, n), batch_size=None, num_workers=w)``
    gives the same sequence for any number of workers, and resuming is another `first_step`.

    Args:
        stream: of one rank. Each loader worker holds rows of its own; those read before a fork are shared.
        num_steps: length.
        first_step: step of item 0.
    """

    def __init__(self, stream: Stream, num_steps: int, first_step: int = 0) -> None:
        self._stream = stream
        self._num_steps = num_steps
        self._first_step = first_step

    def __len__(self) -> int:
        return self._num_steps

    def __getitem__(self, index: int) -> "dict[str, torch.Tensor]":
        if not 0 <= index < self._num_steps:
            raise IndexError(index)
        return as_torch(self._stream.batch(self._first_step + index))
