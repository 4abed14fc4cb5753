"""The eight ways to turn and mirror a square: variants and classes of tasks whose symmetries are these.

A task says by `maps`, or by `maps_by`, which cell each cell of an image is taken from; all else here serves any
task of one example a group. Variant 0 is the puzzle itself; the others are its images under the seven maps that are not
the identity, in an order that depends on seed and candidate. A puzzle that some map leaves as it is has fewer: an image
that came before is passed over. Its class is that of its smallest image.

Shapes: G puzzles, K variants, C cells.
"""

import hashlib
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .jit import WarmUp, kernel
from .rng import AUGMENT, bijection_keys, permute
from .task import Groups, Rows
from .variants import augment_evenly

NUM_MAPS = 8
"""Numbered as the published code does for ARC: 0 identity, 1 to 3 quarter turns against the clock, 4 left-right flip, 5
up-down flip, 6 transpose, 7 transpose along the other diagonal."""


@cache
def maps(size: int) -> NDArray[np.int64]:
    """int64 [8, C]: the cell that each cell of an image is taken from, of a square of C = size * size cells."""
    return maps_by(np.arange(size * size).reshape(size, size), np.fliplr)


def maps_by(cells: NDArray[np.int64], mirror: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> NDArray[np.int64]:
    """The same, int64 [8, C], of cells [s, s] that are turned by a transposition and a mirror of their own.

    Args:
        cells: the numbers 0 to C - 1, row by row.
        mirror: exchanges left and right of such an array; it and the transposition give eight maps.
    """
    turns = [cells]
    for _ in range(3):
        turns.append(mirror(turns[-1]).T)
    images = [*turns, mirror(cells), mirror(cells.T).T, cells.T, mirror(turns[1])]
    found = np.stack([image.reshape(-1) for image in images])
    found.setflags(write=False)
    return found


@kernel
def compare(grid: NDArray[np.uint8], one: NDArray[np.int64], other: NDArray[np.int64]) -> int:
    """Which of two images comes first: -1, 0 where they are equal, or 1.

    Args:
        grid: uint8 [C].
        one: int64 [C], a row of `maps`.
        other: int64 [C], another.
    """
    for cell in range(len(grid)):
        a, b = grid[one[cell]], grid[other[cell]]
        if a != b:
            return -1 if a < b else 1
    return 0


@kernel
def find_forms(
    grids: NDArray[np.uint8], images: NDArray[np.int64], forms: NDArray[np.uint8], orders: NDArray[np.int64]
) -> None:
    """The smallest image of each puzzle, and how many of the maps leave the puzzle as it is.

    Args:
        grids: uint8 [G, C].
        images: int64 [8, C], as `maps` gives them.
        forms: uint8 [G, C], receives the images.
        orders: int64 [G], receives the numbers, 1 or more.
    """
    for i in range(len(grids)):
        best, orders[i] = 0, 1
        for k in range(1, len(images)):
            if compare(grids[i], images[k], images[best]) < 0:
                best = k
            orders[i] += compare(grids[i], images[k], images[0]) == 0
        for cell in range(grids.shape[1]):
            forms[i, cell] = grids[i, images[best, cell]]


@kernel
def _chosen(
    grid: NDArray[np.uint8], images: NDArray[np.int64], keys: NDArray[np.uint64], chosen: NDArray[np.int64]
) -> int:
    """The maps of the distinct images of a puzzle, in order, into `chosen` int64 [8]; returns how many there are."""
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
    """Variants from `start` on of some puzzles.

    Args:
        inputs: uint8 [G, C].
        labels: uint8 [G, C].
        candidates: int64 [G].
        seed: root seed.
        start: the first variant.
        images: int64 [8, C], as `maps` gives them.
        out_inputs: uint8 [G, K, C], receives the inputs.
        out_labels: uint8 [G, K, C], receives the labels.

    Returns:
        The first puzzle that has fewer than start + K variants; -1 where all have as many.
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


def forms_of(inputs: NDArray[np.uint8], images: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Smallest images [G, C] of puzzles [G, C], and how many maps leave each as it is [G]."""
    forms, orders = np.empty_like(inputs), np.empty(len(inputs), np.int64)
    find_forms(inputs, images, forms, orders)
    return forms, orders


def digests_of(task_name: str, forms: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [G, 32]: SHA-256 digests of the classes of a task's puzzles, by their smallest images [G, C]."""
    digests = b"".join(hashlib.sha256(task_name.encode() + form.tobytes()).digest() for form in forms)
    return np.frombuffer(digests, np.uint8).reshape(-1, 32)


def augment(
    groups: Groups, seed: int, start: int, counts: NDArray[np.int64], images: NDArray[np.int64], noun: str
) -> Rows:
    """Inputs and labels turned and mirrored, uint8 [R, C]: `Task.augment` for such a task.

    Args:
        groups: the bases.
        seed: root seed.
        start: first variant of every group, 0 or more.
        counts: int64 [G], how many variants of each group, 0 or more.
        images: int64 [8, C], as `maps` gives them.
        noun: what a puzzle is called in a message.

    Raises:
        InputError: a group has fewer than ``start + counts`` distinct variants.
    """

    def even(some: Groups, count: int) -> Rows:
        inputs = np.empty((len(some), count, some.inputs.shape[1]), np.uint8)
        labels = np.empty_like(inputs)
        short = augment_all(some.inputs, some.labels, some.candidates, seed, start, images, inputs, labels)
        if short >= 0:
            most = NUM_MAPS // forms_of(some.inputs[short : short + 1], images)[1][0]
            raise InputError(
                f"{noun} {some.candidates[short]} has {most} distinct variants; {start + count} were asked for"
            )
        return inputs, labels

    return augment_evenly(groups, counts, even)


def warm_ups(images: NDArray[np.int64]) -> tuple[WarmUp, ...]:
    """The kernels here, for puzzles of as many cells as `images` int64 [8, C] has; see `Task.warm_ups`."""
    num_cells = images.shape[1]
    rows, numbers = np.empty((0, num_cells), np.uint8), np.empty(0, np.int64)
    variants = np.empty((0, 0, num_cells), np.uint8)
    return (
        WarmUp(find_forms, (rows, images, rows, numbers), 1),
        WarmUp(augment_all, (rows, rows, numbers, 0, 0, images, variants, variants), 2),
    )
