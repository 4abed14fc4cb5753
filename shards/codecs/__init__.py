"""Formats of shards, by the word for ``--format``."""

from trmpipe.generators.task import Rows

from ..errors import CorpusError
from .codec import Block, Codec
from .webdataset import WebDatasetCodec
from .zarr import ZarrCodec

CODECS: dict[str, Codec] = {codec.name: codec for codec in (WebDatasetCodec(), ZarrCodec())}


def get_codec(name: str) -> Codec:
    """The codec called `name`.

    Raises:
        CorpusError: there is no such format; the message lists those there are.
    """
    if name not in CODECS:
        raise CorpusError(f"no shard format is called {name!r}; known: {', '.join(sorted(CODECS))}")
    return CODECS[name]


__all__ = ["CODECS", "Block", "Codec", "Rows", "WebDatasetCodec", "ZarrCodec", "get_codec"]
