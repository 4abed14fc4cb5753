"""What is written down about files, shards and units: small frozen records that go through JSON unchanged.

The types of their fields say what is allowed in a file; `json_files` refuses all else where it reads them.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from .digests import sha256_hex
from .fields import Count, Digest, FileSize, Positive, RelativePath, Word

Range = tuple[Count, Count]
"""First and the one after the last."""

Rating = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of a corpus.

    Attributes:
        path: relative to the corpus, with ``/``.
        size_bytes: its size.
        sha256: hex SHA-256 of its bytes.
    """

    path: RelativePath
    size_bytes: FileSize
    sha256: Digest

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

    index: Count
    unit: Count
    groups: Range
    variants: Range
    puzzles: Positive
    files: tuple[FileRecord, ...]


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
        measures: what the task says of each base puzzle besides, in the order of ``TaskSpec.measures``.
    """

    split: Literal["train", "test"]
    unit: Count
    groups: Range
    variants: tuple[Positive, ...]
    examples: tuple[Positive, ...]
    first_identifiers: tuple[Count, ...]
    names: tuple[Word | None, ...]
    candidates: tuple[Count, ...]
    clues: tuple[Count, ...]
    difficulty: tuple[Rating | None, ...]
    canonical: tuple[Digest, ...]
    digests: tuple[Digest, ...]
    shards: tuple[ShardRecord, ...]
    measures: tuple[tuple[Rating, ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """A value for `json.dumps`."""
        return asdict(self)
