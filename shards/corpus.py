"""A corpus opened for reading: its manifest, its catalog, and rows of its shards, checked when first read.

`Corpus.rows` is the seam at which rows are read; the shards of a stream are read by `Corpus.read_shard`, since their
rows go to places of a table and need no bookkeeping.
"""

import os
from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Rows, TaskSpec

from .catalog import CATALOG, SplitCatalog, read_catalog
from .checks import check_identifiers, check_layout, check_rows
from .codecs import CODECS, CheckingCodec, ShardContent
from .codecs.webdataset import WebDatasetCodec
from .digests import DIGEST_BYTES, sha256_hex
from .errors import CorpusError, DamagedError
from .examples import Examples
from .for_webdataset import TarShards, webdataset_pipeline
from .identifiers import BLANK_NAME, IDENTIFIERS, read_names
from .layout import ShardSpec, SplitLayout
from .manifest import MANIFEST, Manifest, SplitManifest, read_manifest
from .records import FileRecord
from .store import Store
from .urls import in_one_line


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
            DamagedError: the catalog is missing, cut off or changed, or not that of the manifest.
        """
        where = self.store.locate(CATALOG)
        return read_catalog(self.read_file(self._record(CATALOG)), self.manifest.splits, where, self.spec.measures)

    @property
    def num_identifiers(self) -> int:
        """Puzzle identifiers, the blank one included."""
        return self.manifest.num_identifiers

    def variant_names(self) -> list[str]:
        """The names of all training variants, by puzzle identifier; the blank one's first.

        Raises:
            DamagedError: the file that holds them is missing, cut off or changed.
        """
        if not self.spec.variant_identifiers:
            return [BLANK_NAME]
        data = self.read_file(self._record(IDENTIFIERS))
        return read_names(data, self.layout("train"), self.store.locate(IDENTIFIERS))

    def num_groups(self, split: str) -> int:
        """Groups of a split, 0 where there is no such split."""
        return self.manifest.splits[split].groups if split in self.manifest.splits else 0

    def layout(self, split: str) -> SplitLayout:
        """How a split is cut into shards.

        Raises:
            CorpusError: there is no such split.
            DamagedError: the catalog is missing, cut off or changed, or the manifest lists other shards than it has.
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

    def read_shard(self, split: str, shard: ShardSpec, *, strict: bool = False) -> Rows:
        """All rows of one shard, inputs and labels, by rising group, variant and example.

        Args:
            split: ``"train"`` or ``"test"``.
            shard: one of its layout.
            strict: whether what its files hold beside the rows is compared too.

        Raises:
            DamagedError: a file of it is missing, cut off or changed, or holds no such rows.
        """
        layout = self.layout(split)
        files = self._read_files(split, shard)
        try:
            rows = check_rows(self._codec.decode(layout, shard, files), int(layout.rows(shard).sum()), self.spec)
            if strict and isinstance(self._codec, CheckingCodec):
                self._codec.check(layout, shard, files, self._content(split, shard, rows))
        except MemoryError:
            raise
        except Exception as error:
            where = self.store.locate(self._codec.paths(layout, shard)[0])
            raise DamagedError(
                f"{where} is damaged (shard {shard.index} of {split}): {in_one_line(error)}; "
                "delete the corpus and generate it again"
            ) from error
        return rows

    def _read_files(self, split: str, shard: ShardSpec) -> list[bytes]:
        return [self.read_file(self._record(path)) for path in self._codec.paths(self.layout(split), shard)]

    def _content(self, split: str, shard: ShardSpec, rows: Rows) -> ShardContent:
        """What the catalog says that a shard of these rows holds."""
        catalog, groups = self.catalog[split], slice(*shard.groups)
        canonical = np.frombuffer(b"".join(catalog.canonical[groups]), np.uint8).reshape(-1, DIGEST_BYTES)
        return ShardContent(inputs=rows[0], labels=rows[1], candidates=catalog.candidates[groups], canonical=canonical)

    def rows(
        self, split: str, *, first_group: int = 0, num_groups: int | None = None, num_variants: int | None = None
    ) -> Iterator[Examples]:
        """The examples of a split, shard by shard in their reading order; shards without a wanted one are not opened.

        Args:
            split: ``"train"`` or ``"test"``.
            first_group: only groups from this one on.
            num_groups: only so many groups from there on, by default all.
            num_variants: only the first so many variants of each group, by default all.

        Raises:
            CorpusError: there is no such split.
            DamagedError: a shard is missing, cut off or changed.
        """
        layout = self.layout(split)
        groups = range(first_group, layout.num_groups if num_groups is None else first_group + num_groups)
        most_variants = layout.max_variants if num_variants is None else num_variants
        return (
            _wanted_rows(Examples.of_shard(layout, shard, *self.read_shard(split, shard)), groups, most_variants)
            for shard in layout.shards()
            if _is_wanted(layout, shard, groups, most_variants)
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
            DamagedError: a shard is missing, cut off or changed, or holds other members than it must; on iteration.
        """
        if self.manifest.format != WebDatasetCodec.name:
            raise CorpusError(
                f"{self.path} has the format {self.manifest.format}; "
                "generate it with --format webdataset to read it with that library"
            )
        layout = self.layout(split)
        urls = {self.store.locate(self._codec.paths(layout, shard)[0]): shard for shard in layout.shards()}
        read = partial(self._read_files, split)
        return webdataset_pipeline(TarShards(layout=layout, spec=self.spec, shards=urls, read=read), **options)

    def _split(self, split: str) -> SplitManifest:
        if split not in self.manifest.splits:
            have = ", ".join(self.manifest.splits) or "none"
            raise CorpusError(f"{self.path} has no split {split!r}; it has: {have}")
        return self.manifest.splits[split]

    def _record(self, path: str) -> FileRecord:
        if path not in self._files:
            raise DamagedError(
                f"{self.store.locate(MANIFEST)} is damaged: it does not list {path}; "
                "delete the corpus and generate it again"
            )
        return self._files[path]

    def _make_layout(self, split: str, about: SplitManifest) -> SplitLayout:
        none: NDArray[np.int64] = np.zeros(0, np.int64)
        catalog = self.catalog[split] if about.groups else None
        try:
            layout = SplitLayout(
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
            check_layout(layout, about, lambda shard: self._codec.paths(layout, shard))
            training = self.manifest.splits["train"].puzzles if "train" in self.manifest.splits else 0
            check_identifiers(layout, self.spec, self.num_identifiers, training)
        except Exception as error:
            raise DamagedError(
                f"{self.store.locate(MANIFEST)} is damaged: {in_one_line(error)}; "
                "delete the corpus and generate it again"
            ) from error
        return layout


def open_corpus(url: str | os.PathLike[str]) -> Corpus:
    """Open the corpus in a folder or at a URL; see `Corpus.open`."""
    return Corpus.open(url)


def _is_wanted(layout: SplitLayout, shard: ShardSpec, groups: range, num_variants: int) -> bool:
    """Whether a shard holds one of the first variants of some groups."""
    wanted = slice(*(max(group - shard.groups[0], 0) for group in (groups.start, groups.stop)))
    return shard.variants[0] < num_variants and bool(layout.counts(shard)[wanted].any())


def _wanted_rows(examples: Examples, groups: range, num_variants: int) -> Examples:
    """Those of the first variants of some groups; all of them are not copied."""
    wanted = (examples.groups >= groups.start) & (examples.groups < groups.stop) & (examples.variants < num_variants)
    return examples if wanted.all() else examples.take(np.flatnonzero(wanted))
