"""Small ARC corpora for the tests of the trainer, written without the pipeline's workers."""

import numpy as np

from trmpipe.generators.arc import ArcTask
from trmpipe.pipeline.arc import ArcPairs, groups_of
from trmpipe.shards import Provenance, SplitLayout, Store, UnitWriter, write_manifest, write_metadata

SEED = 5


def small_tasks(count, *, num_tests=1, seed=0):
    """Tasks on 3x3 grids: {id: {"train": pairs, "test": pairs}}, the output being the mirrored input."""
    rng = np.random.Generator(np.random.Philox(seed))
    tasks = {}
    for i in range(count):
        grids = rng.integers(0, 4, (2 + num_tests, 3, 3))
        pairs = [{"input": grid.tolist(), "output": np.fliplr(grid).tolist()} for grid in grids]
        tasks[f"task{i}"] = {"train": pairs[:2], "test": pairs[2:]}
    return tasks


def _pairs(task_id, task):
    def as_grids(pair):
        output = pair.get("output")
        return np.array(pair["input"], np.uint8), None if output is None else np.array(output, np.uint8)

    return ArcPairs(
        id=task_id,
        demonstrations=tuple(map(as_grids, task["train"])),
        tests=tuple(map(as_grids, task["test"])),
    )


def make_arc_corpus(root, tasks, variants, *, name="arc", group_block=2, variant_block=4):
    """Write a corpus in which every task is for testing, `variants` of each (its base included)."""
    store, arc = Store(root), ArcTask()
    groups = groups_of([_pairs(*item) for item in tasks.items()], "test")
    splits = {"train": groups.train, "test": groups.test}
    counts = np.full(len(tasks), variants)
    first = np.cumsum(counts) - counts + 1
    blocks = {"group_block": group_block, "variant_block": variant_block, "compressed": True}
    layouts = {
        split: SplitLayout(
            split=split, seq_len=900, variants=counts, examples=part.sizes, first_identifiers=first, **blocks
        )
        for split, part in splits.items()
    }
    write_metadata(store, "webdataset", layouts.values())
    units = []
    for split, layout in layouts.items():
        for unit in range(layout.num_units):
            start, stop = layout.unit_groups(unit)
            part = splits[split].take(np.arange(start, stop))
            writer = UnitWriter(
                store=store,
                codec_name="webdataset",
                layout=layout,
                unit=unit,
                candidates=part.candidates,
                canonical=groups.digests[start:stop],
                difficulty=np.full(stop - start, np.nan),
                names=list(tasks)[start:stop],
            )
            for shard in layout.shards_of(unit):
                writer.write(shard, *arc.augment(part, SEED, shard.variants[0], layout.counts(shard)))
            units.append(writer.finish())
    return write_manifest(
        store,
        codec_name="webdataset",
        spec=arc.spec,
        provenance=Provenance(
            name=name, recipe={"task": "arc"}, guarantees={}, generator={"name": "test", "version": "0"}, libraries={}
        ),
        layouts=layouts,
        units=units,
        variant_names=[arc.variant_names(groups.train, list(tasks), SEED, counts)],
    )
