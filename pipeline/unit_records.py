"""Records of finished units, by which a generation that was broken off goes on.

A record is sealed and names the plan that its unit was made by. It is believed only if the seal holds, the plan is the
present one, all that the plan and the layout know is as they say, and its files have the sizes that it names; else its
unit is made again. What is not looked at is the content of the files: a bit that changes in a shard between two runs of
a command is found by ``trmpipe verify``, not by the second run, since the manifest takes over the digest that was taken
when the shard was written. To hash them would take a resume about as long as the shards take to be read.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trmpipe.shards import CODECS, PROGRESS, DamagedError, ShardRecord, ShardSpec, SplitLayout, Store, UnitRecord
from trmpipe.shards.fields import Digest
from trmpipe.shards.json_files import MOST_BYTES, read_sealed, seal

from .resume import SavedPlan
from .split_plan import SplitPlan

_DAMAGED = "the record is damaged"
_OTHER_PLAN = "the record is of another plan"
_DIFFERENT = "the record does not fit the plan"
_SIZES = "a file is missing or cut off"


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
    store: Store, format_name: str, saved: SavedPlan, layouts: Mapping[str, SplitLayout]
) -> tuple[list[UnitRecord], dict[str, int]]:
    """Records of the units whose shards are all there.

    Args:
        store: the corpus.
        format_name: of its shards.
        saved: the plan that they have to be made by.
        layouts: of its splits.

    Returns:
        The records, and how many others do not count, by reason.
    """
    names = set(store.list_files())
    found, reasons = [], Counter[str]()
    for split, layout in layouts.items():
        shards = defaultdict(list)
        for shard in layout.shards():
            shards[shard.unit].append(shard)
        for unit in range(layout.num_units):
            if _path_of(split, unit) not in names:
                continue
            try:
                record = _read_record(store, _path_of(split, unit), saved.digest)
                planned = _planned(record, unit, shards[unit], layout, saved.plan.splits[split], format_name)
                _check(record, planned, store)
            except DamagedError as error:
                reasons[str(error)] += 1
            else:
                found.append(record)
    return found, dict(reasons)


def _read_record(store: Store, path: str, plan_digest: str) -> UnitRecord:
    try:
        kept = read_sealed(store.read(path, most_bytes=MOST_BYTES), _Kept, path, "it is made again")
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


def _planned(
    record: UnitRecord, unit: int, shards: list[ShardSpec], layout: SplitLayout, part: SplitPlan, format_name: str
) -> UnitRecord:
    """The record that a unit has to have: by plan and layout, and by `record` in what only its maker could know.

    Args:
        record: what was found.
        unit: its number.
        shards: of the unit.
        layout: of the split.
        part: the plan of the split.
        format_name: of the shards.
    """
    start, stop = groups = layout.unit_groups(unit)
    count = stop - start
    if len(record.shards) != len(shards) or {len(record.clues), len(record.digests)} != {count}:
        raise DamagedError(_DIFFERENT)
    part = part.take(slice(start, stop))
    return UnitRecord(
        split=layout.split,  # type: ignore[arg-type]  # a word of `SPLITS`
        unit=unit,
        groups=groups,
        variants=tuple(part.variants.tolist()),
        examples=tuple(part.groups.sizes.tolist()),
        first_identifiers=tuple(layout.first_identifiers[start:stop].tolist()),
        names=part.names or (None,) * count,
        candidates=tuple(part.groups.candidates.tolist()),
        clues=record.clues,
        difficulty=tuple(None if math.isnan(value) else value for value in part.ratings.tolist()),
        canonical=tuple(digest.tobytes().hex() for digest in part.digests),
        digests=record.digests,
        shards=tuple(
            _planned_shard(found, shard, layout, format_name)
            for found, shard in zip(record.shards, shards, strict=True)
        ),
    )


def _planned_shard(record: ShardRecord, shard: ShardSpec, layout: SplitLayout, format_name: str) -> ShardRecord:
    paths = CODECS[format_name].paths(layout, shard)
    if len(record.files) != len(paths):
        raise DamagedError(_DIFFERENT)
    return ShardRecord(
        index=shard.index,
        unit=shard.unit,
        groups=shard.groups,
        variants=shard.variants,
        puzzles=int(layout.counts(shard).sum()),
        files=tuple(replace(file, path=path) for file, path in zip(record.files, paths, strict=True)),
    )


def _path_of(split: str, unit: int) -> str:
    return f"{PROGRESS}/{split}-{unit:06d}.json"
