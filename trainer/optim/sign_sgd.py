"""Sign-SGD on the rows of a puzzle embedding that a batch touched, and on no others."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..checks import at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingConfig:
    """How the puzzle embedding is trained.

    Attributes:
        lr: length of the embedding's step in each coordinate, before the schedule.
        weight_decay: decoupled decay of those rows of the embedding that a batch touches.
    """

    lr: float = 1e-4
    weight_decay: float = 1.0

    def __post_init__(self) -> None:
        at_least(0, self, "embedding", "lr", "weight_decay")


@torch.no_grad()
def sign_sgd_rows(weights: Tensor, identifiers: Tensor, gradients: Tensor, *, lr: float, weight_decay: float) -> None:
    """Move the touched rows of `weights` in place by lr against the sign of their summed gradient.

    Args:
        weights: float [I, D], all rows.
        identifiers: int64 [B], the row of each example; a row may occur several times.
        gradients: float [B, D], one an example.
        lr: length of a step in each coordinate; where the summed gradient is 0 there is none.
        weight_decay: decoupled decay, for the touched rows only.

    Source: TinyRecursiveModels, ``CastedSparseEmbeddingSignSGD``.
    """
    # Not torch.unique: how many rows there are is known only after waiting for the device. Here every sum has a place
    # among B, that of its identifier's first occurrence in order; places that are not met stay empty.
    place = torch.searchsorted(identifiers.sort().values, identifiers)
    summed = torch.zeros_like(gradients).index_add_(0, place, gradients)
    # Positions of one identifier all write the same row.
    weights[identifiers] = weights[identifiers] * (1 - lr * weight_decay) - lr * summed[place].sign()
