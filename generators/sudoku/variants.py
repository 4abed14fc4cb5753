"""The k-th variant of a puzzle.

Variant k >= 1 of a group is the symmetry whose ranks a keyed bijection of all pairs of ranks gives for k, or where that
is the identity, the one that it gives for 0: so no two are the same symmetry, none is the identity, and variant k
needs no other. For a puzzle with automorphisms (symmetries that give the puzzle itself) different symmetries can give
the same variant: there, one symmetry of each coset is accepted and the others are passed over, which is exact but
takes a walk from variant 1. Such puzzles are rare (none in a thousand at 9x9 and 6x6, a third at 4x4).

Shapes: B puzzles, C cells, N size, H automorphisms, K variants.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import AUGMENT, bijection_keys, permute_pair
from .symmetry import SymmetryTables, relabelling, spell


@kernel
def symmetry_of(place: int, tables: SymmetryTables, keys: NDArray[np.uint64]) -> Any:
    """The symmetry at a place of a keyed order of all but the identity.

    Args:
        place: 1 <= place < ``tables.num_variants``.
        tables: from `symmetry_tables`.
        keys: uint64 [8], from `rng.bijection_keys`.

    Returns:
        Its two ranks, see `spatial_source` and `relabelling`.
    """
    spatial, label = permute_pair(place, tables.num_spatial, tables.num_relabellings, keys)
    if spatial == 0 and label == 0:
        return permute_pair(0, tables.num_spatial, tables.num_relabellings, keys)
    return spatial, label


@kernel
def is_representative(source: NDArray[np.uint8], automorphisms: NDArray[np.uint8]) -> bool:
    """Whether a spatial symmetry comes first, as a list of cells, among those that give the same puzzle up to values.

    Args:
        source: uint8 [C], see `spatial_source`.
        automorphisms: uint8 [H, C], spatial automorphisms of the puzzle but the identity. To apply one of them and then
            `source` takes cell ``automorphism[source[i]]`` to cell i.
    """
    for automorphism in automorphisms:
        for cell in source:
            if automorphism[cell] != cell:
                if automorphism[cell] < cell:
                    return False
                break
    return True


@kernel
def apply(
    grid: NDArray[np.uint8], source: NDArray[np.uint8], tokens: NDArray[np.uint8], image: NDArray[np.uint8]
) -> None:
    """Apply a symmetry to a grid: ``image[i] = tokens[grid[source[i]]]``; grid, source and image are [C]."""
    for i in range(len(source)):
        image[i] = tokens[grid[source[i]]]


@kernel
def augment_group(
    base_input: NDArray[np.uint8],
    base_label: NDArray[np.uint8],
    candidate: int,
    seed: int,
    start: int,
    tables: SymmetryTables,
    automorphisms: NDArray[np.uint8],
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
) -> int:
    """Variants `start`, `start` + 1, ... of one group.

    Args:
        base_input: uint8 [C], tokens of the base's input.
        base_label: uint8 [C], tokens of its label.
        candidate: index of the group in its stream: the counter of its key.
        seed: root seed.
        start: the first variant to write, 0 or more; variant 0 is the base.
        tables: from `symmetry_tables`.
        automorphisms: uint8 [H, C], spatial automorphisms of the input but the identity.
        inputs: uint8 [K, C], receives the variants' inputs.
        labels: uint8 [K, C], receives their labels.

    Returns:
        Number of variants written: K, or fewer where the group has no more.
    """
    size = tables.size
    keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
    source, lines = np.empty(size * size, np.uint8), np.empty((2, size), np.uint8)
    tokens = np.empty(size + 2, np.uint8)
    written = 0
    if start == 0 and len(inputs) > 0:
        inputs[0] = base_input
        labels[0] = base_label
        written = 1
    # Without automorphisms the variant's number is its place in the order; else the walk counts those accepted.
    walks = len(automorphisms) > 0
    variant = 1 if walks else start + written
    place = variant
    while written < len(inputs) and place < tables.num_variants:
        spatial, label = symmetry_of(place, tables, keys)
        place += 1
        spell(spatial, tables, lines, source)
        if walks:
            # The base's own coset is left out with the identity: its other members never come first.
            if not is_representative(source, automorphisms):
                continue
            variant += 1
            if variant <= start:
                continue
        relabelling(label, tokens)
        apply(base_input, source, tokens, inputs[written])
        apply(base_label, source, tokens, labels[written])
        written += 1
    return written


@kernel
def augment_groups(
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    candidates: NDArray[np.int64],
    seed: int,
    start: int,
    tables: SymmetryTables,
    automorphisms: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    variant_inputs: NDArray[np.uint8],
    variant_labels: NDArray[np.uint8],
) -> int:
    """`augment_group` for every base [B, C] into [B, K, C]; base i has automorphisms offsets[i] to offsets[i + 1].

    Returns:
        The first base with too few variants, or -1.
    """
    for i in range(len(inputs)):
        written = augment_group(
            inputs[i],
            labels[i],
            candidates[i],
            seed,
            start,
            tables,
            automorphisms[offsets[i] : offsets[i + 1]],
            variant_inputs[i],
            variant_labels[i],
        )
        if written < variant_inputs.shape[1]:
            return i
    return -1
