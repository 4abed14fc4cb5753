"""Kernels on ARC grids as predictions give them: cropped, mapped back to their task, counted.

A grid is spelled as a **key**, uint8 [902]: rows, columns, its colours 0..9 row by row, then zeros. Two grids are equal
exactly if their keys are, and keys compare as (rows, columns, colours).

Shapes: N rows of predictions, I test inputs, M rows that vote on one test input, D distinct answers among them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.arc.grids import FIRST_COLOUR, SEQ_LEN, crop_shape
from trmpipe.generators.arc.maps import walk
from trmpipe.generators.jit import kernel

KEY_BYTES = 2 + SEQ_LEN
NO_INPUT = -1
"""Place of a row whose input is none of its task's test inputs."""

_EMPTY = -1


@kernel
def _restore(tokens: Any, number: Any, colours: Any, key: Any) -> Any:
    """Write the key of the crop of `tokens` [900], moved by `number` and its colours replaced."""
    rows, columns = crop_shape(tokens)
    rows, columns, start, row_step, column_step = walk(number, rows, columns)
    key[0], key[1] = rows, columns
    place = 2
    for row in range(rows):
        for column in range(columns):
            key[place] = colours[tokens[start + row * row_step + column * column_step] - FIRST_COLOUR]
            place += 1
    key[place:] = 0


@kernel
def _equal(first: Any, second: Any) -> Any:
    """Whether two keys are the same."""
    for i in range(2 + first[0] * first[1]):
        if first[i] != second[i]:
            return False
    return True


@kernel
def _hash(key: Any) -> Any:
    """uint64 FNV-1a of a key; keys that collide are told apart by `_equal`."""
    digest = np.uint64(0xCBF29CE484222325)
    for i in range(2 + key[0] * key[1]):
        digest = (digest ^ np.uint64(key[i])) * np.uint64(0x100000001B3)
    return digest ^ (digest >> np.uint64(32))


@kernel
def restore(
    tokens: NDArray[np.uint8], moves: NDArray[np.uint8], colours: NDArray[np.uint8], keys: NDArray[np.uint8]
) -> None:
    """Crop grids and map them back.

    Args:
        tokens: uint8 [N, 900].
        moves: uint8 [N], the dihedral move 0..7 that takes each grid back.
        colours: uint8 [N, 10], what each colour was in the task.
        keys: uint8 [N, 902], written.
    """
    for i in range(len(tokens)):
        _restore(tokens[i], moves[i], colours[i], keys[i])


@kernel
def locate(
    inputs: NDArray[np.uint8],
    moves: NDArray[np.uint8],
    colours: NDArray[np.uint8],
    tasks: NDArray[np.int64],
    bounds: NDArray[np.int64],
    test_keys: NDArray[np.uint8],
    places: NDArray[np.int64],
) -> None:
    """Find the test input that each row's input is a variant of.

    Args:
        inputs: uint8 [N, 900].
        moves: uint8 [N], as in `restore`.
        colours: uint8 [N, 10], as in `restore`.
        tasks: int64 [N], index of each row's task, negative for one that is not scored.
        bounds: int64 [tasks + 1], where each task's test inputs begin.
        test_keys: uint8 [I, 902], their keys.
        places: int64 [N], written: the first equal test input, or `NO_INPUT`.
    """
    key = np.empty(KEY_BYTES, np.uint8)
    for i in range(len(inputs)):
        places[i] = NO_INPUT
        if tasks[i] < 0:
            continue
        _restore(inputs[i], moves[i], colours[i], key)
        for place in range(bounds[tasks[i]], bounds[tasks[i] + 1]):
            if _equal(key, test_keys[place]):
                places[i] = place
                break


@kernel
def count_answers(
    predictions: NDArray[np.uint8],
    moves: NDArray[np.uint8],
    colours: NDArray[np.uint8],
    probabilities: NDArray[np.float64],
    rows: NDArray[np.int64],
    keys: NDArray[np.uint8],
    counts: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> int:
    """Count the different answers among some rows.

    Args:
        predictions: uint8 [N, 900].
        moves: uint8 [N], as in `restore`.
        colours: uint8 [N, 10], as in `restore`.
        probabilities: float64 [N].
        rows: int64 [M], the rows that vote; sums are taken in their order.
        keys: uint8 [M, 902], written: the first D are the answers by first occurrence.
        counts: int64 [M], written: rows that gave each answer.
        sums: float64 [M], written: the sum of their probabilities.

    Returns:
        D, the number of different answers.
    """
    size = 2
    while size < 2 * len(rows):
        size *= 2
    # Open addressing: an answer lies in the first free slot from its hash on.
    table = np.full(size, _EMPTY, np.int64)
    found = 0
    for row in rows:
        _restore(predictions[row], moves[row], colours[row], keys[found])
        slot = np.int64(_hash(keys[found]) & np.uint64(size - 1))
        while table[slot] != _EMPTY and not _equal(keys[table[slot]], keys[found]):
            slot = (slot + 1) & (size - 1)
        if table[slot] == _EMPTY:
            table[slot] = found
            counts[found], sums[found] = 0, 0.0
            found += 1
        counts[table[slot]] += 1
        sums[table[slot]] += probabilities[row]
    return found
