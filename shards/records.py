"""What is written down about files, shards and units: small frozen records that go through JSON unchanged."""

from dataclasses import asdict, dataclass
from typing import Any

from .digests import sha256_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of a corpus.

    Attributes:
        path: relative to the corpus, with ``/``.
        size_bytes: its size.
        sha256: hex SHA-256 of its bytes.
    """

    path: str
    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, path: str, data: bytes) -> "FileRecord":
        """The record of a file with these bytes."""
        return cls(path=path, size_bytes=len(data), sha256=sha256_hex(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRecord:
    """One shard.

    Attributes:
        index: place in the reading order of its split.
        unit: number of the unit that it belongs to.
        groups: first group and the one after the last.
        variants: first variant and the one after the last.
        puzzles: variants of all its groups together.
        files: the files that it consists of.
    """

    index: int
    unit: int
    groups: tuple[int, int]
    variants: tuple[int, int]
    puzzles: int
    files: tuple[FileRecord, ...]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "ShardRecord":
        """The record that `dataclasses.asdict` and JSON made `value` of."""
        return cls(
            index=value["index"],
            unit=value["unit"],
            groups=_pair(value["groups"]),
            variants=_pair(value["variants"]),
            puzzles=value["puzzles"],
            files=tuple(FileRecord(**file) for file in value["files"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRecord:
    """One finished unit: all that the catalog and the manifest say about its groups and shards.

    Attributes:
        split: ``"train"`` or ``"test"``.
        unit: its number, which is that of its block of groups.
        groups: first group and the one after the last.
        variants: number of variants of each group.
        examples: number of examples of each puzzle of a group.
        first_identifiers: puzzle identifier of each group's base, 0 where puzzles have none.
        names: of each group, None where groups have none.
        candidates: index of each group in its random stream or input file.
        clues: cells of each base puzzle that already show the answer.
        difficulty: of each base puzzle, 0 or more; None where the task has no measure.
        canonical: hex digest of each group's class.
        digests: hex digest of each group's content.
        shards: the shards, by rising variants.
    """

    split: str
    unit: int
    groups: tuple[int, int]
    variants: tuple[int, ...]
    examples: tuple[int, ...]
    first_identifiers: tuple[int, ...]
    names: tuple[str | None, ...]
    candidates: tuple[int, ...]
    clues: tuple[int, ...]
    difficulty: tuple[float | None, ...]
    canonical: tuple[str, ...]
    digests: tuple[str, ...]
    shards: tuple[ShardRecord, ...]

    def to_json(self) -> dict[str, Any]:
        """A value for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "UnitRecord":
        """The record that `to_json` made `value` of."""
        return cls(
            split=value["split"],
            unit=value["unit"],
            groups=_pair(value["groups"]),
            variants=tuple(value["variants"]),
            examples=tuple(value["examples"]),
            first_identifiers=tuple(value["first_identifiers"]),
            names=tuple(value["names"]),
            candidates=tuple(value["candidates"]),
            clues=tuple(value["clues"]),
            difficulty=tuple(value["difficulty"]),
            canonical=tuple(value["canonical"]),
            digests=tuple(value["digests"]),
            shards=tuple(ShardRecord.from_json(shard) for shard in value["shards"]),
        )


def _pair(value: Any) -> tuple[int, int]:
    first, second = value
    return int(first), int(second)
