"""The k-th variant of a puzzle.

A symmetry is a pair of ranks, and a keyed bijection puts all pairs in an order. Variant k >= 1 of a group is the image
of its base under the symmetry at place k; where that is the identity, under the one at place 0. So no two variants are
by the same symmetry, none is by the identity, and variant k can be had without the others.

For a puzzle with automorphisms (symmetries that give the puzzle itself), several symmetries give the same image. There,
one of them is accepted and the others are passed over, so variant k takes a walk through the order from its start. Such
puzzles are rare: less than one in a thousand at 9x9 and 6x6, but a third at 4x4.

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
        Its two ranks, for `symmetry.spatial_move` and `symmetry.relabelling`.
    """
    spatial, label = permute_pair(place, tables.num_spatial, tables.num_relabellings, keys)
    if spatial == 0 and label == 0:
        return permute_pair(0, tables.num_spatial, tables.num_relabellings, keys)
    return spatial, label


@kernel
def is_representative(move: NDArray[np.uint8], automorphisms: NDArray[np.uint8]) -> bool:
    """Whether a move is the first in rising order among those that give the same image up to values.

    Args:
        move: uint8 [C], see `symmetry.spatial_move`.
        automorphisms: uint8 [H, C], moves that give the puzzle itself, without the identity. One of them and then
            `move` is the move ``automorphism[move[i]]``, which gives the same image.
    """
    for automorphism in automorphisms:
        for cell in move:
            if automorphism[cell] != cell:
                if automorphism[cell] < cell:
                    return False
                break
    return True


@kernel
def apply(
    grid: NDArray[np.uint8], move: NDArray[np.uint8], tokens: NDArray[np.uint8], image: NDArray[np.uint8]
) -> None:
    """Apply a symmetry to a grid: ``image[i] = tokens[grid[move[i]]]``.

    Args:
        grid: uint8 [C], tokens.
        move: uint8 [C], see `symmetry.spatial_move`.
        tokens: uint8 [N + 2], see `symmetry.relabelling`.
        image: uint8 [C], receives the image.
    """
    for i in range(len(move)):
        image[i] = tokens[grid[move[i]]]


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
    move, lines = np.empty(size * size, np.uint8), np.empty((2, size), np.uint8)
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
        spell(spatial, tables, lines, move)
        if walks:
            # The base's own coset is left out with the identity: its other members never come first.
            if not is_representative(move, automorphisms):
                continue
            variant += 1
            if variant <= start:
                continue
        relabelling(label, tokens)
        apply(base_input, move, tokens, inputs[written])
        apply(base_label, move, tokens, labels[written])
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
    """Variants `start`, `start` + 1, ... of many groups.

    Args:
        inputs: uint8 [B, C], tokens of the bases' inputs.
        labels: uint8 [B, C], tokens of their labels.
        candidates: int64 [B], index of each group in its stream.
        seed: root seed.
        start: the first variant to write, 0 or more.
        tables: from `symmetry_tables`.
        automorphisms: uint8 [H, C], of all bases, from `classes.automorphisms`.
        offsets: int64 [B + 1], those of base i are ``offsets[i]`` to ``offsets[i + 1]``.
        variant_inputs: uint8 [B, K, C], receives the variants' inputs.
        variant_labels: uint8 [B, K, C], receives their labels.

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
