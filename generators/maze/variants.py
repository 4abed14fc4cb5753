"""The distinct images of a maze, in a keyed order.

Variant 0 is the maze itself; the others are its images under the seven maps that are not the identity, in an order that
depends on seed and candidate. A maze that some map leaves as it is has fewer: an image that came before is passed over.

Shapes: G mazes, K variants, C = n * n cells.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import AUGMENT, bijection_keys, permute
from .symmetry import compare


@kernel
def _chosen(
    grid: NDArray[np.uint8], images: NDArray[np.int64], keys: NDArray[np.uint64], chosen: NDArray[np.int64]
) -> int:
    """The maps of the distinct images of a maze, in order, into `chosen` int64 [8]; returns how many there are."""
    chosen[0], count = 0, 1
    for place in range(len(images) - 1):
        number, is_new = 1 + permute(place, len(images) - 1, keys), True
        for earlier in range(count):
            is_new &= compare(grid, images[number], images[chosen[earlier]]) != 0
        if is_new:
            chosen[count] = number
            count += 1
    return count


@kernel
def augment_all(
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    candidates: NDArray[np.int64],
    seed: int,
    start: int,
    images: NDArray[np.int64],
    out_inputs: NDArray[np.uint8],
    out_labels: NDArray[np.uint8],
) -> int:
    """Variants from `start` on of some mazes.

    Args:
        inputs: uint8 [G, C].
        labels: uint8 [G, C].
        candidates: int64 [G].
        seed: root seed.
        start: the first variant.
        images: int64 [8, C], from `symmetry.maps`.
        out_inputs: uint8 [G, K, C], receives the inputs.
        out_labels: uint8 [G, K, C], receives the labels.

    Returns:
        The first maze that has fewer than start + K variants; -1 where all have as many.
    """
    chosen, num_variants = np.empty(len(images), np.int64), out_inputs.shape[1]
    for i in range(len(inputs)):
        keys = bijection_keys(seed, AUGMENT, 0, 0, candidates[i])
        if _chosen(inputs[i], images, keys, chosen) < start + num_variants:
            return i
        for variant in range(num_variants):
            number = chosen[start + variant]
            for cell in range(inputs.shape[1]):
                out_inputs[i, variant, cell] = inputs[i, images[number, cell]]
                out_labels[i, variant, cell] = labels[i, images[number, cell]]
    return -1
