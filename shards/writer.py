"""Writing a corpus: metadata first, then units in any order and from any process, catalog and manifest last."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import PAD, TaskSpec

from .catalog import CATALOG, catalog_bytes
from .codecs import Block, Codec, get_codec
from .digests import SPLITS, GroupDigest, content_digest, json_digest
from .layout import ShardSpec, SplitLayout
from .manifest import MANIFEST, Manifest, SplitManifest
from .records import FileRecord, ShardRecord, UnitRecord
from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a corpus comes from: the part of a manifest that its writer cannot see in the data.

    Attributes:
        name: of the corpus.
        recipe: the options that it was made with, as JSON.
        inputs: the files that puzzles were taken from: role, name, bytes, sha256.
        guarantees: what holds between its groups, as JSON.
        generator: name and version of the program.
        libraries: versions of the libraries that file digests depend on.
    """

    name: str
    recipe: dict[str, Any]
    inputs: tuple[dict[str, Any], ...] = ()
    guarantees: dict[str, Any]
    generator: dict[str, str]
    libraries: dict[str, str]


def write_metadata(store: Store, codec_name: str, layouts: Iterable[SplitLayout]) -> None:
    """Write what a format puts beside its shards; to be done before the first unit.

    Raises:
        WriteError: the file system refused.
    """
    for layout in layouts:
        for path, data in get_codec(codec_name).metadata(layout).items():
            store.write(path, data)


class UnitWriter:
    """Writes the shards of one unit, one after the other by rising variants, and digests its groups on the way.

    Each file is committed by itself (see `Store.write`), so a unit that was broken off is simply done again: the same
    bytes take the same names.

    Args:
        store: the corpus.
        codec_name: the format.
        layout: of the split.
        unit: the block of groups, 0 <= unit < layout.num_units.
        candidates: int64 [g], index of each group of the unit in its random stream or input file.
        canonical: uint8 [g, 32], digest of each group's class.
        difficulty: float64 [g], of each base puzzle, NaN where the task has no measure.
    """

    def __init__(
        self,
        *,
        store: Store,
        codec_name: str,
        layout: SplitLayout,
        unit: int,
        candidates: NDArray[np.int64],
        canonical: NDArray[np.uint8],
        difficulty: NDArray[np.float64],
    ) -> None:
        self._store = store
        self._codec: Codec = get_codec(codec_name)
        self._layout = layout
        self._unit = unit
        self._candidates = candidates
        self._canonical = canonical
        self._difficulty = difficulty
        self._waiting = layout.shards_of(unit)
        start, stop = layout.unit_groups(unit)
        self._digests = [GroupDigest() for _ in range(start, stop)]
        self._clues: NDArray[np.int64] = np.zeros(stop - start, np.int64)
        self._records: list[ShardRecord] = []

    def write(self, shard: ShardSpec, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> ShardRecord:
        """Write the unit's next shard.

        Args:
            shard: from ``layout.shards_of(unit)``, in that order.
            inputs: uint8 [g, K, S], variants ``shard.variants`` of groups ``shard.groups``; what lies beyond a group's
                last variant is ignored.
            labels: uint8 [g, K, S], likewise.

        Raises:
            WriteError: the file system refused; nothing of the shard is left under its name.
        """
        assert self._waiting, "the unit has no more shards"
        assert shard == self._waiting.pop(0), "shards of a unit are written in order"
        counts = self._layout.counts(shard)
        assert (
            inputs.shape == labels.shape == (len(counts), shard.variants[1] - shard.variants[0], self._layout.seq_len)
        )
        if shard.variants[0] == 0:
            self._clues = count_clues(inputs[:, 0], labels[:, 0])
        block = Block(inputs=inputs, labels=labels, candidates=self._candidates, canonical=self._canonical)
        files = self._write_files(shard, block)
        for group, count in enumerate(counts.tolist()):
            if count:
                self._digests[group].update(inputs[group, :count], labels[group, :count])
        record = ShardRecord(
            index=shard.index,
            unit=shard.unit,
            groups=shard.groups,
            variants=shard.variants,
            puzzles=int(counts.sum()),
            files=files,
        )
        self._records.append(record)
        return record

    def finish(self) -> UnitRecord:
        """The record of the unit, once all its shards are written."""
        assert not self._waiting, "a shard of the unit is still to be written"
        groups = self._layout.unit_groups(self._unit)
        return UnitRecord(
            split=self._layout.split,
            unit=self._unit,
            groups=groups,
            variants=tuple(self._layout.variants[slice(*groups)].tolist()),
            candidates=tuple(self._candidates.tolist()),
            clues=tuple(self._clues.tolist()),
            difficulty=tuple(None if math.isnan(value) else value for value in self._difficulty.tolist()),
            canonical=tuple(digest.tobytes().hex() for digest in self._canonical),
            digests=tuple(digest.digest().hex() for digest in self._digests),
            shards=tuple(self._records),
        )

    def _write_files(self, shard: ShardSpec, block: Block) -> tuple[FileRecord, ...]:
        paths = self._codec.paths(self._layout, shard)
        records = []
        for path, data in zip(paths, self._codec.encode(self._layout, shard, block), strict=True):
            self._store.write(path, data)
            records.append(FileRecord.of(path, data))
        return tuple(records)


def count_clues(inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """int64 [N]: cells of each input [N, S] that already show its label, pad cells not counted."""
    clues: NDArray[np.int64] = ((inputs == labels) & (labels != PAD)).sum(axis=1, dtype=np.int64)
    return clues


def write_manifest(
    store: Store,
    *,
    codec_name: str,
    spec: TaskSpec,
    provenance: Provenance,
    layouts: Mapping[str, SplitLayout],
    units: Iterable[UnitRecord],
) -> Manifest:
    """Write catalog and manifest, which make a corpus of the shards that lie there.

    Args:
        store: the corpus, all of its units written.
        codec_name: the format.
        spec: of the task.
        provenance: where the corpus comes from.
        layouts: of every split.
        units: the records of all units, in any order.

    Returns:
        The manifest.

    Raises:
        WriteError: the file system refused.
    """
    ordered = sorted(units, key=lambda unit: (SPLITS.index(unit.split), unit.unit))
    for split, layout in layouts.items():
        assert sum(unit.split == split for unit in ordered) == layout.num_units, f"a unit of {split} is missing"
    catalog = catalog_bytes(ordered)
    store.write(CATALOG, catalog)
    files = [FileRecord.of(CATALOG, catalog)]
    for layout in layouts.values():
        metadata = get_codec(codec_name).metadata(layout)
        files += [FileRecord.of(path, data) for path, data in metadata.items()]
    digests = {split: [bytes.fromhex(d) for u in ordered if u.split == split for d in u.digests] for split in SPLITS}
    manifest = Manifest(
        name=provenance.name,
        recipe=provenance.recipe,
        recipe_digest=json_digest(provenance.recipe),
        format=codec_name,
        spec=spec,
        inputs=provenance.inputs,
        guarantees=provenance.guarantees,
        generator=provenance.generator,
        libraries=provenance.libraries,
        splits={split: _split_manifest(layout, ordered) for split, layout in layouts.items()},
        files=tuple(sorted(files, key=lambda file: file.path)),
        content_digest=content_digest(digests),
    )
    store.write(MANIFEST, manifest.to_bytes())
    return manifest


def _split_manifest(layout: SplitLayout, units: Iterable[UnitRecord]) -> SplitManifest:
    shards = [shard for unit in units if unit.split == layout.split for shard in unit.shards]
    return SplitManifest(
        groups=layout.num_groups,
        puzzles=layout.num_puzzles,
        examples=layout.num_puzzles,
        group_block=layout.group_block,
        variant_block=layout.variant_block,
        sample_groups=layout.sample_groups,
        shards=tuple(sorted(shards, key=lambda shard: shard.index)),
    )
