"""WebDataset shards: plain tar files that the `webdataset` library and ``tar`` read.

A sample is a run of groups (most often one) with their block of variants: ``<key>.inputs.npy`` and
``<key>.labels.npy``, uint8 [rows, S], and ``<key>.json`` that says which groups and variants the rows are. A sample for
every single example would cost 4 KB each and be read at a few thousand a second. Puzzles with identifiers have
``<key>.identifiers.npy``, int32 [puzzles], and ``<key>.offsets.npy``, int32 [puzzles + 1], the first row of each.

Padded grids are kept as ``<key>.inputs.npy.gz``, which the library unpacks by itself. libdeflate packs them, since its
bytes depend on its version and level alone: those of ISA-L and zlib-ng are others on other processors. ARC grids become
24.7 times smaller (25.2 with zlib-ng) and are unpacked six times as fast as by zlib; all figures: docs/results/gzip.md.

Headers come from the standard library's tarfile, once for every size of member; per member only the name and the
checksum are put in (2 us instead of 30, for three members a sample). Reading walks the headers itself and unpickles
nothing.
"""

import json
import tarfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import deflate
import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Rows

from ..layout import ShardSpec, SplitLayout
from .codec import ShardContent, samples

_TAR_UNIT = 512
"""Headers take one, contents whole numbers of them."""
_TAR_RECORD = 20 * _TAR_UNIT
_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_GZIP_LEVEL = 4
_HEADER_ROOM_BYTES = 1024
"""More than the header of an npy file takes."""


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
        for groups, rows in samples(layout, shard):
            key = f"{shard.groups[0] + groups.start:08d}-{shard.variants[0]:06d}"
            _add_array(pieces, f"{key}.inputs.npy", content.inputs[rows], layout.compressed)
            _add_array(pieces, f"{key}.labels.npy", content.labels[rows], layout.compressed)
            if layout.has_identifiers:
                identifiers, offsets = _puzzles(layout, shard, groups)
                _add_array(pieces, f"{key}.identifiers.npy", identifiers)
                _add_array(pieces, f"{key}.offsets.npy", offsets)
            _add_member(pieces, f"{key}.json", _describe(layout, shard, groups, content))
        pieces.append(_padding(sum(map(len, pieces)) + 2 * _TAR_UNIT, _TAR_RECORD, extra=2 * _TAR_UNIT))
        return (b"".join(pieces),)

    def decode(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes]) -> Rows:
        """All rows, in the order of the samples."""
        (data,) = files
        parts: dict[str, list[NDArray[Any]]] = {"inputs": [], "labels": [], "identifiers": []}
        most_bytes = _HEADER_ROOM_BYTES + int(layout.rows(shard).sum()) * layout.seq_len
        for name, start, size in _members(data):
            field, *endings = name.split(".")[1:]
            if field in parts:
                member = memoryview(data)[start : start + size]
                parts[field].append(_read_array(_unpack(member, most_bytes) if endings[-1] == "gz" else member))
        if not parts["inputs"] or not parts["labels"]:
            raise ValueError("the tar file holds no inputs and labels")
        if layout.has_identifiers and not np.array_equal(
            np.concatenate([np.empty(0, np.int32), *parts["identifiers"]]), layout.identifiers(shard)
        ):
            raise ValueError("the tar file's puzzle identifiers are not those of the catalog")
        return np.concatenate(parts["inputs"]), np.concatenate(parts["labels"])


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


def _puzzles(layout: SplitLayout, shard: ShardSpec, sample: slice) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Identifiers [puzzles] of a sample, and the first row of each puzzle with the number of rows [puzzles + 1]."""
    counts = layout.counts(shard)
    ends = np.cumsum(counts)
    puzzles = slice(ends[sample.start] - counts[sample.start], ends[sample.stop - 1])
    examples = np.repeat(layout.examples[slice(*shard.groups)][sample], counts[sample])
    offsets = np.concatenate([[0], np.cumsum(examples)]).astype("<i4")
    return layout.identifiers(shard)[puzzles].astype("<i4"), offsets


def _add_array(pieces: list[bytes | memoryview], name: str, rows: NDArray[Any], compressed: bool = False) -> None:
    header = _array_header(rows.shape, rows.dtype.str)
    payload = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
    if compressed:
        packed = deflate.gzip_compress(b"".join([header, payload]), _GZIP_LEVEL)
        _add_member(pieces, f"{name}.gz", bytes(packed))
        return
    size = len(header) + len(payload)
    pieces += [_member_header(name, size), header, payload, _padding(size, _TAR_UNIT)]


def _unpack(member: memoryview, most_bytes: int) -> memoryview:
    """A gzip member's content, which is refused before anything is allocated where it claims more than `most_bytes`."""
    size = int.from_bytes(member[-4:], "little")
    if size > most_bytes:
        raise ValueError(
            f"a member of the tar file cannot be unpacked: it has {size} bytes, expected {most_bytes} at most"
        )
    try:
        return memoryview(deflate.gzip_decompress(member))
    except (deflate.DeflateError, ValueError) as error:
        raise ValueError(f"a member of the tar file cannot be unpacked: {error}") from error


def _add_member(pieces: list[bytes | memoryview], name: str, data: bytes) -> None:
    pieces += [_member_header(name, len(data)), data, _padding(len(data), _TAR_UNIT)]


def _padding(size: int, unit: int, extra: int = 0) -> bytes:
    return bytes(-size % unit + extra)


@lru_cache(maxsize=1024)
def _header_template(size: int) -> tuple[bytes, int]:
    """A header without a name, and the sum of its bytes with blanks for the checksum, as the format counts it."""
    info = tarfile.TarInfo("x")
    info.size, info.mode = size, 0o644
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
    header[0] = 0
    header[_CHECKSUM] = b" " * 8
    return bytes(header), sum(header)


def _member_header(name: str, size: int) -> bytes:
    template, total = _header_template(size)
    encoded = name.encode("ascii")
    assert len(encoded) < _NAME.stop
    checksum = b"%06o\0 " % (total + sum(encoded))
    rest = template[_NAME.stop : _CHECKSUM.start]
    return encoded.ljust(_NAME.stop, b"\0") + rest + checksum + template[_CHECKSUM.stop :]


@lru_cache(maxsize=1024)
def _array_header(shape: tuple[int, ...], dtype: str) -> bytes:
    buffer = BytesIO()
    about = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, first byte and size of every member."""
    position = 0
    while position + _TAR_UNIT <= len(data):
        header = data[position : position + _TAR_UNIT]
        if not header[0]:
            return
        name = header[_NAME].rstrip(b"\0").decode("ascii")
        size = int(header[_SIZE].rstrip(b"\0 "), 8)
        start = position + _TAR_UNIT
        if start + size > len(data):
            raise ValueError(f"the tar file ends inside {name}")
        yield name, start, size
        position = start + size + -size % _TAR_UNIT
    raise ValueError("the tar file ends without its end mark")


@lru_cache(maxsize=1024)
def _parse_array_header(header: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of a whole-number array in C order, from the header of its npy file."""
    buffer = BytesIO(header)
    np.lib.format.read_magic(buffer)
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(buffer)
    if is_fortran or dtype not in (np.uint8, np.int32):
        raise ValueError(f"an array is {dtype}, expected uint8 or int32 in C order")
    return tuple(shape), dtype


def _read_array(member: memoryview) -> NDArray[Any]:
    """A view of an npy file; version 1.0 has the length of its header in bytes 8 and 9."""
    header_size = 10 + int.from_bytes(member[8:10], "little")
    shape, dtype = _parse_array_header(bytes(member[:header_size]))
    return np.frombuffer(member[header_size:], dtype).reshape(shape)


CODEC = WebDatasetCodec()
