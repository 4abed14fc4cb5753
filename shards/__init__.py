"""The corpus on disk and its stream: layout, formats, manifest and catalog; reading order and batches.

Writing, as the pipeline does it (`store`, `layouts` and the records are picklable, everything may run in threads)::

    layout = default_layout("train", spec.seq_len, num_variants)          # one a split
    write_metadata(store, "zarr", layouts)                                # once, before the first unit
    writer = UnitWriter(store=store, codec_name="zarr", layout=layout, unit=unit, candidates=c, canonical=d)
    for shard in layout.shards_of(unit):                                  # by rising variants
        writer.write(shard, inputs, labels)                               # uint8 [g, K, S] each
    record = writer.finish()                                              # record.to_json() is a sidecar
    write_manifest(store, codec_name="zarr", spec=spec, provenance=p, layouts=..., units=records)
"""

from .catalog import CATALOG, SplitCatalog
from .codecs import CODECS, Block, Codec, get_codec
from .digests import GroupDigest, canonical_json, content_digest, json_digest, sha256_hex
from .errors import CorpusError, DamagedError, NoCorpusError, StateError, WriteError
from .layout import ShardSpec, SplitLayout, default_layout
from .manifest import FORMAT_VERSION, MANIFEST, PROGRESS, Manifest, SplitManifest, read_manifest
from .records import FileRecord, ShardRecord, UnitRecord
from .store import Store
from .writer import Provenance, UnitWriter, write_manifest, write_metadata

__all__ = [
    "CATALOG",
    "CODECS",
    "FORMAT_VERSION",
    "MANIFEST",
    "PROGRESS",
    "Block",
    "Codec",
    "CorpusError",
    "DamagedError",
    "FileRecord",
    "GroupDigest",
    "Manifest",
    "NoCorpusError",
    "Provenance",
    "ShardRecord",
    "ShardSpec",
    "SplitCatalog",
    "SplitLayout",
    "SplitManifest",
    "StateError",
    "Store",
    "UnitRecord",
    "UnitWriter",
    "WriteError",
    "canonical_json",
    "content_digest",
    "default_layout",
    "get_codec",
    "json_digest",
    "read_manifest",
    "sha256_hex",
    "write_manifest",
    "write_metadata",
]
