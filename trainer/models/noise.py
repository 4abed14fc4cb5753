"""What networks that draw at random draw from: a key for each example, any int64.

The keys of a training step are drawn by the learner; the steps of an answer count on from the keys that it is asked
with.

Shapes: B batch.
"""

from torch import Tensor

_STRIDE = 0x9E3779B97F4A7C15 - (1 << 64)
"""Odd, so that keys of different steps differ; as a signed number."""


def keys_at(keys: Tensor, step: int) -> Tensor:
    """The keys int64 [B] of the supervision step `step`, from 0, of an answer that is asked for with `keys`."""
    return keys + ((step * _STRIDE + (1 << 63)) % (1 << 64) - (1 << 63))
