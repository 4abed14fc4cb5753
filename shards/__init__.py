"""The corpus on disk and its stream: layout, formats, manifest and catalog; reading order and batches.

Writing, as the pipeline does it (`store`, `layouts` and the records are picklable, everything may run in threads)::

    layout = default_layout("train", spec.seq_len, num_variants)          # one a split
    write_metadata(store, "zarr", layouts)                                # once, before the first unit
    writer = UnitWriter(store=store, codec_name="zarr", layout=layout, unit=unit, candidates=c, canonical=d,
                        difficulty=r)
    for shard in layout.shards_of(unit):                                  # by rising variants
        writer.write(shard, inputs, labels)                               # uint8 [R, S] each, rows of its groups
    record = writer.finish()                                              # record.to_json() is a sidecar
    write_manifest(store, codec_name="zarr", spec=spec, provenance=p, layouts=..., units=records)

Reading::

    corpora = open_corpora(["shards/"])
    stream = Stream(corpora, seed=0, batch_size=768, rank=rank, world_size=world_size)
    batch = stream.batch(step)                                            # or iterate, with get_state and set_state
    test = corpora[0].read("test", limit=500)                             # or rows("test"), shard by shard
"""

from .catalog import CATALOG, SplitCatalog
from .census import Census, census_of
from .codecs import CODECS, CheckingCodec, Codec, IndexedCodec, ShardContent
from .compare import Shared, compare
from .corpora import FoundCorpora, check_together, find_all, find_corpora, open_corpora
from .corpus import Corpus, open_corpus
from .curriculum import Curriculum
from .digests import GroupDigest, canonical_json, content_digest, json_digest, sha256_hex
from .errors import CorpusError, DamagedError, NoCorpusError, StateError, WriteError
from .examples import BLANK_IDENTIFIER, Batch, Examples
from .files import write_atomically
from .for_torch import as_torch
from .layout import ShardSpec, SplitLayout, default_layout
from .manifest import FORMAT_VERSION, MANIFEST, PROGRESS, InputRecord, Manifest, SplitManifest, read_manifest
from .progress import Progress, Silent
from .records import FileRecord, ShardRecord, UnitRecord
from .seen import Seen
from .store import Store
from .stream import DEFAULT_MEMORY_LIMIT_BYTES, Stream
from .verify import Verification, verify
from .writer import Provenance, UnitWriter, write_manifest, write_metadata

__all__ = [
    "BLANK_IDENTIFIER",
    "CATALOG",
    "CODECS",
    "DEFAULT_MEMORY_LIMIT_BYTES",
    "FORMAT_VERSION",
    "MANIFEST",
    "PROGRESS",
    "Batch",
    "Census",
    "CheckingCodec",
    "Codec",
    "Corpus",
    "CorpusError",
    "Curriculum",
    "DamagedError",
    "Examples",
    "FileRecord",
    "FoundCorpora",
    "GroupDigest",
    "IndexedCodec",
    "InputRecord",
    "Manifest",
    "NoCorpusError",
    "Progress",
    "Provenance",
    "Seen",
    "ShardContent",
    "ShardRecord",
    "ShardSpec",
    "Shared",
    "Silent",
    "SplitCatalog",
    "SplitLayout",
    "SplitManifest",
    "StateError",
    "Store",
    "Stream",
    "UnitRecord",
    "UnitWriter",
    "Verification",
    "WriteError",
    "as_torch",
    "canonical_json",
    "census_of",
    "check_together",
    "compare",
    "content_digest",
    "default_layout",
    "find_all",
    "find_corpora",
    "json_digest",
    "open_corpora",
    "open_corpus",
    "read_manifest",
    "sha256_hex",
    "verify",
    "write_atomically",
    "write_manifest",
    "write_metadata",
]
