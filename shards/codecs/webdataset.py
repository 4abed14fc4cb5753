"""WebDataset shards: plain tar files that the `webdataset` library and ``tar`` read.

A sample is a run of groups (most often one) with their block of variants: ``<key>.inputs.npy`` and
``<key>.labels.npy``, uint8 [rows, S], and ``<key>.json`` that says which groups and variants the rows are. A sample for
every single example would cost 4 KB each and be read at a few thousand a second. Puzzles with identifiers have
``<key>.identifiers.npy``, int32 [puzzles], and ``<key>.offsets.npy``, int32 [puzzles + 1], the first row of each.

Padded grids are kept as ``<key>.inputs.npy.gz``, which the library unpacks by itself. libdeflate packs them, since its
bytes depend on its version and level alone: those of ISA-L and zlib-ng are others on other processors. ARC grids become
24.7 times smaller (25.2 with zlib-ng) and are unpacked six times as fast as by zlib; all figures: docs/results/gzip.md.

A shard is read only as it is written (see `SampleReader`): its members, their order, their headers and sizes, the
header of every array and how much a packed member unpacks to are known from the layout before a byte is believed.
Nothing is unpickled, and nothing is allocated by what a file says of itself.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import deflate
import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Rows

from ..layout import ShardSpec, SplitLayout
from .codec import ShardContent, samples
from .tar import end_mark, member_pieces, read_members

_GZIP_LEVEL = 4
_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
"""Deflate, no flags, no time, no extra flags, unknown system (RFC 1952), as libdeflate writes it."""
_GZIP_AND_HEADER = 31
"""`zlib`'s word for one gzip member."""
_JSON = "json"


class WebDatasetCodec:
    """Shards ``<split>/shard-000000.tar``."""

    name = "webdataset"

    def metadata(self, layout: SplitLayout) -> dict[str, bytes]:
        """Nothing: a tar file stands for itself."""
        return {}

    def paths(self, layout: SplitLayout, shard: ShardSpec) -> tuple[str, ...]:
        """The one tar file of a shard."""
        return (f"{layout.split}/shard-{shard.index:06d}.tar",)

    def encode(self, layout: SplitLayout, shard: ShardSpec, content: ShardContent) -> tuple[bytes, ...]:
        """The tar file, with its samples by rising group."""
        pieces: list[bytes | memoryview] = []
        reader = SampleReader(layout, shard)
        for key, (groups, rows) in reader.places.items():
            _add_array(pieces, f"{key}.inputs.npy", content.inputs[rows], layout.compressed)
            _add_array(pieces, f"{key}.labels.npy", content.labels[rows], layout.compressed)
            if layout.has_identifiers:
                _add_array(pieces, f"{key}.identifiers.npy", reader.identifiers(groups))
                _add_array(pieces, f"{key}.offsets.npy", reader.offsets(groups))
            pieces += member_pieces(f"{key}.{_JSON}", _describe(layout, shard, groups, content))
        pieces.append(end_mark(sum(map(len, pieces))))
        return (b"".join(pieces),)

    def decode(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes]) -> Rows:
        """All rows, in the order of the samples."""
        (data,) = files
        reader = SampleReader(layout, shard)
        *_, (_, last) = reader.places.values()
        shape = last.stop, layout.seq_len
        inputs, labels = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        for key, members in reader.split(data).items():
            rows = reader.places[key][1]
            inputs[rows], labels[rows] = reader.read_whole(key, members)
        return inputs, labels

    def check(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes], content: ShardContent) -> None:
        """Compare what samples say of themselves, and refuse bytes that no row comes from; see `CheckingCodec`."""
        (data,) = files
        reader = SampleReader(layout, shard)
        for key, members in reader.split(data).items():
            groups, rows = reader.places[key]
            if members[_JSON] != _describe(layout, shard, groups, content):
                raise ValueError(f"{key}.{_JSON} is not what the catalog says")
            for field, member in members.items():
                if field.endswith(".gz"):
                    shape = rows.stop - rows.start, layout.seq_len
                    _check_one_member(f"{key}.{field}", member, _array_bytes(shape))


class SampleReader:
    """Reads the samples of one shard, and refuses all that is not as `WebDatasetCodec.encode` writes it.

    Attributes:
        places: the groups of each sample, counted from the shard's first, and its rows, by its key.
        fields: ends of the names of the members that each sample has, in order.
    """

    def __init__(self, layout: SplitLayout, shard: ShardSpec) -> None:
        self._layout = layout
        self._has_identifiers = layout.has_identifiers
        first, variant = shard.groups[0], shard.variants[0]
        self.places = {
            f"{first + groups.start:08d}-{variant:06d}": (groups, rows) for groups, rows in samples(layout, shard)
        }
        packed = ".gz" if layout.compressed else ""
        of_puzzles = ("identifiers.npy", "offsets.npy") if self._has_identifiers else ()
        self.fields = (f"inputs.npy{packed}", f"labels.npy{packed}", *of_puzzles, _JSON)
        if self._has_identifiers:
            counts = layout.counts(shard)
            self._puzzle_ends = np.concatenate([[0], np.cumsum(counts)])
            self._identifiers = layout.identifiers(shard).astype("<i4")
            examples = np.repeat(layout.examples[slice(*shard.groups)], counts)
            self._row_ends = np.concatenate([[0], np.cumsum(examples)])

    def identifiers(self, groups: slice) -> NDArray[np.int32]:
        """int32 [puzzles]: the identifiers of the puzzles of a sample."""
        return self._identifiers[self._puzzle_ends[groups.start] : self._puzzle_ends[groups.stop]]

    def offsets(self, groups: slice) -> NDArray[np.int32]:
        """int32 [puzzles + 1]: the first row of each puzzle of a sample, and the number of its rows."""
        ends = self._row_ends[self._puzzle_ends[groups.start] : self._puzzle_ends[groups.stop] + 1]
        offsets: NDArray[np.int32] = (ends - ends[0]).astype("<i4")
        return offsets

    def split(self, data: bytes) -> dict[str, dict[str, memoryview]]:
        """The members of every sample by `fields`, views of a tar file, by the sample's key.

        Raises:
            ValueError: the file has other members, in another order, or other bytes beside them.
        """
        members = iter(read_members(data, [f"{key}.{field}" for key in self.places for field in self.fields]))
        return {key: {field: next(members) for field in self.fields} for key in self.places}

    def read(self, key: str, members: Mapping[str, bytes | memoryview]) -> Rows:
        """Inputs and labels of a sample, uint8 [rows, S] each; they may be views of its members.

        Args:
            key: of the sample.
            members: its members by `fields`.

        Raises:
            ValueError: a member is missing or too many, or is not the array that the layout has there.
        """
        if set(members) != set(self.fields):
            raise ValueError(f"the sample {key} has {sorted(members)}, expected {sorted(self.fields)}")
        return self.read_whole(key, members)

    def read_whole(self, key: str, members: Mapping[str, bytes | memoryview]) -> Rows:
        """As `read`, of a sample that has the members that it must have."""
        groups, rows = self.places[key]
        if self._has_identifiers:
            for field, values in (("identifiers", self.identifiers(groups)), ("offsets", self.offsets(groups))):
                if members[f"{field}.npy"] != b"".join(_array_parts(values)):
                    raise ValueError(f"the {field} of the sample {key} are not those of the catalog")
        shape = rows.stop - rows.start, self._layout.seq_len
        header = _array_header(shape, "|u1")
        size = len(header) + shape[0] * shape[1]
        found = []
        for field in self.fields[:2]:
            content = members[field]
            if self._layout.compressed:
                content = _unpack(f"{key}.{field}", memoryview(content), size)
            # As bytes, which are compared five times as fast as views.
            if bytes(content[: len(header)]) != header or len(content) != size:
                raise ValueError(f"{key}.{field} is not an array of {shape[0]} rows of {shape[1]} tokens")
            found.append(np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape))
        inputs, labels = found
        return inputs, labels


def _describe(layout: SplitLayout, shard: ShardSpec, sample: slice, content: ShardContent) -> bytes:
    """The JSON of a sample: rows are the groups in order, each with `counts` variants from the first on."""
    first = shard.groups[0]
    about: dict[str, Any] = {
        "split": layout.split,
        "groups": [first + sample.start, first + sample.stop],
        "variants": list(shard.variants),
        "counts": layout.counts(shard)[sample].tolist(),
        "candidates": content.candidates[sample].tolist(),
        "canonical": [digest.tobytes().hex() for digest in content.canonical[sample]],
    }
    if layout.max_examples > 1:
        about["examples"] = layout.examples[first + sample.start : first + sample.stop].tolist()
    return json.dumps(about, separators=(",", ":")).encode()


def _add_array(pieces: list[bytes | memoryview], name: str, rows: NDArray[Any], compressed: bool = False) -> None:
    parts = _array_parts(rows)
    if compressed:
        pieces += member_pieces(f"{name}.gz", bytes(deflate.gzip_compress(b"".join(parts), _GZIP_LEVEL)))
    else:
        pieces += member_pieces(name, *parts)


def _array_parts(values: NDArray[Any]) -> tuple[bytes, memoryview]:
    """Header and payload of an npy file."""
    payload = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    return _array_header(values.shape, values.dtype.str), payload


@lru_cache(maxsize=1024)
def _array_header(shape: tuple[int, ...], dtype: str) -> bytes:
    buffer = BytesIO()
    about = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _array_bytes(shape: tuple[int, int]) -> int:
    """Size of an npy file of tokens."""
    return len(_array_header(shape, "|u1")) + shape[0] * shape[1]


def _unpack(name: str, member: memoryview, size_bytes: int) -> memoryview:
    """A gzip member's content, for which no more than `size_bytes` are allocated whatever it claims."""
    claimed = int.from_bytes(member[-4:], "little")
    if claimed != size_bytes:
        raise ValueError(f"{name} cannot be unpacked: it has {claimed} bytes, expected {size_bytes}")
    if member[: len(_GZIP_HEADER)] != _GZIP_HEADER:
        raise ValueError(f"{name} cannot be unpacked: it is not plain gzip")
    try:
        return memoryview(deflate.gzip_decompress(member, size_bytes))
    except (deflate.DeflateError, ValueError) as error:
        raise ValueError(f"{name} cannot be unpacked: {error}") from error


def _check_one_member(name: str, packed: memoryview, size_bytes: int) -> None:
    """Refuse bytes after the first gzip member of a file: libdeflate passes over them, other readers do not."""
    unpacker = zlib.decompressobj(_GZIP_AND_HEADER)
    content = unpacker.decompress(packed, size_bytes + 1)
    if len(content) != size_bytes or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"{name} goes on after its end")


CODEC = WebDatasetCodec()
