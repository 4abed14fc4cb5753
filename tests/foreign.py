"""Corpora as a stranger makes them: files changed, and the manifest signed again."""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.mutations import run_bounded
from tests.shards_corpora import edit_manifest
from trmpipe.shards import sha256_hex


def sign(folder, path, data):
    """Put other bytes into a file of a corpus and have its manifest say so."""

    def change(value):
        shards = [shard for split in value["splits"].values() for shard in split["shards"]]
        for record in [*value["files"], *(file for shard in shards for file in shard["files"])]:
            if record["path"] == path:
                record.update(size_bytes=len(data), sha256=sha256_hex(data))

    Path(folder, path).write_bytes(data)
    edit_manifest(folder, change)


def edit_table(folder, change, path="catalog.parquet", **options):
    table = change(pq.read_table(Path(folder, path)))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **{"compression": "zstd", "store_schema": False, **options})
    sign(folder, path, bytes(sink.getvalue()))


def refused_cheaply(folder, message):
    """Every door refuses a corpus, in little memory and time."""
    found = run_bounded("tests.fuzz.read_foreign", folder, timeout=60)
    assert re.search(message, found), found
