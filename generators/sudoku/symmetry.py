"""The symmetries of Sudoku, ranked, and the k-th variant of a puzzle.

A symmetry relabels the values, reorders rows and columns within their bands and stacks, bands and stacks themselves,
and transposes where boxes are square: 9! 6^8 2 = 1.22e12 of them at 9x9. Its rank is

    relabelling + N! * (transpose + T * (row arrangement + R * column arrangement))

with rank 0 the identity, and variant k >= 1 of a group is the symmetry of rank 1 + permute(k - 1): a keyed bijection,
so that no two are the same symmetry and variant k needs no other. For a puzzle with automorphisms (symmetries that
give the puzzle itself) different symmetries can give the same variant: there, one symmetry of each coset is accepted
and the others are passed over, which is exact but takes a walk from variant 1. Such puzzles are rare (none in a
thousand at 9x9 and 6x6, a third at 4x4).

Shapes: B puzzles, C cells, N size, R row arrangements, L column arrangements, H automorphisms, K variants.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import AUGMENT, bijection_keys, permute


@kernel
def spatial_source(
    rank: int,
    num_transposes: int,
    row_arrangements: NDArray[np.uint8],
    column_arrangements: NDArray[np.uint8],
    source: NDArray[np.uint8],
) -> None:
    """Spell the spatial symmetry of `rank`: cell i of the image is cell ``source[i]`` of the puzzle.

    Args:
        rank: 0 <= rank < T * R * L; 0 is the identity.
        num_transposes: T, 1 or 2.
        row_arrangements: uint8 [R, N].
        column_arrangements: uint8 [L, N].
        source: uint8 [C], receives the cells.
    """
    size = row_arrangements.shape[1]
    transposed = rank % num_transposes
    rank //= num_transposes
    rows = row_arrangements[rank % len(row_arrangements)]
    columns = column_arrangements[rank // len(row_arrangements)]
    for row in range(size):
        for column in range(size):
            if transposed:
                source[row * size + column] = columns[column] * size + rows[row]
            else:
                source[row * size + column] = rows[row] * size + columns[column]


@kernel
def relabelling(rank: int, tokens: NDArray[np.uint8]) -> None:
    """Spell the relabelling of `rank` < N! as a map of tokens, uint8 [N + 2]; pad and blank stay, 0 is the identity."""
    for token in range(len(tokens)):
        tokens[token] = token
    for i in range(2, len(tokens) - 1):
        left = len(tokens) - i
        j = i + rank % left
        rank //= left
        tokens[i], tokens[j] = tokens[j], tokens[i]


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
    tables: tuple[int, NDArray[np.uint8], NDArray[np.uint8]],
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
        tables: number of transposes, row arrangements [R, N], column arrangements [L, N].
        automorphisms: uint8 [H, C], spatial automorphisms of the input but the identity.
        inputs: uint8 [K, C], receives the variants' inputs.
        labels: uint8 [K, C], receives their labels.

    Returns:
        Number of variants written: K, or fewer where the group has no more.
    """
    num_transposes, row_arrangements, column_arrangements = tables
    size = row_arrangements.shape[1]
    num_spatial = num_transposes * len(row_arrangements) * len(column_arrangements)
    num_relabellings = 1
    for value in range(2, size + 1):
        num_relabellings *= value
    num_others = num_relabellings * num_spatial - 1
    keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
    source = np.empty(size * size, np.uint8)
    tokens = np.empty(size + 2, np.uint8)
    written = 0
    if start == 0 and len(inputs) > 0:
        inputs[0] = base_input
        labels[0] = base_label
        written = 1
    # Without automorphisms the variant's number is its place in the bijection; else the walk counts those accepted.
    walks = len(automorphisms) > 0
    variant = 1 if walks else start + written
    place = variant - 1
    while written < len(inputs) and place < num_others:
        rank = 1 + permute(place, num_others, keys)
        place += 1
        spatial_source(rank // num_relabellings, num_transposes, row_arrangements, column_arrangements, source)
        if walks:
            # The base's own coset is left out with rank 0: its other members never come first.
            if not is_representative(source, automorphisms):
                continue
            variant += 1
            if variant <= start:
                continue
        relabelling(rank % num_relabellings, tokens)
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
    tables: tuple[int, NDArray[np.uint8], NDArray[np.uint8]],
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
