"""WebDataset shards: plain tar files that the `webdataset` library and ``tar`` read.

A sample is a run of groups (most often one) with their block of variants: ``<key>.inputs.npy`` and
``<key>.labels.npy``, uint8 [rows, S], and ``<key>.json`` that says which groups and variants the rows are. A sample for
every single example would cost 4 KB each and be read at a few thousand a second.

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

import numpy as np
from numpy.typing import NDArray

from ..layout import ShardSpec, SplitLayout
from .codec import Block, Rows, sample_bounds, valid_rows

_BLOCK = 512
_RECORD = 20 * _BLOCK
_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)


class WebDatasetCodec:
    """Shards ``<split>/shard-000000.tar``."""

    name = "webdataset"

    def metadata(self, layout: SplitLayout) -> dict[str, bytes]:
        """Nothing: a tar file stands for itself."""
        return {}

    def paths(self, layout: SplitLayout, shard: ShardSpec) -> tuple[str, ...]:
        """The one tar file of a shard."""
        return (f"{layout.split}/shard-{shard.index:06d}.tar",)

    def encode(self, layout: SplitLayout, shard: ShardSpec, block: Block) -> tuple[bytes, ...]:
        """The tar file, with its samples by rising group."""
        counts = layout.counts(shard)
        pieces: list[bytes | memoryview] = []
        for start, stop in sample_bounds(layout, shard):
            sample = slice(start, stop)
            if not counts[sample].any():
                continue
            key = f"{shard.groups[0] + start:08d}-{shard.variants[0]:06d}"
            rows = [valid_rows(field[sample], counts[sample]) for field in (block.inputs, block.labels)]
            about = _describe(layout, shard, sample, counts[sample], block)
            _add_array(pieces, f"{key}.inputs.npy", rows[0])
            _add_array(pieces, f"{key}.labels.npy", rows[1])
            _add_member(pieces, f"{key}.json", about)
        pieces.append(_padding(sum(map(len, pieces)) + 2 * _BLOCK, _RECORD, extra=2 * _BLOCK))
        return (b"".join(pieces),)

    def decode(self, layout: SplitLayout, shard: ShardSpec, files: Sequence[bytes]) -> Rows:
        """All rows, in the order of the samples."""
        (data,) = files
        parts: dict[str, list[NDArray[np.uint8]]] = {"inputs": [], "labels": []}
        for name, start, size in _members(data):
            field = name.split(".")[1]
            if field in parts:
                parts[field].append(_read_array(data, start, size))
        if not parts["inputs"] or not parts["labels"]:
            raise ValueError("the tar file holds no inputs and labels")
        return np.concatenate(parts["inputs"]), np.concatenate(parts["labels"])


def _describe(layout: SplitLayout, shard: ShardSpec, sample: slice, counts: NDArray[np.int64], block: Block) -> bytes:
    """The JSON of a sample: rows are the groups in order, each with `counts` variants from the first on."""
    first = shard.groups[0]
    about: dict[str, Any] = {
        "split": layout.split,
        "groups": [first + sample.start, first + sample.stop],
        "variants": list(shard.variants),
        "counts": counts.tolist(),
        "candidates": block.candidates[sample].tolist(),
        "canonical": [digest.tobytes().hex() for digest in block.canonical[sample]],
    }
    return json.dumps(about, separators=(",", ":")).encode()


def _add_array(pieces: list[bytes | memoryview], name: str, rows: NDArray[np.uint8]) -> None:
    header = _array_header(rows.shape[0], rows.shape[1])
    payload = np.ascontiguousarray(rows).reshape(-1).data
    size = len(header) + len(payload)
    pieces += [_member_header(name, size), header, payload, _padding(size, _BLOCK)]


def _add_member(pieces: list[bytes | memoryview], name: str, data: bytes) -> None:
    pieces += [_member_header(name, len(data)), data, _padding(len(data), _BLOCK)]


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
def _array_header(num_rows: int, seq_len: int) -> bytes:
    buffer = BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": (num_rows, seq_len)}
    np.lib.format.write_array_header_1_0(buffer, about)
    return buffer.getvalue()


def _members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, first byte and size of every member."""
    position = 0
    while position + _BLOCK <= len(data):
        header = data[position : position + _BLOCK]
        if not header[0]:
            return
        name = header[_NAME].rstrip(b"\0").decode("ascii")
        size = int(header[_SIZE].rstrip(b"\0 "), 8)
        start = position + _BLOCK
        if start + size > len(data):
            raise ValueError(f"the tar file ends inside {name}")
        yield name, start, size
        position = start + size + -size % _BLOCK
    raise ValueError("the tar file ends without its end mark")


@lru_cache(maxsize=1024)
def _parse_array_header(header: bytes) -> tuple[int, ...]:
    """Shape of a uint8 array in C order, from the header of its npy file."""
    buffer = BytesIO(header)
    np.lib.format.read_magic(buffer)
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(buffer)
    if is_fortran or dtype != np.uint8:
        raise ValueError(f"an array is {dtype}, expected uint8 in C order")
    return tuple(shape)


def _read_array(data: bytes, start: int, size: int) -> NDArray[np.uint8]:
    """A view of an npy member; version 1.0 has the length of its header in bytes 8 and 9."""
    header_size = 10 + int.from_bytes(data[start + 8 : start + 10], "little")
    shape = _parse_array_header(data[start : start + header_size])
    return np.frombuffer(data, np.uint8, size - header_size, start + header_size).reshape(shape)
