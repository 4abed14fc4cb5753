"""Writing a corpus: metadata first, then units in any order and from any process, catalog and manifest last."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import PAD, TaskSpec, runs

from .catalog import CATALOG, catalog_bytes
from .codecs import CODECS, Codec, ShardContent
from .digests import SPLITS, GroupDigest, content_digest, json_digest
from .errors import CorpusError
from .identifiers import IDENTIFIERS, identifiers_bytes
from .json_files import MOST_BYTES
from .layout import ShardSpec, SplitLayout
from .manifest import MANIFEST, InputRecord, Manifest, SplitManifest
from .records import FileRecord, ShardRecord, UnitRecord
from .store import Store

TABLES = (CATALOG, IDENTIFIERS)
"""Files of a corpus beside those of its format and the manifest; the second where puzzles have identifiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a corpus comes from: the part of a manifest that its writer cannot see in the data.

    Attributes:
        name: of the corpus.
        recipe: the options that it was made with, as JSON.
        inputs: the files that puzzles were taken from.
        guarantees: what holds between its groups, as JSON.
        generator: name and version of the program.
        libraries: versions of the libraries that file digests depend on.
    """

    name: str
    recipe: dict[str, Any]
    inputs: tuple[InputRecord, ...] = ()
    guarantees: dict[str, Any]
    generator: dict[str, str]
    libraries: dict[str, str]


def write_metadata(store: Store, codec_name: str, layouts: Iterable[SplitLayout]) -> None:
    """Write what a format puts beside its shards; to be done before the first unit.

    Raises:
        CorpusError: there is no such format.
        WriteError: the file system refused.
    """
    for layout in layouts:
        for path, data in CODECS[codec_name].metadata(layout).items():
            store.write(path, data)


class UnitWriter:
    """Writes the shards of one unit, one after the other by rising variants, and digests its groups on the way.

    Each file is committed by itself (see `Store.write`), so a unit that was broken off is simply done again: the same
    bytes take the same names.

    Args:
        store: the corpus.
        codec_name: the format.
        layout: of the split.
        unit: its number, 0 <= unit < layout.num_units.
        candidates: int64 [g], index of each group of the unit in its random stream or input file.
        canonical: uint8 [g, 32], digest of each group's class.
        difficulty: float64 [g], of each base puzzle, NaN where the task has no measure.
        names: of the groups, where they have any.
        measures: float64 [g, M], what `Task.measure` says of each base.
        blank: the token by which a puzzle asks for a cell; None where only a label that differs does.
        alternatives: whether the examples of a puzzle share one input, whose clues then count once.
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
        names: Sequence[str] | None = None,
        measures: NDArray[np.float64] | None = None,
        blank: int | None = None,
        alternatives: bool = False,
    ) -> None:
        self._store = store
        self._codec: Codec = CODECS[codec_name]
        self._layout = layout
        self._unit = unit
        self._candidates = candidates
        self._canonical = canonical
        self._difficulty = difficulty
        self._measures = np.empty((len(candidates), 0)) if measures is None else measures
        self._blank, self._alternatives = blank, alternatives
        self._waiting = layout.shards_of(unit)
        start, stop = layout.unit_groups(unit)
        self._names: Sequence[str | None] = [None] * (stop - start) if names is None else names
        assert len(self._names) == len(candidates) == stop - start
        self._examples = layout.examples[start:stop].tolist()
        self._first_identifiers = layout.first_identifiers[start:stop].tolist()
        self._digests = list(map(GroupDigest, self._examples, self._first_identifiers))
        self._clues: NDArray[np.int64] = np.zeros(stop - start, np.int64)
        self._records: list[ShardRecord] = []

    def write(self, shard: ShardSpec, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> ShardRecord:
        """Write the unit's next shard.

        Args:
            shard: from ``layout.shards_of(unit)``, in that order.
            inputs: uint8 [R, S], of the groups ``shard.groups`` their variants ``shard.variants``, as `Task.augment`
                gives them: by rising group, variant and example.
            labels: uint8 [R, S], likewise.

        Raises:
            WriteError: the file system refused; nothing of the shard is left under its name.
        """
        assert self._waiting, "the unit has no more shards"
        assert shard == self._waiting.pop(0), "shards of a unit are written in order"
        rows = self._layout.rows(shard)
        stops = np.cumsum(rows)
        assert inputs.shape == labels.shape == (stops[-1], self._layout.seq_len)
        if shard.variants[0] == 0:
            self._clues = self._count_clues(inputs, labels, stops - rows)
        content = ShardContent(inputs=inputs, labels=labels, candidates=self._candidates, canonical=self._canonical)
        files = self._write_files(shard, content)
        for digest, start, stop in zip(self._digests, (stops - rows).tolist(), stops.tolist(), strict=True):
            if start < stop:
                digest.update(inputs[start:stop], labels[start:stop])
        record = ShardRecord(
            index=shard.index,
            unit=shard.unit,
            groups=shard.groups,
            variants=shard.variants,
            puzzles=int(self._layout.counts(shard).sum()),
            files=files,
        )
        self._records.append(record)
        return record

    def finish(self) -> UnitRecord:
        """The record of the unit, once all its shards are written."""
        assert not self._waiting, "a shard of the unit is still to be written"
        groups = self._layout.unit_groups(self._unit)
        return UnitRecord(
            split=self._layout.split,  # type: ignore[arg-type]  # a word of `SPLITS`
            unit=self._unit,
            groups=groups,
            variants=tuple(self._layout.variants[slice(*groups)].tolist()),
            examples=tuple(self._examples),
            first_identifiers=tuple(self._first_identifiers),
            names=tuple(self._names),
            candidates=tuple(self._candidates.tolist()),
            clues=tuple(self._clues.tolist()),
            difficulty=tuple(None if math.isnan(value) else value for value in self._difficulty.tolist()),
            canonical=tuple(digest.tobytes().hex() for digest in self._canonical),
            digests=tuple(digest.digest().hex() for digest in self._digests),
            shards=tuple(self._records),
            measures=tuple(tuple(column) for column in self._measures.T.tolist()),
        )

    def _count_clues(
        self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8], starts: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """int64 [g]: clues of each base, all its examples together; `starts` are the first rows of the groups."""
        sizes = np.ones_like(starts) if self._alternatives else np.array(self._examples, np.int64)
        bases = runs(starts, sizes)
        of_examples = count_clues(inputs[bases], labels[bases], self._blank)
        clues: NDArray[np.int64] = np.add.reduceat(of_examples, np.cumsum(sizes) - sizes)
        return clues

    def _write_files(self, shard: ShardSpec, content: ShardContent) -> tuple[FileRecord, ...]:
        paths = self._codec.paths(self._layout, shard)
        records = []
        for path, data in zip(paths, self._codec.encode(self._layout, shard, content), strict=True):
            self._store.write(path, data)
            records.append(FileRecord.of(path, data))
        return tuple(records)


def count_clues(inputs: NDArray[np.uint8], labels: NDArray[np.uint8], blank: int | None = None) -> NDArray[np.int64]:
    """int64 [N]: cells of each input [N, S] that already show its label, neither pad nor the blank that asks."""
    shown = (inputs == labels) & (labels != PAD)
    clues: NDArray[np.int64] = (shown if blank is None else shown & (inputs != blank)).sum(axis=1, dtype=np.int64)
    return clues


def write_manifest(
    store: Store,
    *,
    codec_name: str,
    spec: TaskSpec,
    provenance: Provenance,
    layouts: Mapping[str, SplitLayout],
    units: Iterable[UnitRecord],
    variant_names: Iterable[Sequence[str]] = (),
    check: Callable[[], object] = lambda: None,
) -> Manifest:
    """Write catalog and manifest, which make a corpus of the shards that lie there.

    Args:
        store: the corpus, all of its units written.
        codec_name: the format.
        spec: of the task.
        provenance: where the corpus comes from.
        layouts: of every split.
        units: the records of all units, in any order.
        variant_names: where puzzles have identifiers, the names of all training variants by rising group and variant,
            in portions of any size.
        check: called before the first file is written and again before the manifest; it raises if they may not be.

    Returns:
        The manifest.

    Raises:
        CorpusError: it would be too large to be read.
        WriteError: the file system refused.
    """
    ordered = sorted(units, key=lambda unit: (SPLITS.index(unit.split), unit.unit))
    for split, layout in layouts.items():
        assert sum(unit.split == split for unit in ordered) == layout.num_units, f"a unit of {split} is missing"
    check()
    files = _write_tables(store, spec, layouts, ordered, variant_names)
    for layout in layouts.values():
        files += [FileRecord.of(path, data) for path, data in CODECS[codec_name].metadata(layout).items()]
    manifest = _manifest_of(codec_name, spec, provenance, layouts, ordered, files)
    data = _bytes_of(manifest, store)
    check()
    store.write(MANIFEST, data)
    return manifest


def _bytes_of(manifest: Manifest, store: Store) -> bytes:
    """The file of a manifest, if it is none that no reader takes."""
    data = manifest.to_bytes()
    if len(data) > MOST_BYTES:
        raise CorpusError(
            f"the manifest of {store.url} would have {len(data):,} bytes, expected {MOST_BYTES:,} at most: there are "
            "too many shards; give a larger --shard-groups or --shard-variants"
        )
    return data


def _manifest_of(
    codec_name: str,
    spec: TaskSpec,
    provenance: Provenance,
    layouts: Mapping[str, SplitLayout],
    units: Sequence[UnitRecord],
    files: Sequence[FileRecord],
) -> Manifest:
    """The manifest of units given split by split and in order, and of the files beside their shards."""
    digests = {split: [bytes.fromhex(d) for u in units if u.split == split for d in u.digests] for split in SPLITS}
    return Manifest(
        name=provenance.name,
        recipe=provenance.recipe,
        recipe_digest=json_digest(provenance.recipe),
        format=codec_name,
        spec=spec,
        inputs=provenance.inputs,
        guarantees=provenance.guarantees,
        generator=provenance.generator,
        libraries=provenance.libraries,
        splits={split: _split_manifest(layout, units) for split, layout in layouts.items()},
        files=tuple(sorted(files, key=lambda file: file.path)),
        content_digest=content_digest(digests),
        num_identifiers=1 + (layouts["train"].num_puzzles if spec.variant_identifiers else 0),
    )


def _write_tables(
    store: Store,
    spec: TaskSpec,
    layouts: Mapping[str, SplitLayout],
    units: Sequence[UnitRecord],
    variant_names: Iterable[Sequence[str]],
) -> list[FileRecord]:
    """Write the catalog and, where puzzles have identifiers, the table of their names."""
    tables = {CATALOG: catalog_bytes(units, spec.measures)}
    if spec.variant_identifiers:
        tables[IDENTIFIERS] = identifiers_bytes(layouts["train"], variant_names)
    for path, data in tables.items():
        store.write(path, data)
    return [FileRecord.of(path, data) for path, data in tables.items()]


def _split_manifest(layout: SplitLayout, units: Iterable[UnitRecord]) -> SplitManifest:
    shards = [shard for unit in units if unit.split == layout.split for shard in unit.shards]
    return SplitManifest(
        groups=layout.num_groups,
        puzzles=layout.num_puzzles,
        examples=layout.num_examples,
        group_block=layout.group_block,
        variant_block=layout.variant_block,
        sample_groups=layout.sample_groups,
        shards=tuple(sorted(shards, key=lambda shard: shard.index)),
    )
