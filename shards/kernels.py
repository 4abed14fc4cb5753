"""Numba kernels of the reading order and of the copies from shard to table to batch.

Every kernel has a plain-Python reference in the tests that it equals exactly. Cells are copied one by one, which the
compiler turns into vector moves; assigning whole rows is twice as slow. The table of rows is uint8 [R, 2, S] with
a row's input and label side by side, so that a batch finds both in the same few cache lines.

Letters: G groups, N positions, R rows, S sequence length.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from trmpipe.generators.jit import kernel
from trmpipe.generators.rng import (
    ALTERNATIVES,
    ORDER,
    PUBLISHED,
    VARIANT_ORDER,
    bijection_keys,
    mulhi,
    permute,
    philox,
    unpermute,
)

_ORDER_WINDOW = 256
_ORDER_WINDOW_BYTES = 128 << 10

_LOOK_AHEAD = 8
"""Rows between a prefetch and its use; it halves the time of a copy out of a table that is larger than the caches."""
_CACHE_LINE_BYTES = 64
_NUM_KEYS = 8
_WINDOW_ORDER = 1
"""Third counter word of the keys that order windows, where those that order groups have 0."""
_DRAW = 2
"""First counter word of draws; `bijection_keys` uses 0 and 1."""


def order_window(seq_len: int) -> int:
    """Variants of a window of the reading order: 256, or fewer where their rows take more than 128 KiB an example.

    A function of the task alone, so that the order does not hang on how a corpus is stored or on the memory; and small
    enough that one window of every group fits a memory in which the whole corpus does not.

    Args:
        seq_len: tokens of an input, 1 or more.
    """
    window = _ORDER_WINDOW
    while window > 1 and window * 2 * seq_len > _ORDER_WINDOW_BYTES:
        window //= 2
    return window


@intrinsic  # type: ignore[untyped-decorator]
def _prefetch(typing_context: Any, table: Any, offset: Any) -> Any:
    """Ask the processor to load the cache line of byte `offset` of a uint8 table, without waiting for it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        address = builder.gep(builder.bitcast(data, pointer), [args[1]])
        function_type = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], function_type)
        # A read, to be kept in all levels of the cache, of data.
        builder.call(function, [address, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(table, types.int64), codegen


@kernel
def place_in_cycle(seed: int, cycle: int, place: int, num_variants: int, window_size: int) -> tuple[int, int, int]:
    """The window that a group with `num_variants` reads at `place` of a cycle.

    Windows come in a seeded order, each for as many epochs as it has variants; the last window may be short.

    Args:
        seed: of the stream.
        cycle: how often all variants were seen before.
        place: 0 <= place < num_variants.
        num_variants: of the group.
        window_size: variants of a window, see `order_window`.

    Returns:
        The window, the place within it, and its number of variants.
    """
    num_windows = (num_variants + window_size - 1) // window_size
    short_size = num_variants - (num_windows - 1) * window_size
    keys = bijection_keys(seed, ORDER, cycle, _WINDOW_ORDER, 0)
    short_slot = unpermute(num_windows - 1, num_windows, keys)
    short_start = short_slot * window_size
    if short_start <= place < short_start + short_size:
        return num_windows - 1, place - short_start, short_size
    if place >= short_start:
        place += window_size - short_size
    return permute(place // window_size, num_windows, keys), place % window_size, window_size


@kernel
def order_by_windows(
    seed: int,
    start: int,
    counts: NDArray[np.int64],
    window_size: int,
    groups: NDArray[np.int64],
    variants: NDArray[np.int64],
) -> None:
    """Group and variant of the puzzles from number `start` of the order on, by the rule of the module `order`.

    A group's order within a window needs eight keys of its own; they are the window's keys, each mixed with one of
    four words of the group's, which takes one block of Philox instead of two.

    Args:
        seed: of the stream, uint64.
        start: first puzzle, where every epoch has G of them.
        counts: int64 [G], variants of each group.
        window_size: variants of a window, see `order_window`.
        groups: int64 [N], filled in.
        variants: int64 [N], filled in.
    """
    num_groups = len(counts)
    epoch = start // num_groups
    index = start - epoch * num_groups
    group_keys = bijection_keys(seed, ORDER, epoch, 0, 0)
    known_count, cycle, window, place, size = -1, 0, 0, 0, 0
    window_keys = np.empty(_NUM_KEYS, np.uint64)
    keys = np.empty(_NUM_KEYS, np.uint64)
    for i in range(len(groups)):
        if index == num_groups:
            epoch, index, known_count = epoch + 1, 0, -1
            group_keys = bijection_keys(seed, ORDER, epoch, 0, 0)
        group = permute(index, num_groups, group_keys)
        index += 1
        if counts[group] != known_count:
            known_count = counts[group]
            cycle = epoch // known_count
            window, place, size = place_in_cycle(seed, cycle, epoch - cycle * known_count, known_count, window_size)
            window_keys = bijection_keys(seed, VARIANT_ORDER, cycle, window, 0)
        words = philox(seed, VARIANT_ORDER, _DRAW, cycle, window, group)
        for j in range(4):
            keys[j] = window_keys[j] ^ words[j]
            keys[j + 4] = window_keys[j + 4] ^ words[j]
        groups[i] = group
        variants[i] = window * window_size + permute(place, size, keys)


@kernel
def order_as_published(
    seed: int,
    start: int,
    counts: NDArray[np.int64],
    window_size: int,
    groups: NDArray[np.int64],
    variants: NDArray[np.int64],
) -> None:
    """Group and variant of the puzzles from number `start` on, by the published rule.

    Every epoch is a permutation of the groups, with one variant of each drawn uniformly and with replacement. Source:
    TinyRecursiveModels, puzzle_dataset.py.

    Args:
        seed: of the stream, uint64.
        start: first puzzle, where every epoch has G of them.
        counts: int64 [G], variants of each group.
        window_size: not used, since there are no windows in this order; all rules take the same arguments.
        groups: int64 [N], filled in.
        variants: int64 [N], filled in.
    """
    num_groups = len(counts)
    epoch = start // num_groups
    index = start - epoch * num_groups
    group_keys = bijection_keys(seed, PUBLISHED, epoch, 0, 0)
    for i in range(len(groups)):
        if index == num_groups:
            epoch, index = epoch + 1, 0
            group_keys = bijection_keys(seed, PUBLISHED, epoch, 0, 0)
        group = permute(index, num_groups, group_keys)
        index += 1
        word = philox(seed, PUBLISHED, _DRAW, epoch, group, 0)[0]
        groups[i] = group
        variants[i] = np.int64(mulhi(word, np.uint64(counts[group])))


@kernel
def draw_alternatives(
    seed: int, start: int, groups: NDArray[np.int64], answers: NDArray[np.int64], examples: NDArray[np.int64]
) -> None:
    """Which of the answers to its puzzle each position from `start` on shows, where there are some, each as likely.

    Args:
        seed: of the stream, uint64.
        start: first position.
        groups: int64 [N], of the positions.
        answers: int64 [G], how many there are to each puzzle of a group; 0 where its examples are no alternatives.
        examples: int64 [N], receives the answers.
    """
    for i in range(len(groups)):
        number = answers[groups[i]]
        if number > 0:
            examples[i] = np.int64(mulhi(philox(seed, ALTERNATIVES, _DRAW, start + i, 0, 0)[0], np.uint64(number)))


@kernel
def windows_of_epoch(
    seed: int, epoch: int, counts: NDArray[np.int64], window_size: int, windows: NDArray[np.int64]
) -> None:
    """The window that each group reads in an epoch.

    Args:
        seed: of the stream, uint64.
        epoch: 0 or more.
        counts: int64 [G], variants of each group.
        window_size: variants of a window, see `order_window`.
        windows: int64 [G], filled in.
    """
    known_count, window = -1, 0
    for group in range(len(counts)):
        if counts[group] != known_count:
            known_count = counts[group]
            cycle = epoch // known_count
            window = place_in_cycle(seed, cycle, epoch - cycle * known_count, known_count, window_size)[0]
        windows[group] = window


@kernel
def place_rows(
    table: NDArray[np.uint8],
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    counts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    first_variant: int,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> None:
    """Copy the wanted rows of one shard into the table.

    Args:
        table: uint8 [R, 2, S].
        inputs: uint8 [r, S], rows of the shard by rising group, variant and example.
        labels: uint8 [r, S].
        counts: int64 [g], variants of each group of the shard.
        sizes: int64 [g], examples of each puzzle of a group.
        first_variant: variant of each group's first row.
        starts: int64 [g], first wanted variant of each group.
        stops: int64 [g], the one after the last.
        rows: int64 [g], row of the table for the first wanted variant.
    """
    seq_len = table.shape[2]
    source = 0
    for group in range(len(counts)):
        size = sizes[group]
        for variant in range(first_variant, first_variant + counts[group]):
            if starts[group] <= variant < stops[group]:
                first = rows[group] + (variant - starts[group]) * size
                for example in range(size):
                    for j in range(seq_len):
                        table[first + example, 0, j] = inputs[source + example, j]
                    for j in range(seq_len):
                        table[first + example, 1, j] = labels[source + example, j]
            source += size


@kernel
def find_rows(
    groups: NDArray[np.int64],
    variants: NDArray[np.int64],
    examples: NDArray[np.int64],
    sizes: NDArray[np.int64],
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
    index: NDArray[np.int64],
) -> None:
    """Find examples in a table.

    Args:
        groups: int64 [N], wanted groups.
        variants: int64 [N], wanted variants.
        examples: int64 [N], wanted examples of those puzzles.
        sizes: int64 [G], examples of each puzzle of a group.
        starts: int64 [G], first variant of each group in the table.
        rows: int64 [G], first row of that variant.
        index: int64 [N], filled in: the row of each example.
    """
    for i in range(len(groups)):
        group = groups[i]
        index[i] = rows[group] + (variants[i] - starts[group]) * sizes[group] + examples[i]


@kernel
def gather_rows(
    table: NDArray[np.uint8], index: NDArray[np.int64], inputs: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> None:
    """Copy rows of the table into a batch, with the rows a little further on already under way to the cache.

    Args:
        table: uint8 [R, 2, S].
        index: int64 [N], wanted rows.
        inputs: uint8 [N, S], filled in.
        labels: uint8 [N, S], filled in.
    """
    seq_len = table.shape[2]
    row_bytes = 2 * seq_len
    for i in range(len(index)):
        if i + _LOOK_AHEAD < len(index):
            start = index[i + _LOOK_AHEAD] * row_bytes
            for offset in range(start, start + row_bytes, _CACHE_LINE_BYTES):
                _prefetch(table, offset)
        row = index[i]
        for j in range(seq_len):
            inputs[i, j] = table[row, 0, j]
        for j in range(seq_len):
            labels[i, j] = table[row, 1, j]
