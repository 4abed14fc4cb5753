"""Whether what is asked for can be: compared with memory, disk and what a manifest holds before anything is written.

Shapes: G groups, S sequence length.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trmpipe.generators import contract
from trmpipe.generators.task import Task
from trmpipe.shards import CODECS, Codec, IndexedCodec, ShardContent, SplitLayout, Store, default_layout
from trmpipe.shards.layout import MOST_SHARD_BYTES
from trmpipe.shards.words import counted

from .errors import RecipeError
from .plan import Plan
from .recipe import Recipe

_MOST_PACKED = 64
"""No format makes puzzles smaller than this part of their tokens; padded grids come down to about a 25th."""
_NOTES_BYTES = 128
"""What a plan holds of a group beside its tokens."""
_MOST_SHARDS = 40_000
"""So many of all splits together fit a manifest of the size up to which one is read: of Zarr each takes 700 bytes."""
_MOST_IDENTIFIERS = 2**31 - 1
_SAMPLE_VARIANTS = 64


def check_recipe(recipe: Recipe, store: Store) -> None:
    """Refuse numbers that no search need be started for.

    Raises:
        RecipeError: the plan would not fit the memory, or the corpus the disk, however well it is packed.
    """
    spec = recipe.make_task().spec
    groups = (recipe.n or 0) + (recipe.test or 0)
    needed, there = groups * (2 * spec.seq_len + _NOTES_BYTES), _memory_bytes()
    if there is not None and needed > there:
        raise RecipeError(
            f"{groups:,} puzzles were asked for by --n and --test: their plan takes {_gigabytes(needed)} of memory, "
            f"{_gigabytes(there)} are there; ask for fewer"
        )
    puzzles = (recipe.n or 0) * min(recipe.aug + 1, spec.num_symmetries)
    _check_disk(puzzles, puzzles * 2 * spec.seq_len // _MOST_PACKED, "at least ", store)


def check_plan_fits(plan: Plan, recipe: Recipe, store: Store) -> None:
    """Refuse a corpus that does not fit the disk, to which disks in other places than this machine are not compared.

    Raises:
        RecipeError: it does not fit the disk, or has more identifiers than there are.
    """
    task = recipe.make_task()
    if task.spec.variant_identifiers and plan.train.variants.sum() > _MOST_IDENTIFIERS:
        raise RecipeError(
            f"the corpus would have {plan.train.variants.sum():,} training variants, each with an identifier; "
            f"{_MOST_IDENTIFIERS:,} at most have one: ask for fewer with --aug or --n"
        )
    puzzles = sum(int(part.variants.sum()) for part in plan.splits.values())
    rows = sum(float(np.dot(part.variants.astype(float), part.groups.sizes)) for part in plan.splits.values())
    free = _free_bytes(store)
    # To pack a sample takes a kernel in this process, which is asked for only where it decides.
    if free is not None and rows * 2 * task.spec.seq_len > free:
        _check_disk(puzzles, int(rows * _packed_bytes_of_row(plan, recipe, task)), "about ", store)


def check_layouts(layouts: Mapping[str, SplitLayout], codec: Codec) -> None:
    """Refuse shards that no memory holds, or more of them than a manifest names.

    Args:
        layouts: of all splits.
        codec: the format.

    Raises:
        RecipeError: the blocks are too large or too small.
    """
    for layout in layouts.values():
        groups, variants = min(layout.group_block, layout.num_groups), layout.variant_block
        index_bytes = codec.index_bytes(layout) if isinstance(codec, IndexedCodec) else 0
        size = 2 * groups * variants * layout.max_examples * layout.seq_len + index_bytes
        if size > MOST_SHARD_BYTES:
            index = f", and an index with room for {layout.group_block:,} puzzles" if index_bytes else ""
            raise RecipeError(
                f"a shard of {layout.split} would take {_gigabytes(size)} of memory ({counted(groups, 'puzzle')} with "
                f"{counted(variants, 'variant')} each{index}), expected {_gigabytes(MOST_SHARD_BYTES)} at most; give a "
                "smaller --shard-groups or --shard-variants"
            )
    if (count := sum(layout.num_shards for layout in layouts.values())) > _MOST_SHARDS:
        raise RecipeError(
            f"{' and '.join(layouts)} would have {count:,} shards, expected {_MOST_SHARDS:,} at most; give a larger "
            "--shard-groups or --shard-variants, or ask for less"
        )


def _packed_bytes_of_row(plan: Plan, recipe: Recipe, task: Task) -> float:
    """Bytes that an example takes on the disk, by some variants of the first group."""
    part = plan.train.take(slice(0, 1))
    counts = np.minimum(part.variants, _SAMPLE_VARIANTS)
    layout = default_layout(
        "train", task.spec.seq_len, counts, examples=part.groups.sizes, compressed=task.spec.compressed
    )
    shard = layout.shards()[0]
    inputs, labels = contract.augment(task, part.groups, recipe.seed, 0, layout.counts(shard))
    content = ShardContent(inputs=inputs, labels=labels, candidates=part.groups.candidates, canonical=part.digests)
    return sum(map(len, CODECS[recipe.format].encode(layout, shard, content))) / len(inputs)


def _check_disk(puzzles: int, num_bytes: int, word: str, store: Store) -> None:
    free = _free_bytes(store)
    if free is not None and num_bytes > free:
        raise RecipeError(
            f"the corpus would have {puzzles:,} puzzles and take {word}{_gigabytes(num_bytes)}, "
            f"{_gigabytes(free)} are free at {store.url}; ask for less with --aug or --n, or give --out another disk"
        )


def _free_bytes(store: Store) -> int | None:
    """Free space where a corpus is to lie, None where that is not a disk of this machine."""
    if not store.is_local:
        return None
    folder = Path(store.url)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free


def _memory_bytes() -> int | None:
    """Memory of this machine, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:,.2f} GB"
