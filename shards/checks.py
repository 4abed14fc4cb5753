"""What must fit together before a shard is read: manifest, catalog and layout; and what must hold of its rows.

Kernels write by the numbers of a layout and models look tokens and identifiers up in tables, so all of them are checked
here, once, whatever format the shards have.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from trmpipe.generators.task import Rows, TaskSpec

from .layout import ShardSpec, SplitLayout
from .manifest import SplitManifest


def check_layout(layout: SplitLayout, about: SplitManifest, paths: Callable[[ShardSpec], tuple[str, ...]]) -> None:
    """Refuse a manifest that lists other shards than the layout of its catalog has.

    Args:
        layout: of a split, made of the catalog and of `about`.
        about: the split in the manifest.
        paths: of a shard's files.

    Raises:
        ValueError: they do not fit each other.
    """
    # Counted first, as a list of all shards of a wrong layout may take any memory.
    if layout.num_shards != len(about.shards):
        raise ValueError(f"it lists {len(about.shards)} shards of {layout.split}, its catalog has {layout.num_shards}")
    for shard, record in zip(layout.shards(), about.shards, strict=True):
        puzzles = int(layout.counts(shard).sum())
        expected = shard.index, shard.unit, shard.groups, shard.variants, puzzles, paths(shard)
        files = tuple(file.path for file in record.files)
        if (record.index, record.unit, record.groups, record.variants, record.puzzles, files) != expected:
            raise ValueError(f"what it says of shard {shard.index} of {layout.split} is not what its catalog says")


def check_identifiers(layout: SplitLayout, spec: TaskSpec, num_identifiers: int, num_training_puzzles: int) -> None:
    """Refuse puzzle identifiers that the task does not have, or that an embedding has no place for.

    Args:
        layout: of a split.
        spec: of the task.
        num_identifiers: in the manifest, the blank one included.
        num_training_puzzles: variants of all training groups.

    Raises:
        ValueError: an identifier or their number is wrong.
    """
    if num_identifiers != 1 + num_training_puzzles * spec.variant_identifiers:
        raise ValueError(f"it has {num_identifiers} puzzle identifiers and {num_training_puzzles} training puzzles")
    first, variants = layout.first_identifiers.astype(np.int64), layout.variants
    if not spec.variant_identifiers:
        is_right = not layout.has_identifiers
    elif layout.split == "train":
        is_right = np.array_equal(first, 1 + np.cumsum(variants) - variants)
    else:
        is_right = not layout.has_identifiers or bool((first <= num_identifiers - variants).all())
    if not is_right:
        raise ValueError(f"the puzzle identifiers of {layout.split} are not those of its task")


def check_rows(rows: Any, num_rows: int, spec: TaskSpec) -> Rows:
    """The rows that a codec made of a shard, if they are such.

    Args:
        rows: inputs and labels, uint8 [R, S] each.
        num_rows: R.
        spec: of the task.

    Raises:
        ValueError: they have another type, shape or number, or a token that is not in the vocabulary.
    """
    inputs, labels = rows
    for name, values in (("inputs", inputs), ("labels", labels)):
        if not isinstance(values, np.ndarray) or values.dtype != np.uint8:
            raise ValueError(f"its {name} are no array of uint8")
        if values.shape != (num_rows, spec.seq_len):
            raise ValueError(f"its {name} are {list(values.shape)}, expected {num_rows} rows of {spec.seq_len} tokens")
        if values.max(initial=0) >= spec.vocab_size:
            raise ValueError(f"its {name} have the token {values.max()}, expected 0 to {spec.vocab_size - 1}")
    return inputs, labels
