"""The manifest: what a corpus is, how it was made and what its files must be. It is written last, and sealed.

A folder with a manifest is a whole corpus; a folder without one is none. The file is JSON with sorted keys, so equal
manifests are equal bytes, and it holds its own digest (see `json_files`): all that is believed of a corpus hangs on it.
"""

from dataclasses import asdict, dataclass
from typing import Any, Required, TypedDict

from trmpipe.generators.spec import fault_of
from trmpipe.generators.task import PAD, TaskSpec

from .digests import SPLITS, json_digest
from .errors import CorpusError, DamagedError, NoCorpusError
from .fields import Count, Digest, FileName, Positive, Word
from .json_files import MOST_BYTES, check_seal, convert, read_json, seal
from .records import FileRecord, ShardRecord
from .store import Store
from .upgrade import upgraded

MANIFEST = "manifest.json"
FORMAT_VERSION = 3
PROGRESS = ".progress"
"""Folder where a generation that is under way keeps its plan and the records of finished units."""
_SEALED_FROM = 3
_NEWER = ("measures", "alternatives")
"""Fields of a spec that are left out where the task has no such thing."""
_ADVICE = "restore the file, or delete the corpus and generate it again"


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

    groups: Count
    puzzles: Count
    examples: Count
    group_block: Positive
    variant_block: Positive
    sample_groups: Positive
    shards: tuple[ShardRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRecord:
    """A file or set that puzzles were taken from.

    Attributes:
        role: what it was taken for, such as ``"input"``.
        name: its name, without folders.
        bytes: its size.
        sha256: hex SHA-256 of its bytes.
    """

    role: FileName
    name: FileName
    bytes: Count
    sha256: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A whole corpus.

    Attributes:
        name: of the corpus, its folder's by default.
        recipe: the options that it was made with, as JSON.
        recipe_digest: hex SHA-256 of the recipe.
        format: name of the codec.
        spec: what readers must know of the task.
        inputs: the files that puzzles were taken from.
        guarantees: what holds between its groups, as JSON.
        generator: name and version of the program.
        libraries: versions of the libraries that file digests depend on.
        splits: train and test.
        files: all files that belong to no shard, but the manifest.
        content_digest: hex digest of what the corpus says (see `digests`).
        num_identifiers: puzzle identifiers, the blank one included.
    """

    name: FileName
    recipe: dict[str, Any]
    recipe_digest: Digest
    format: Word
    spec: TaskSpec
    inputs: tuple[InputRecord, ...]
    guarantees: dict[str, Any]
    generator: dict[str, Word]
    libraries: dict[str, Word]
    splits: dict[str, SplitManifest]
    files: tuple[FileRecord, ...]
    content_digest: Digest
    num_identifiers: Positive = 1

    def to_bytes(self) -> bytes:
        """The file ``manifest.json``."""
        value = asdict(self)
        for name in _NEWER:
            # So that corpora of tasks without it are as they were before there was such a thing.
            if not value["spec"][name]:
                del value["spec"][name]
        value["spec"] |= {"pad": PAD, "ignore": PAD, "blank_identifier": 0, "seq_len": self.spec.seq_len}
        return seal({**value, "format_version": FORMAT_VERSION})

    def all_files(self) -> list[FileRecord]:
        """Every file that the manifest answers for."""
        shards = [shard for split in SPLITS if split in self.splits for shard in self.splits[split].shards]
        return [*self.files, *(file for shard in shards for file in shard.files)]


class _Recipe(TypedDict, total=False):
    """What of a recipe is shown or looked for by its name; the others are compared or printed as they are."""

    options: dict[Word, Word]
    supplier: Word
    supply: dict[Word, Word]


class _Guarantees(TypedDict, total=False):
    """What holds between groups, and how many candidates were passed over for that."""

    distinct_up_to: Word
    skipped: dict[Word, Count]
    train_twins_of_test: Count


class _Generator(TypedDict, total=False):
    """The program, and the package that brings the task where it is not the program's own."""

    name: Required[Word]
    version: Required[Word]
    package: Word
    package_version: Word


def read_manifest(store: Store, *, earlier: bool = False, name: str = MANIFEST) -> Manifest:
    """The manifest of the corpus at `store`.

    Args:
        store: where it lies.
        earlier: whether one of an earlier format version is taken, which has no digest of itself: only for making the
            corpus again, when its content digest is compared.
        name: of its file, where it was given another one.

    Raises:
        NoCorpusError: there is none.
        DamagedError: a bit of it is changed, or a field is missing or wrong.
        CorpusError: it was written by a newer trmpipe, or by an earlier one.
    """
    if not store.exists(name):
        raise NoCorpusError(why_no_corpus(store))
    where = store.locate(name)
    data = store.read(name, most_bytes=MOST_BYTES)
    value = read_json(data, dict[str, Any], where, _ADVICE)
    version = convert(value.get("format_version"), Positive, f"{where} (format_version)", _ADVICE)
    if version > FORMAT_VERSION:
        raise CorpusError(
            f"{where} has format version {version}, this trmpipe reads up to {FORMAT_VERSION}: "
            "it was written by a newer trmpipe; upgrade trmpipe to read it"
        )
    # A damaged number must not pass for one of the time before manifests were sealed.
    if version >= _SEALED_FROM or "digest" in value:
        check_seal(data, where, _ADVICE)
    elif not earlier:
        raise CorpusError(
            f"{where} has format version {version}, from before manifests held a digest of themselves; "
            f"make the corpus again: `trmpipe regenerate {store.url}`"
        )
    return _from_json(value, version, where)


def _from_json(value: dict[str, Any], version: int, where: str) -> Manifest:
    try:
        manifest = convert(value if version >= _SEALED_FROM else upgraded(value), Manifest, where, _ADVICE)
        _check_spec(manifest.spec)
        _check_splits(manifest)
        _check_facts(manifest, where)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{where} is damaged: {error}; {_ADVICE}") from error
    return manifest


def _check_spec(spec: TaskSpec) -> None:
    """Refuse what no task can be: readers take memory by these numbers, and kernels write by them."""
    if fault := fault_of(spec):
        raise ValueError(f"its spec is wrong: {fault}")
    for word in (spec.name, spec.classes, spec.scoring):
        convert(word, FileName, "a word of its spec", _ADVICE)


def _check_splits(manifest: Manifest) -> None:
    """Refuse numbers and files that do not fit each other."""
    if unknown := set(manifest.splits) - set(SPLITS):
        raise ValueError(f"there is no split {sorted(unknown)[0]!r}, expected {' and '.join(SPLITS)}")
    for name, split in manifest.splits.items():
        if not split.groups <= split.puzzles <= split.examples or split.group_block % split.sample_groups:
            raise ValueError(f"the numbers of groups, puzzles and examples of {name} do not fit each other")
    paths = [file.path for file in manifest.all_files()]
    if len(set(paths)) < len(paths):
        raise ValueError("a file is listed twice")
    if manifest.recipe_digest != json_digest(manifest.recipe):
        raise ValueError("recipe_digest is not that of the recipe")


def _check_facts(manifest: Manifest, where: str) -> None:
    """Refuse what is kept as JSON and is not of the types that those expect who show it."""
    convert(manifest.recipe, _Recipe, f"{where} (recipe)", _ADVICE)
    convert(manifest.guarantees, _Guarantees, f"{where} (guarantees)", _ADVICE)
    convert(manifest.generator, _Generator, f"{where} (generator)", _ADVICE)


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
