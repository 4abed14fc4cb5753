"""The k-th variant of a task, all its examples, and where each grid of it lies.

A keyed bijection puts the ranks of a task's maps in an order, and variant k is the image under the map at place k, so
it can be had without the other variants. Variant 0 is the task itself, where it lies. In the others, both grids of a
training example are translated by the same random offset, so that both stay inside; one example of each variant, drawn
at random, is not translated.

Moves, colours, offsets and end tokens are written in one pass over the image: two million examples of real tasks, 3.5
GB, a second and core of an EPYC.

Shapes: G groups, E examples of all groups, S = 900 tokens of one, V variants of all groups, M rows (an example each).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import AUGMENT, TRANSLATE, bijection_keys, mulhi, philox
from .grids import FIRST_COLOUR, NUM_COLOURS, SIDE, grid_shape
from .maps import token_images, write_image
from .ranks import TRANSLATES, num_ranks, spell, variant_rank


@kernel
def _draw_below(word: np.uint64, bound: int) -> Any:
    """A number in range(bound) from a uniform uint64."""
    return np.int64(mulhi(word, np.uint64(bound)))


@kernel
def stationary_example(seed: int, candidate: int, variant: int, num_examples: int) -> Any:
    """The example of a variant that is not translated.

    Args:
        seed: root seed.
        candidate: of the group.
        variant: of the group, 1 or more.
        num_examples: how many examples the group has.

    Returns:
        Place of the example in its puzzle, uniform.
    """
    word, _, _, _ = philox(seed, TRANSLATE, 0, variant, 0, candidate)
    return _draw_below(word, num_examples)


@kernel
def draw_offset(seed: int, candidate: int, variant: int, example: int, rows: int, columns: int) -> tuple[int, int]:
    """Where the upper left corner of an example's grids comes to lie.

    Args:
        seed: root seed.
        candidate: of the group.
        variant: of the group, 1 or more.
        example: place of the example in its puzzle.
        rows: of the higher of both grids, as they are in this variant, 0..30.
        columns: of the wider of both grids.

    Returns:
        Row and column, uniform among those that keep both grids inside, independent of each other.
    """
    first, second, _, _ = philox(seed, TRANSLATE, 1 + example, variant, 0, candidate)
    return _draw_below(first, SIDE + 1 - rows), _draw_below(second, SIDE + 1 - columns)


@kernel
def augment_groups(
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    traits: NDArray[np.uint16],
    candidates: NDArray[np.int64],
    seed: int,
    start: int,
    counts: NDArray[np.int64],
    variant_inputs: NDArray[np.uint8],
    variant_labels: NDArray[np.uint8],
) -> None:
    """Variants `start` to `start` + counts[g] of every group g.

    Args:
        inputs: uint8 [E, S], grids stored at (0, 0), the examples of one group after the other.
        labels: uint8 [E, S], likewise; all pad where a solution is unknown.
        offsets: int64 [G + 1], where each group's examples begin and end.
        traits: uint16 [G, 3], see `ranks`.
        candidates: int64 [G], counters of the groups' keys.
        seed: root seed.
        start: the first variant.
        counts: int64 [G], 0 or more; a group has at least ``start + counts[g]`` variants.
        variant_inputs: uint8 [M, S], receives the inputs, by group, variant and example.
        variant_labels: uint8 [M, S], receives the labels.
    """
    colours, images = np.empty(NUM_COLOURS, np.uint8), np.empty(FIRST_COLOUR + NUM_COLOURS, np.uint8)
    row = 0
    for group in range(len(candidates)):
        candidate, first = candidates[group], offsets[group]
        num_examples = offsets[group + 1] - first
        count = num_ranks(traits[group])
        keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
        shapes = np.empty((num_examples, 4), np.int64)
        for example in range(num_examples):
            shapes[example, 0], shapes[example, 1] = grid_shape(inputs[first + example])
            shapes[example, 2], shapes[example, 3] = grid_shape(labels[first + example])
        for variant in range(start, start + counts[group]):
            number = spell(variant_rank(variant, count, keys), traits[group], colours)
            token_images(colours, images)
            swaps = number == 1 or number == 3 or number >= 6
            translates = traits[group, TRANSLATES] != 0 and variant > 0
            stationary = stationary_example(seed, candidate, variant, num_examples) if translates else -1
            for example in range(num_examples):
                rows, columns, label_rows, label_columns = shapes[example]
                top, left = 0, 0
                if translates and example != stationary:
                    height, width = max(rows, label_rows), max(columns, label_columns)
                    if swaps:
                        height, width = width, height
                    top, left = draw_offset(seed, candidate, variant, example, height, width)
                base = first + example
                write_image(inputs[base], rows, columns, number, images, top, left, variant_inputs[row])
                write_image(labels[base], label_rows, label_columns, number, images, top, left, variant_labels[row])
                row += 1


@kernel
def variant_maps(
    traits: NDArray[np.uint16],
    candidates: NDArray[np.int64],
    seed: int,
    counts: NDArray[np.int64],
    moves: NDArray[np.uint8],
    colours: NDArray[np.uint8],
) -> None:
    """The maps of variants 0 to counts[g] of every group g.

    Args:
        traits: uint16 [G, 3], see `ranks`.
        candidates: int64 [G], counters of the groups' keys.
        seed: root seed.
        counts: int64 [G], 0 to the group's number of variants.
        moves: uint8 [V], receives the moves, by group and variant.
        colours: uint8 [V, 10], receives the images of the colours.
    """
    place = 0
    for group in range(len(candidates)):
        count = num_ranks(traits[group])
        keys = bijection_keys(seed, AUGMENT, 0, 0, candidates[group])
        for variant in range(counts[group]):
            moves[place] = spell(variant_rank(variant, count, keys), traits[group], colours[place])
            place += 1
