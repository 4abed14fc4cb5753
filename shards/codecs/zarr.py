"""Zarr v3 arrays ``<split>.zarr/inputs`` and ``/labels``, uint8 [G, A, S], with the sharding codec and zstd.

A shard of ours is a shard of both arrays, so a writer owns whole files; a chunk inside it is a run of groups times
the block of variants. Beyond a group's last variant the arrays hold the pad token; ``<split>.zarr/variants``,
int64 [G], says where that is. The whole metadata is known from the layout and written before any shard.

Puzzles of several examples, or with identifiers, make the arrays [G, A, E, S], with a chunk for each of the E examples,
so that a group with fewer of them has no chunk there; ``examples``, int64 [G], and ``identifiers``, int32 [G] (of the
base; its variants count on), lie beside them.

The bytes of a shard are put together here rather than by the `zarr` library, which takes about six times as long a
chunk (0.8 ms of 20 KB) and leaves no place for a digest and an atomic commit; a test reads them with plain `zarr`.
Source: Zarr v3 specification, "sharding-indexed" codec: chunks one after the other, then an index of (offset, size),
uint64 little endian, and the CRC-32C of that index.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import PAD, Rows

from ..digests import FIELDS
from ..layout import ShardSpec, SplitLayout
from .codec import ShardContent
from .zstd_frame import check_frame

_LEVEL = 1
"""The default of zstd, 3, is a third slower on puzzles and packs no tighter."""
_CRC32C_POLYNOMIAL = 0x82F63B78
_CRC_BYTES = 4
_INDEX_BYTES = 16
_MISSING = np.uint64(2**64 - 1)


class ZarrCodec:
    """Shards ``<split>.zarr/{inputs,labels}/c/<group block>/<variant block>/0``."""

    name = "zarr"

    def metadata(self, layout: SplitLayout) -> dict[str, bytes]:
        """``zarr.json`` of the group and its arrays, and the arrays of a number a group."""
        root = f"{layout.split}.zarr"
        about = {"split": layout.split, "fields": list(FIELDS), "pad": PAD}
        files = {f"{root}/zarr.json": _json({"zarr_format": 3, "node_type": "group", "attributes": about})}
        of_groups: dict[str, NDArray[Any]] = {"variants": layout.variants}
        if _has_examples(layout):
            of_groups |= {"examples": layout.examples, "identifiers": layout.first_identifiers}
        for name, values in of_groups.items():
            files[f"{root}/{name}/zarr.json"] = _json(_group_metadata(values))
            files[f"{root}/{name}/c/0"] = values.astype(values.dtype.newbyteorder("<")).tobytes()
        for field in FIELDS:
            files[f"{root}/{field}/zarr.json"] = _json(_field_metadata(layout))
        return files

    def paths(self, layout: SplitLayout, shard: ShardSpec) -> tuple[str, ...]:
        """One file a field."""
        column = shard.variants[0] // layout.variant_block
        rest = "0/0" if _has_examples(layout) else "0"
        return tuple(f"{layout.split}.zarr/{field}/c/{shard.unit}/{column}/{rest}" for field in FIELDS)

    def encode(self, layout: SplitLayout, shard: ShardSpec, content: ShardContent) -> tuple[bytes, ...]:
        """The shard of each field."""
        return tuple(_encode_field(layout, shard, field) for field in (content.inputs, content.labels))

    def decode(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes]) -> Rows:
        """All rows, without the padding."""
        inputs, labels = (_decode_field(layout, shard, data) for data in files)
        return inputs, labels

    def index_bytes(self, layout: SplitLayout) -> int:
        """Of each chunk its offset and size, of those beyond the last group too; see `IndexedCodec`."""
        return _INDEX_BYTES * layout.group_block // layout.sample_groups * layout.max_examples

    def check(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes], content: ShardContent) -> None:
        """Compare the padding, which other readers of Zarr see; see `CheckingCodec`."""
        for data, rows in zip(files, (content.inputs, content.labels), strict=True):
            for found, packed in _read_chunks(layout, _Parts(layout, shard, rows), data):
                if not np.array_equal(_unpack(packed, _chunk_shape(layout)), _padded_chunk(layout, found)):
                    raise ValueError("a chunk holds more than its rows")


def _has_examples(layout: SplitLayout) -> bool:
    """Whether the arrays have an axis for the examples of a puzzle."""
    return layout.max_examples > 1 or layout.has_identifiers


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, indent=2).encode()


def _array_metadata(
    shape: list[int], chunk: list[int], dtype: str, codecs: list[Any], names: list[str]
) -> dict[str, Any]:
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": PAD,
        "codecs": codecs,
        "attributes": {},
        "dimension_names": names,
        "storage_transformers": [],
    }


def _group_metadata(values: NDArray[Any]) -> dict[str, Any]:
    codecs = [{"name": "bytes", "configuration": {"endian": "little"}}]
    return _array_metadata([len(values)], [max(1, len(values))], values.dtype.name, codecs, ["group"])


def _field_metadata(layout: SplitLayout) -> dict[str, Any]:
    inner = [layout.sample_groups, layout.variant_block, 1, layout.seq_len]
    shape = [layout.num_groups, layout.max_variants, layout.max_examples, layout.seq_len]
    outer = [layout.group_block, layout.variant_block, layout.max_examples, layout.seq_len]
    names = ["group", "variant", "example", "position"]
    if not _has_examples(layout):
        for axes in (inner, shape, outer, names):
            del axes[2]
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    sharding = {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": inner,
            "codecs": [
                {"name": "bytes"},
                {"name": "zstd", "configuration": {"level": _LEVEL, "checksum": False}},
            ],
            "index_codecs": [little, {"name": "crc32c"}],
            "index_location": "end",
        },
    }
    return _array_metadata(shape, outer, "uint8", [sharding], names)


def _chunks(layout: SplitLayout) -> list[tuple[int, int]]:
    """First group and example of every chunk of a shard, in the order of its index."""
    return list(product(range(0, layout.group_block, layout.sample_groups), range(layout.max_examples)))


class _Parts:
    """Where the rows of a shard's groups lie that belong to one chunk.

    Args:
        layout: of the split.
        shard: of which the rows are.
        rows: uint8 [R, S].
    """

    def __init__(self, layout: SplitLayout, shard: ShardSpec, rows: NDArray[np.uint8]) -> None:
        self._step = layout.sample_groups
        self._rows = rows
        self._counts = layout.counts(shard).tolist()
        self._examples = layout.examples[slice(*shard.groups)].tolist()
        self._ends = np.cumsum(layout.rows(shard)).tolist()

    def of(self, first: int, example: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """The groups of a chunk that have the example, each counted from `first`, with its rows [variants, S], a view.

        Args:
            first: the chunk's first group.
            example: which example of every puzzle.
        """
        for group in range(first, min(first + self._step, len(self._counts))):
            count, examples, end = self._counts[group], self._examples[group], self._ends[group]
            if count and example < examples:
                yield group - first, self._rows[end - count * examples + example : end : examples]


def _encode_field(layout: SplitLayout, shard: ShardSpec, rows: NDArray[np.uint8]) -> bytes:
    """Chunks, index and checksum; chunks that hold no row at all are left out, as the format allows."""
    compressor = _zstd()
    chunks, parts = _chunks(layout), _Parts(layout, shard, rows)
    index = np.full((len(chunks), 2), _MISSING, "<u8")
    pieces: list[bytes] = []
    position = 0
    for number, place in enumerate(chunks):
        found = list(parts.of(*place))
        if found:
            data = compressor.compress(_padded_chunk(layout, found), asbytes=True)
            index[number] = position, len(data)
            position += len(data)
            pieces.append(data)
    table = index.tobytes()
    return b"".join([*pieces, table, crc32c(table).to_bytes(_CRC_BYTES, "little")])


def _chunk_shape(layout: SplitLayout) -> tuple[int, int, int]:
    return layout.sample_groups, layout.variant_block, layout.seq_len


def _padded_chunk(layout: SplitLayout, parts: list[tuple[int, NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """The rows of a chunk's groups as a whole chunk, with the pad token beyond each group's last variant."""
    if layout.sample_groups == 1 and len(parts[0][1]) == layout.variant_block:
        return np.ascontiguousarray(parts[0][1])[None]
    chunk = np.full(_chunk_shape(layout), PAD, np.uint8)
    for group, rows in parts:
        chunk[group, : len(rows)] = rows
    return chunk


def _decode_field(layout: SplitLayout, shard: ShardSpec, data: bytes) -> NDArray[np.uint8]:
    """The rows of a shard, uint8 [R, S]."""
    rows = np.empty((int(layout.rows(shard).sum()), layout.seq_len), np.uint8)
    shape = _chunk_shape(layout)
    for found, packed in _read_chunks(layout, _Parts(layout, shard, rows), data):
        chunk = _unpack(packed, shape)
        for group, target in found:
            target[:] = chunk[group, : len(target)]
    return rows


def _read_chunks(
    layout: SplitLayout, parts: _Parts, data: bytes
) -> Iterator[tuple[list[tuple[int, NDArray[np.uint8]]], memoryview]]:
    """What `parts` gives for every chunk of a shard, and its bytes: one after the other, and nothing else.

    Raises:
        ValueError: the index does not fit its checksum, the chunks that the shard must have, or where they lie.
    """
    num_chunks = (layout.group_block // layout.sample_groups) * layout.max_examples
    start = len(data) - _INDEX_BYTES * num_chunks - _CRC_BYTES
    table = data[max(start, 0) : -_CRC_BYTES]
    if start < 0 or crc32c(table) != int.from_bytes(data[-_CRC_BYTES:], "little"):
        raise ValueError("the shard's index does not fit its checksum")
    index = np.frombuffer(table, "<u8").reshape(-1, 2).tolist()
    end, view = 0, memoryview(data)
    for place, (position, size) in zip(_chunks(layout), index, strict=True):
        found = list(parts.of(*place))
        if not found:
            if position != int(_MISSING) or size != int(_MISSING):
                raise ValueError("the shard's index has a chunk where there are no rows")
            continue
        if position != end or size > start - end:
            raise ValueError("the shard's index does not have its chunks one after the other")
        end += size
        yield found, view[position:end]
    if end != start:
        raise ValueError("the shard has bytes that belong to no chunk")


def _unpack(packed: memoryview, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A whole chunk; one that is not one frame of its size is refused before memory is taken for it."""
    size = shape[0] * shape[1] * shape[2]
    check_frame(packed, size)
    return np.frombuffer(_zstd().decompress(packed, size, asbytes=True), np.uint8).reshape(shape)


@cache
def _zstd() -> Any:
    import pyarrow as pa

    return pa.Codec("zstd", compression_level=_LEVEL)


@lru_cache(maxsize=1)
def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_CRC32C_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of a shard's index: a few kilobytes, so plain Python is fast enough."""
    table = _crc_table()
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


CODEC = ZarrCodec()
