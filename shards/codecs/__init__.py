"""Formats of shards, by the word for ``--format``."""

from trmpipe.generators.plugins import Registry

from ..errors import CorpusError
from .codec import CheckingCodec, Codec, IndexedCodec, ShardContent

CODECS: Registry[Codec] = Registry(
    "trmpipe.codecs",
    "shard format",
    {
        "webdataset": "trmpipe.shards.codecs.webdataset:CODEC",
        "zarr": "trmpipe.shards.codecs.zarr:CODEC",
    },
    CorpusError,
)
"""All formats; a package adds one by an entry point in the group ``trmpipe.codecs`` that names a `Codec`."""

__all__ = ["CODECS", "CheckingCodec", "Codec", "IndexedCodec", "ShardContent"]
