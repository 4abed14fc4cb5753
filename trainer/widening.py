"""What has to be computed exactly is computed in float32, where the forward pass is in a narrower dtype.

A network that computes in float64, as tests of its mathematics do, is not narrowed.
"""

import torch
from torch import Tensor


def wide(x: Tensor) -> Tensor:
    """`x` in float32; in float64 where it is."""
    return x if x.dtype == torch.float64 else x.float()
