"""Records of finished units, by which a generation that was broken off goes on.

A record is sealed and names the plan that its unit was made by. It is believed only if the seal holds, the plan is the
present one, all that the plan and the layout know is as they say, and its files have the sizes that it names; else its
unit is made again. The content of the files is not looked at: a bit that changes in a shard between two runs of a
command is found by ``trmpipe verify``, not by the second run, since the manifest takes over the digest that was taken
when the shard was written. Hashing takes about a second a gigabyte, more than all else that a resume does first.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trmpipe.shards import (
    CODECS,
    PROGRESS,
    DamagedError,
    FileRecord,
    ShardRecord,
    ShardSpec,
    SplitLayout,
    Store,
    UnitRecord,
)
from trmpipe.shards.fields import Digest
from trmpipe.shards.json_files import MOST_BYTES, read_sealed, seal

from .resume import SavedPlan
from .split_plan import SplitPlan

_DAMAGED = "the record is damaged"
_OTHER_PLAN = "the record is of another plan"
_DIFFERENT = "the record does not fit the plan"
_SIZES = "a file is missing or cut off"

_GROUP_BYTES = 512
"""What a record says of a group takes no more, beside its name and its measures: six numbers and two digests."""
_MEASURE_BYTES = 64
_LETTER_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What the file of a record holds: the plan's digest, and the record."""

    plan: Digest
    record: UnitRecord


def keep_record(store: Store, record: UnitRecord, plan_digest: str) -> None:
    """Note that a unit of a plan is finished.

    Raises:
        WriteError: the file system refused.
    """
    store.write(_path_of(record.split, record.unit), seal({"plan": plan_digest, "record": record.to_json()}))


def finished_units(
    store: Store, format_name: str, saved: SavedPlan, layouts: Mapping[str, SplitLayout], num_measures: int
) -> tuple[list[UnitRecord], dict[str, int]]:
    """Records of the units whose shards are all there.

    Args:
        store: the corpus.
        format_name: of its shards.
        saved: the plan that they have to be made by.
        layouts: of its splits.
        num_measures: of the task.

    Returns:
        The records, and how many others do not count, by reason.
    """
    names = set(store.list_files())
    found, reasons = [], Counter[str]()
    for split, layout in layouts.items():
        planned = _Planned(layout, saved.plan.splits[split], format_name, num_measures)
        for unit in range(layout.num_units):
            if _path_of(split, unit) not in names:
                continue
            try:
                record = _read_record(store, _path_of(split, unit), saved.digest, planned.most_bytes(unit))
                _check(record, planned.record(unit, record), store)
            except DamagedError as error:
                reasons[str(error)] += 1
            else:
                found.append(record)
    return found, dict(reasons)


def _read_record(store: Store, path: str, plan_digest: str, most_bytes: int) -> UnitRecord:
    try:
        kept = read_sealed(store.read(path, most_bytes=most_bytes), _Kept, path, "it is made again", most_bytes)
    except DamagedError as error:
        raise DamagedError(_DAMAGED) from error
    if kept.plan != plan_digest:
        raise DamagedError(_OTHER_PLAN)
    return kept.record


def _check(record: UnitRecord, planned: UnitRecord, store: Store) -> None:
    if record != planned:
        raise DamagedError(_DIFFERENT)
    files = (file for shard in record.shards for file in shard.files)
    if any(store.size_bytes(file.path) != file.size_bytes for file in files):
        raise DamagedError(_SIZES)


class _Planned:
    """What the records of a split have to say; its columns are made for all units at once, which is faster.

    Args:
        layout: of the split.
        part: its plan.
        format_name: of the shards.
        num_measures: of the task.
    """

    def __init__(self, layout: SplitLayout, part: SplitPlan, format_name: str, num_measures: int) -> None:
        self._layout, self._codec, self._num_measures = layout, CODECS[format_name], num_measures
        self._columns: dict[str, Sequence[Any]] = {
            "variants": part.variants.tolist(),
            "examples": part.groups.sizes.tolist(),
            "first_identifiers": layout.first_identifiers.tolist(),
            "names": part.names or (None,) * layout.num_groups,
            "candidates": part.groups.candidates.tolist(),
            "difficulty": [None if math.isnan(value) else value for value in part.ratings.tolist()],
            "canonical": [digest.tobytes().hex() for digest in part.digests],
        }
        self._shards: dict[int, list[ShardSpec]] = defaultdict(list)
        for shard in layout.shards():
            self._shards[shard.unit].append(shard)

    def most_bytes(self, unit: int) -> int:
        """What the file of a unit's record has at most: as many shards as fit a manifest, and its groups."""
        start, stop = self._layout.unit_groups(unit)
        letters = sum(len(name or "") for name in self._columns["names"][start:stop])
        of_groups = (stop - start) * (_GROUP_BYTES + _MEASURE_BYTES * self._num_measures)
        return MOST_BYTES + of_groups + _LETTER_BYTES * letters

    def record(self, unit: int, found: UnitRecord) -> UnitRecord:
        """The record that a unit has to have: `found` is asked for what its maker alone could know.

        Raises:
            DamagedError: it does not say so much of that as there is.
        """
        start, stop = groups = self._layout.unit_groups(unit)
        shards = self._shards[unit]
        lengths = {len(found.clues), len(found.digests), *map(len, found.measures)}
        if len(found.shards) != len(shards) or lengths != {stop - start} or len(found.measures) != self._num_measures:
            raise DamagedError(_DIFFERENT)
        columns = {name: tuple(column[start:stop]) for name, column in self._columns.items()}
        return UnitRecord(
            split=self._layout.split,  # type: ignore[arg-type]  # a word of `SPLITS`
            unit=unit,
            groups=groups,
            clues=found.clues,
            measures=found.measures,
            digests=found.digests,
            shards=tuple(map(self._shard, found.shards, shards)),
            **columns,
        )

    def _shard(self, found: ShardRecord, shard: ShardSpec) -> ShardRecord:
        paths = self._codec.paths(self._layout, shard)
        if len(found.files) != len(paths):
            raise DamagedError(_DIFFERENT)
        first, stop = shard.variants
        counts = self._columns["variants"][slice(*shard.groups)]
        return ShardRecord(
            index=shard.index,
            unit=shard.unit,
            groups=shard.groups,
            variants=shard.variants,
            puzzles=sum(max(0, min(count, stop) - first) for count in counts),
            files=tuple(
                FileRecord(path=path, size_bytes=file.size_bytes, sha256=file.sha256)
                for file, path in zip(found.files, paths, strict=True)
            ),
        )


def _path_of(split: str, unit: int) -> str:
    return f"{PROGRESS}/{split}-{unit:06d}.json"
