"""The manifest: what a corpus is, how it was made and what its files must be. It is written last.

A folder with a manifest is a whole corpus; a folder without one is none. The file is JSON with sorted keys, so equal
manifests are equal bytes.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from trmpipe.generators.task import PAD, TaskSpec

from .digests import SPLITS, canonical_json
from .errors import CorpusError, DamagedError, NoCorpusError
from .records import FileRecord, ShardRecord
from .store import Store
from .upgrade import upgraded

MANIFEST = "manifest.json"
FORMAT_VERSION = 2
PROGRESS = ".progress"
"""Folder where a generation that is under way keeps its plan and the records of finished units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitManifest:
    """One split.

    Attributes:
        groups: number of groups.
        puzzles: number of variants of all groups.
        examples: number of (input, label) pairs.
        group_block: groups of a shard.
        variant_block: variants of a shard.
        sample_groups: groups of a sample or chunk.
        shards: all shards in reading order.
    """

    groups: int
    puzzles: int
    examples: int
    group_block: int
    variant_block: int
    sample_groups: int
    shards: tuple[ShardRecord, ...]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "SplitManifest":
        """The split that `dataclasses.asdict` and JSON made `value` of."""
        shards = tuple(ShardRecord.from_json(shard) for shard in value["shards"])
        return cls(**{**value, "shards": shards})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A whole corpus.

    Attributes:
        name: of the corpus, its folder's by default.
        recipe: the options that it was made with, as JSON.
        recipe_digest: hex SHA-256 of the recipe.
        format: name of the codec.
        spec: what readers must know of the task.
        inputs: the files that puzzles were taken from: role, name, bytes, sha256.
        guarantees: what holds between its groups, as JSON.
        generator: name and version of the program.
        libraries: versions of the libraries that file digests depend on.
        splits: train and test.
        files: all files that belong to no shard, but the manifest.
        content_digest: hex digest of what the corpus says (see `digests`).
        num_identifiers: puzzle identifiers, the blank one included.
    """

    name: str
    recipe: dict[str, Any]
    recipe_digest: str
    format: str
    spec: TaskSpec
    inputs: tuple[dict[str, Any], ...]
    guarantees: dict[str, Any]
    generator: dict[str, str]
    libraries: dict[str, str]
    splits: dict[str, SplitManifest]
    files: tuple[FileRecord, ...]
    content_digest: str
    num_identifiers: int = 1

    def to_bytes(self) -> bytes:
        """The file ``manifest.json``."""
        value = asdict(self)
        value["spec"] |= {"pad": PAD, "ignore": PAD, "blank_identifier": 0, "seq_len": self.spec.seq_len}
        return canonical_json({**value, "format_version": FORMAT_VERSION})

    def all_files(self) -> list[FileRecord]:
        """Every file that the manifest answers for."""
        shards = [shard for split in SPLITS if split in self.splits for shard in self.splits[split].shards]
        return [*self.files, *(file for shard in shards for file in shard.files)]


def read_manifest(store: Store) -> Manifest:
    """The manifest of the corpus at `store`.

    Raises:
        NoCorpusError: there is none.
        DamagedError: it is not JSON, or a field is missing or wrong.
        CorpusError: it was written by a newer trmpipe.
    """
    if not store.exists(MANIFEST):
        raise NoCorpusError(why_no_corpus(store))
    where = store.locate(MANIFEST)
    try:
        value = json.loads(store.read(MANIFEST))
        version = int(value["format_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{where} is damaged: {_one_line(error)}; generate the corpus again") from error
    if version > FORMAT_VERSION:
        raise CorpusError(
            f"{where} has format version {version}, this trmpipe reads up to {FORMAT_VERSION}: "
            "it was written by a newer trmpipe; upgrade trmpipe to read it"
        )
    try:
        return _from_json(upgraded(value))
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"{where} is damaged: {_one_line(error)}; generate the corpus again") from error


def _from_json(value: dict[str, Any]) -> Manifest:
    spec = value["spec"]
    return Manifest(
        name=value["name"],
        recipe=value["recipe"],
        recipe_digest=value["recipe_digest"],
        format=value["format"],
        spec=_spec_from_json(spec),
        inputs=tuple(value["inputs"]),
        guarantees=value["guarantees"],
        generator=value["generator"],
        libraries=value["libraries"],
        splits={name: SplitManifest.from_json(split) for name, split in value["splits"].items()},
        files=tuple(FileRecord(**file) for file in value["files"]),
        content_digest=value["content_digest"],
        num_identifiers=int(value.get("num_identifiers", 1)),
    )


def _spec_from_json(value: dict[str, Any]) -> TaskSpec:
    return TaskSpec(
        name=value["name"],
        vocabulary=value["vocabulary"],
        grid_shape=(int(value["grid_shape"][0]), int(value["grid_shape"][1])),
        num_symmetries=int(value["num_symmetries"]),
        classes=_word(value["classes"]),
        scoring=_word(value["scoring"]),
        named_groups=bool(value["named_groups"]),
        variant_identifiers=bool(value["variant_identifiers"]),
        test_variants=bool(value["test_variants"]),
        test_groups_train=bool(value["test_groups_train"]),
        compressed=bool(value["compressed"]),
    )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no word")
    return value


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__} {' '.join(str(error).split())}"


def why_no_corpus(store: Store) -> str:
    """One line on what lies at `store` instead of a corpus."""
    if not store.exists():
        return f"{store.url} is no corpus: there is no such folder; give a folder that `trmpipe generate` wrote"
    for name in ("", *store.list_folder()):
        if store.exists(f"{name}/{PROGRESS}".lstrip("/")):
            return (
                f"{store.locate(name)} is an unfinished corpus: it holds no {MANIFEST} yet; "
                "run the same `trmpipe generate` command again to complete it"
            )
    return f"{store.url} is no corpus: it holds no {MANIFEST}; give a folder that `trmpipe generate` wrote"
