"""Small corpora with known content, for the tests of shards: any format, any layout, ragged numbers of variants.

A task of single puzzles, and one whose puzzles have several examples and identifiers.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from trmpipe.generators.task import TaskSpec
from trmpipe.shards import (
    MANIFEST,
    Provenance,
    ShardContent,
    SplitLayout,
    Store,
    UnitWriter,
    write_manifest,
    write_metadata,
)
from trmpipe.shards.json_files import seal

SPEC = TaskSpec(name="toy", vocabulary=".x123456", grid_shape=(3, 3), num_symmetries=10**6, classes="identity")
NAMED = dataclasses.replace(
    SPEC,
    name="named",
    named_groups=True,
    variant_identifiers=True,
    test_variants=True,
    test_groups_train=True,
    compressed=True,
)
RAGGED = {
    "variants": [9, 3, 1, 8, 4],
    "examples": [2, 1, 5, 3, 1],
    "first_identifiers": [1, 10, 13, 14, 22],
    "compressed": True,
}
"""Options of `split_layout`: several examples and identifiers, every group of another size."""
SPLIT_CODES = {"train": 0, "test": 1}


def group_rows(split, group, count, seed=0):
    """Inputs and labels [count, 9] of a group; those of fewer rows are a prefix of those of more."""
    rng = np.random.default_rng([seed, SPLIT_CODES[split], group])
    labels = rng.integers(2, 8, (count, 9), dtype=np.uint8)
    # The row is spelled in the first cells, so that no two rows of a group are equal.
    for cell in range(4):
        labels[:, cell] = 2 + (np.arange(count) // 6**cell) % 6
    inputs = labels.copy()
    inputs[:, 4:][labels[:, 4:] % 2 == 0] = 1
    return inputs, labels


def block_rows(split, layout, shard, seed=0):
    """The rows of a shard, uint8 [2, R, 9], as a pipeline would hand them over."""
    rows = []
    for group in range(*shard.groups):
        count, examples = int(layout.variants[group]), int(layout.examples[group])
        start, stop = (min(variant, count) * examples for variant in shard.variants)
        rows.append(np.stack(group_rows(split, group, count * examples, seed))[:, start:stop])
    return np.concatenate(rows, axis=1)


def classes(split, layout, seed=0):
    """Canonical digests, uint8 [G, 32]."""
    rng = np.random.default_rng([seed, 2 + SPLIT_CODES[split]])
    return rng.integers(0, 256, (layout.num_groups, 32), dtype=np.uint8)


def split_layout(split, variants, group_block=2, variant_block=4, sample_groups=1, **options):
    return SplitLayout(
        split=split,
        seq_len=9,
        variants=np.asarray(variants),
        group_block=group_block,
        variant_block=variant_block,
        sample_groups=sample_groups,
        **options,
    )


def encode(codec, layout, shard):
    """The files of a shard with the rows of `block_rows`."""
    inputs, labels = block_rows(layout.split, layout, shard)
    groups = slice(*shard.groups)
    canonical = classes(layout.split, layout)[groups]
    candidates = np.arange(*shard.groups)
    content = ShardContent(inputs=inputs, labels=labels, candidates=candidates, canonical=canonical)
    return codec.encode(layout, shard, content)


def group_names(split, groups):
    return [f"{split} task {group}" for group in range(*groups)]


def variant_names(layout):
    """Names of all variants, in portions of a group each."""
    return [[f"task {g}|||{k}" for k in range(count)] for g, count in enumerate(layout.variants.tolist())]


def write_unit(store, codec_name, layout, unit, seed=0, canonical=None, difficulty=None):
    start, stop = layout.unit_groups(unit)
    if difficulty is None:
        groups = np.arange(layout.num_groups)
        difficulty = np.where(groups % 2, np.nan, groups / 4)
    digests = classes(layout.split, layout, seed) if canonical is None else canonical
    writer = UnitWriter(
        store=store,
        codec_name=codec_name,
        layout=layout,
        unit=unit,
        candidates=np.arange(start, stop) * 3,
        canonical=digests[start:stop],
        difficulty=np.asarray(difficulty, float)[start:stop],
        names=group_names(layout.split, (start, stop)) if layout.has_identifiers else None,
    )
    for shard in layout.shards_of(unit):
        writer.write(shard, *block_rows(layout.split, layout, shard, seed))
    return writer.finish()


def make_corpus(
    root,
    codec_name="webdataset",
    train=(5, 5, 3),
    test=(1, 1),
    *,
    examples=None,
    test_examples=None,
    seed=0,
    spec=SPEC,
    test_classes=None,
    name="toy",
    difficulty=None,
    **blocks,
):
    """Write a corpus and return its manifest; `blocks` are the sizes of `split_layout`.

    Every other group is rated, unless the `difficulty` of the training groups is given. With identifiers, test group g
    has those of training group g.
    """
    store = Store(root)
    options = {"compressed": spec.compressed, **blocks}
    layouts = split_layouts(train, test, (examples, test_examples), has_identifiers=spec.variant_identifiers, **options)
    write_metadata(store, codec_name, layouts.values())
    canonical = {"train": None, "test": test_classes}
    units = [
        write_unit(store, codec_name, layout, unit, seed, canonical[split], difficulty if split == "train" else None)
        for split, layout in layouts.items()
        for unit in range(layout.num_units)
    ]
    return write_manifest(
        store,
        codec_name=codec_name,
        spec=spec,
        provenance=provenance(name, seed),
        layouts=layouts,
        units=units[::-1],
        variant_names=variant_names(layouts["train"]),
    )


def split_layouts(train, test, examples, *, has_identifiers, **options):
    """Layouts of both splits; with identifiers, test group g has those of training group g."""
    counts = {"train": train, "test": test}
    first = np.cumsum([1, *train])[:-1] if has_identifiers else None
    return {
        split: split_layout(
            split,
            counts[split],
            examples=sizes,
            first_identifiers=None if first is None else first[: len(counts[split])],
            **options,
        )
        for split, sizes in zip(counts, examples, strict=True)
    }


def provenance(name, seed):
    return Provenance(
        name=name,
        recipe={"task": "toy", "seed": seed},
        guarantees={"distinct": True},
        generator={"name": "trmpipe", "version": "0"},
        libraries={},
    )


def edit_manifest(folder, change):
    """Change a corpus's manifest and seal it again, as someone does who wants it to be believed."""
    path = Path(folder, MANIFEST)
    value = json.loads(path.read_text())
    del value["digest"]
    change(value)
    path.write_bytes(seal(value))


def edit_manifest_unsealed(folder, change):
    """Change a corpus's manifest and leave it without the digest of itself, as earlier format versions were."""
    path = Path(folder, MANIFEST)
    value = json.loads(path.read_text())
    del value["digest"]
    change(value)
    path.write_text(json.dumps(value))
