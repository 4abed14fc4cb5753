"""A corpus opened for reading: its manifest, its catalog, and rows of its shards, checked when first read.

`Corpus.rows` is the seam at which rows are read; the shards of a stream are read by `Corpus.read_shard`, since their
rows go to places of a table and need no bookkeeping.
"""

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Rows, TaskSpec

from .catalog import CATALOG, SplitCatalog, read_catalog
from .codecs import CODECS
from .codecs.webdataset import WebDatasetCodec
from .digests import sha256_hex
from .errors import CorpusError, DamagedError, NoCorpusError
from .examples import Examples
from .for_webdataset import webdataset_pipeline
from .identifiers import BLANK_NAME, IDENTIFIERS, read_names
from .layout import ShardSpec, SplitLayout
from .manifest import MANIFEST, Manifest, SplitManifest, read_manifest, why_no_corpus
from .records import FileRecord
from .store import Store


class Corpus:
    """One finished corpus; `Corpus.open` makes it.

    Attributes:
        store: its files.
        manifest: what it is.
    """

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self.store = store
        self.manifest = manifest
        self._codec = CODECS[manifest.format]
        self._checked: set[str] = set()
        self._layouts: dict[str, SplitLayout] = {}
        self._files = {file.path: file for file in manifest.all_files()}

    @classmethod
    def open(cls, url: str | os.PathLike[str]) -> "Corpus":
        """Open the corpus in a folder or at an fsspec URL; only the manifest is read.

        Raises:
            NoCorpusError: there is none.
            CorpusError: it is damaged or from a newer trmpipe.
        """
        store = Store(url)
        return cls(store, read_manifest(store))

    def __repr__(self) -> str:
        return f"Corpus({self.path!r})"

    @property
    def path(self) -> str:
        """Folder or URL."""
        return self.store.url

    @property
    def name(self) -> str:
        """The name in the manifest."""
        return self.manifest.name

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know of the task; the task's code is not needed."""
        return self.manifest.spec

    @cached_property
    def catalog(self) -> dict[str, SplitCatalog]:
        """Groups of every split, read on first use.

        Raises:
            DamagedError: the catalog is missing, cut off or changed, or lacks groups.
        """
        found = read_catalog(self.read_file(self._files[CATALOG]))
        for split, about in self.manifest.splits.items():
            if about.groups and len(found.get(split, ())) != about.groups:
                raise DamagedError(f"{self.store.locate(CATALOG)} lacks groups of {split}; generate the corpus again")
        return found

    @property
    def num_identifiers(self) -> int:
        """Puzzle identifiers, the blank one included."""
        return self.manifest.num_identifiers

    def variant_names(self) -> list[str]:
        """The names of all training variants, by puzzle identifier; the blank one's first.

        Raises:
            DamagedError: the file that holds them is missing, cut off or changed.
        """
        return read_names(self.read_file(self._files[IDENTIFIERS])) if self.spec.variant_identifiers else [BLANK_NAME]

    def num_groups(self, split: str) -> int:
        """Groups of a split, 0 where there is no such split."""
        return self.manifest.splits[split].groups if split in self.manifest.splits else 0

    def layout(self, split: str) -> SplitLayout:
        """How a split is cut into shards.

        Raises:
            CorpusError: there is no such split.
            DamagedError: the catalog is missing, cut off or changed.
        """
        if split not in self._layouts:
            self._layouts[split] = self._make_layout(split, self._split(split))
        return self._layouts[split]

    def read_file(self, record: FileRecord) -> bytes:
        """The bytes of one file; size and, on its first read, SHA-256 must be as in the manifest.

        Raises:
            DamagedError: the file is missing, cut off or changed.
        """
        data = self.store.read(record.path, size_bytes=record.size_bytes)
        if record.path not in self._checked:
            if sha256_hex(data) != record.sha256:
                # What it is instead is not told: a foreign manifest may lead to a file that is not the corpus's.
                raise DamagedError(
                    f"{self.store.locate(record.path)} is damaged: its SHA-256 is not the one in the manifest "
                    f"({record.sha256}); delete the corpus and generate it again"
                )
            self._checked.add(record.path)
        return data

    def read_shard(self, split: str, shard: ShardSpec) -> Rows:
        """All rows of one shard, inputs and labels, by rising group, variant and example.

        Raises:
            DamagedError: a file of it is missing, cut off or changed.
        """
        layout = self.layout(split)
        files = [self.read_file(self._files[path]) for path in self._codec.paths(layout, shard)]
        inputs, labels = self._codec.decode(layout, shard, files)
        num_rows = int(layout.rows(shard).sum())
        if not len(inputs) == len(labels) == num_rows:
            raise DamagedError(
                f"{self.path}: shard {shard.index} of {split} holds {len(inputs)} rows, expected {num_rows}; "
                "delete the corpus and generate it again"
            )
        return inputs, labels

    def rows(self, split: str, *, num_groups: int | None = None, num_variants: int | None = None) -> Iterator[Examples]:
        """The examples of a split, shard by shard in their reading order; shards without a wanted one are not opened.

        Args:
            split: ``"train"`` or ``"test"``.
            num_groups: only the first so many groups, by default all.
            num_variants: only the first so many variants of each group, by default all.

        Raises:
            CorpusError: there is no such split.
            DamagedError: a shard is missing, cut off or changed.
        """
        layout = self.layout(split)
        most_groups = layout.num_groups if num_groups is None else num_groups
        most_variants = layout.max_variants if num_variants is None else num_variants
        return (
            _first_rows(Examples.of_shard(layout, shard, *self.read_shard(split, shard)), most_groups, most_variants)
            for shard in layout.shards()
            if _is_wanted(layout, shard, most_groups, most_variants)
        )

    def read(self, split: str, limit: int | None = None) -> Examples:
        """Examples of a split by rising group, variant and example, the first `limit` of them or all.

        Raises:
            CorpusError: there is no such split.
            DamagedError: a shard is missing, cut off or changed.
        """
        layout = self.layout(split)
        wanted = layout.num_examples if limit is None else min(limit, layout.num_examples)
        rows = layout.variants * layout.examples
        # How many puzzles of each group these are; the last one may be wanted in part.
        counts = -(-np.clip(wanted - (np.cumsum(rows) - rows), 0, rows) // layout.examples)
        num_groups, num_variants = int(np.count_nonzero(counts)), int(counts.max(initial=0))
        parts = self.rows(split, num_groups=num_groups, num_variants=num_variants)
        found = Examples.join([Examples.empty(layout.seq_len), *parts])
        order = np.lexsort((found.examples, found.variants, found.groups))
        return found.take(order[:wanted])

    def webdataset(self, split: str, **options: Any) -> Any:
        """A ``webdataset.WebDataset`` over a split, each item a dict of the arrays of `Examples` for one sample.

        The shards come in their reading order unless `options` shuffle them.

        Args:
            split: ``"train"`` or ``"test"``.
            options: for ``webdataset.WebDataset``.

        Raises:
            CorpusError: the corpus has another format, or no such split.
        """
        if self.manifest.format != WebDatasetCodec.name:
            raise CorpusError(
                f"{self.path} has the format {self.manifest.format}; "
                "generate it with --format webdataset to read it with that library"
            )
        layout = self.layout(split)
        paths = [path for shard in layout.shards() for path in self._codec.paths(layout, shard)]
        return webdataset_pipeline([self.store.locate(path) for path in paths], **options)

    def _split(self, split: str) -> SplitManifest:
        if split not in self.manifest.splits:
            have = ", ".join(self.manifest.splits) or "none"
            raise CorpusError(f"{self.path} has no split {split!r}; it has: {have}")
        return self.manifest.splits[split]

    def _make_layout(self, split: str, about: SplitManifest) -> SplitLayout:
        none: NDArray[np.int64] = np.zeros(0, np.int64)
        catalog = self.catalog[split] if about.groups else None
        return SplitLayout(
            split=split,
            seq_len=self.spec.seq_len,
            variants=catalog.variants if catalog else none,
            examples=catalog.examples if catalog else none,
            first_identifiers=catalog.first_identifiers if catalog else none.astype(np.int32),
            compressed=self.spec.compressed,
            group_block=about.group_block,
            variant_block=about.variant_block,
            sample_groups=about.sample_groups,
        )


def _is_wanted(layout: SplitLayout, shard: ShardSpec, num_groups: int, num_variants: int) -> bool:
    """Whether a shard holds a variant of the first groups and variants."""
    groups = max(num_groups - shard.groups[0], 0)
    return shard.variants[0] < num_variants and bool(layout.counts(shard)[:groups].any())


def _first_rows(examples: Examples, num_groups: int, num_variants: int) -> Examples:
    """Those of the first groups and variants; all of them are not copied."""
    wanted = (examples.groups < num_groups) & (examples.variants < num_variants)
    return examples if wanted.all() else examples.take(np.flatnonzero(wanted))


def find_corpora(path: str | os.PathLike[str]) -> list[Corpus]:
    """The corpus at `path`, or else all corpora directly below it, by name.

    Raises:
        NoCorpusError: there is neither.
    """
    store = Store(path)
    if store.exists(MANIFEST):
        return [Corpus.open(path)]
    below = [name for name in store.list_folder() if store.exists(f"{name}/{MANIFEST}")]
    if not below:
        raise NoCorpusError(why_no_corpus(store))
    return [Corpus.open(store.locate(name)) for name in below]


def open_corpora(paths: Iterable[str | os.PathLike[str]]) -> list[Corpus]:
    """The corpora at `paths`, to be trained on together.

    Args:
        paths: each a corpus or a folder of corpora.

    Raises:
        NoCorpusError: a path is neither.
        CorpusError: they hold different tasks or the same content twice, or a test group of one is in another's
            training set.
    """
    found = {corpus.path: corpus for path in paths for corpus in find_corpora(path)}
    corpora = list(found.values())
    if not corpora:
        raise NoCorpusError("no corpus is given; give a folder that `trmpipe generate` wrote")
    _refuse_mixtures(corpora)
    _refuse_copies(corpora)
    _refuse_leaks(corpora)
    return corpora


def _refuse_mixtures(corpora: list[Corpus]) -> None:
    if any(corpus.spec != corpora[0].spec for corpus in corpora):
        names = ", ".join(f"{corpus.path} ({corpus.spec.name})" for corpus in corpora)
        raise CorpusError(f"these corpora hold different tasks and cannot be mixed: {names}; give one of them")


def _refuse_copies(corpora: list[Corpus]) -> None:
    seen: dict[str, Corpus] = {}
    for corpus in corpora:
        first = seen.setdefault(corpus.manifest.content_digest, corpus)
        if first is not corpus:
            raise CorpusError(f"{first.path} and {corpus.path} hold the same content; give one of them")


def _refuse_leaks(corpora: list[Corpus]) -> None:
    for tested, trained in _ordered_pairs(corpora):
        if "test" not in tested.catalog or "train" not in trained.catalog:
            continue
        shared = tested.catalog["test"].classes & trained.catalog["train"].classes
        if shared:
            raise CorpusError(
                f"{len(shared)} test groups of {tested.path} are in the training set of {trained.path}, "
                "so scores would mean nothing; train on one of them"
            )


def _ordered_pairs(corpora: list[Corpus]) -> Iterator[tuple[Corpus, Corpus]]:
    return ((first, second) for first in corpora for second in corpora if first is not second)
