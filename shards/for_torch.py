"""A door to PyTorch: batches as tensors. torch is imported when the door is used."""

from typing import TYPE_CHECKING

import numpy as np

from .examples import Examples

if TYPE_CHECKING:
    import torch


def as_torch(examples: Examples) -> "dict[str, torch.Tensor]":
    """The arrays of `examples` by name as int64 tensors, which embeddings and losses take as they are."""
    import torch

    return {name: torch.from_numpy(values.astype(np.int64, copy=False)) for name, values in examples.arrays().items()}
