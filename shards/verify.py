"""Checking a corpus to the last byte: every file against the manifest, all content against the content digest."""

from dataclasses import dataclass

from .catalog import CATALOG
from .codecs import CODECS
from .corpus import Corpus
from .digests import SPLITS, GroupDigest, content_digest
from .errors import DamagedError
from .identifiers import IDENTIFIERS
from .layout import ShardSpec, SplitLayout
from .manifest import MANIFEST
from .progress import Progress, Silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What `verify` found.

    Attributes:
        num_files: files that were hashed.
        num_puzzles: variants of all groups that were digested.
        content_digest: of what was read, or None where files are damaged.
        problems: one line for every fault; empty for a sound corpus.
    """

    num_files: int
    num_puzzles: int
    content_digest: str | None
    problems: tuple[str, ...]


def verify(corpus: Corpus, progress: Progress | None = None) -> Verification:
    """Hash every file of a corpus, look for strays, and compute all group digests and the content digest anew.

    Args:
        corpus: freshly opened, so that files already read are read again.
        progress: who is told of the files that are hashed and of the puzzles that are digested.
    """
    fresh, listener = Corpus.open(corpus.path), progress or Silent()
    problems = _wrong_files(fresh, listener)
    if problems:
        return Verification(
            num_files=len(fresh.manifest.all_files()),
            num_puzzles=0,
            content_digest=None,
            problems=tuple(problems),
        )
    try:
        problems += _wrong_tables(fresh)
        found, num_puzzles = _digest_groups(fresh, listener, problems)
    except DamagedError as error:
        found, num_puzzles = None, 0
        problems.append(str(error))
    digest = None
    if found is not None:
        digest = content_digest(found)
        problems += _wrong_groups(fresh, found)
        if digest != fresh.manifest.content_digest:
            problems.append(
                f"{fresh.path}: the content digest is {digest}, the manifest says {fresh.manifest.content_digest}"
            )
    return Verification(
        num_files=len(fresh.manifest.all_files()),
        num_puzzles=num_puzzles,
        content_digest=digest,
        problems=tuple(problems),
    )


def _wrong_files(corpus: Corpus, progress: Progress) -> list[str]:
    """Lines on files that are missing, damaged or not in the manifest."""
    problems = []
    records = corpus.manifest.all_files()
    progress.start("hashing files", len(records))
    for record in records:
        try:
            corpus.read_file(record)
        except DamagedError as error:
            problems.append(str(error))
        progress.advance(1)
    progress.finish()
    known = {MANIFEST, *(record.path for record in records)}
    problems += [
        f"{corpus.store.locate(path)} is not in the manifest; delete it"
        for path in corpus.store.list_files()
        if path not in known
    ]
    return problems


def _wrong_tables(corpus: Corpus) -> list[str]:
    """Lines on files beside the shards that are not what their format and the catalog say.

    Raises:
        DamagedError: the catalog or the table of identifiers is not that of the manifest.
    """
    layouts = [corpus.layout(split) for split in SPLITS if split in corpus.manifest.splits]
    codec = CODECS[corpus.manifest.format]
    expected = {path: data for layout in layouts for path, data in codec.metadata(layout).items()}
    tables = {CATALOG, IDENTIFIERS} if corpus.spec.variant_identifiers else {CATALOG}
    corpus.variant_names()
    problems = []
    for record in corpus.manifest.files:
        where = corpus.store.locate(record.path)
        if record.path not in expected.keys() | tables:
            problems.append(f"{where} is in the manifest and belongs to no such corpus; delete it")
        elif record.path in expected and corpus.read_file(record) != expected[record.path]:
            problems.append(f"{where} is not what the catalog says; generate the corpus again")
    listed = {record.path for record in corpus.manifest.files}
    problems += [
        f"{corpus.store.locate(path)} is not in the manifest; generate the corpus again"
        for path in sorted((expected.keys() | tables) - listed)
    ]
    return problems + [line for layout in layouts for line in _wrong_bases(corpus, layout)]


def _wrong_bases(corpus: Corpus, layout: SplitLayout) -> list[str]:
    """A line where the catalog names another file for a group's base than the one that holds it."""
    codec = CODECS[corpus.manifest.format]
    units = [codec.paths(layout, shard)[0] for shard in layout.shards() if not shard.variants[0]]
    bases = corpus.catalog[layout.split].bases if layout.num_groups else ()
    if all(base == units[group // layout.group_block] for group, base in enumerate(bases)):
        return []
    return [
        f"{corpus.store.locate(CATALOG)} names another file for a base of {layout.split}; generate the corpus again"
    ]


def _digest_groups(
    corpus: Corpus, progress: Progress, problems: list[str]
) -> tuple[dict[str, list[bytes]] | None, int]:
    """Digests of the groups of every split, None where a shard is damaged, and how many puzzles they hold.

    Damaged shards are added to `problems`.
    """
    layouts = [corpus.layout(split) for split in SPLITS if split in corpus.manifest.splits]
    found: dict[str, list[bytes]] = {layout.split: [] for layout in layouts}
    num_problems = len(problems)
    progress.start("digesting puzzles", sum(layout.num_puzzles for layout in layouts))
    for layout in layouts:
        for unit in range(layout.num_units):
            shards = layout.shards_of(unit)
            try:
                found[layout.split] += _digest_unit(corpus, layout, shards)
            except DamagedError as error:
                problems.append(str(error))
            progress.advance(sum(int(layout.counts(shard).sum()) for shard in shards))
    progress.finish()
    return None if len(problems) > num_problems else found, sum(layout.num_puzzles for layout in layouts)


def _digest_unit(corpus: Corpus, layout: SplitLayout, shards: list[ShardSpec]) -> list[bytes]:
    """Digests of the groups of one unit."""
    groups = slice(*shards[0].groups)
    running = list(map(GroupDigest, layout.examples[groups].tolist(), layout.first_identifiers[groups].tolist()))
    for shard in shards:
        inputs, labels = corpus.read_shard(layout.split, shard, strict=True)
        row = 0
        for group, count in enumerate(layout.rows(shard).tolist()):
            if count:
                running[group].update(inputs[row : row + count], labels[row : row + count])
            row += count
    return [group.digest() for group in running]


def _wrong_groups(corpus: Corpus, found: dict[str, list[bytes]]) -> list[str]:
    """Lines on groups whose digest is not the catalog's."""
    return [
        f"{corpus.path}: group {group} of {split} has the digest {digest.hex()}, the catalog says {expected.hex()}"
        for split, digests in found.items()
        for group, (digest, expected) in enumerate(zip(digests, _catalog_digests(corpus, split), strict=True))
        if digest != expected
    ]


def _catalog_digests(corpus: Corpus, split: str) -> tuple[bytes, ...]:
    return corpus.catalog[split].digests if split in corpus.catalog else ()
