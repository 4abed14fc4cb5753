"""Packed members of tar shards: plain gzip, the same on every machine, and refused where they are not what they say."""

import gzip
import hashlib
import io
import tarfile
import zlib
from importlib.metadata import version

import numpy as np
import pytest

from tests.shards_corpora import RAGGED, block_rows, encode, split_layout
from trmpipe.shards import CODECS
from trmpipe.shards.codecs import webdataset as webdataset_format


@pytest.fixture
def packed():
    """Content [inputs, labels] of the gzip members of one sample, and the members."""
    layout = split_layout("train", **RAGGED, group_block=5, variant_block=9)
    shard = layout.shards()[0]
    (data,) = encode(CODECS["webdataset"], layout, shard)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [tar.extractfile(f"00000000-000000.{field}.npy.gz").read() for field in ("inputs", "labels")]
    return [rows[: layout.rows(shard)[0]] for rows in block_rows(layout.split, layout, shard)], members


def test_members_are_plain_gzip(packed):
    for rows, member in zip(*packed, strict=True):
        # It unpacks one file and refuses what is cut off or goes on.
        assert np.array_equal(np.load(io.BytesIO(gzip.decompress(member)), allow_pickle=False), rows)


def test_a_gzip_member_is_the_same_at_any_time_and_without_a_name(packed):
    for member in packed[1]:
        # RFC 1952: magic, deflate, no flags, hence no name; four bytes of time, no extra flags, unknown system.
        assert member[:10] == bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])


_DEFLATE = "0.9.0"
_DIGEST_OF_GRIDS = "ae00967413bebec2eb77e4b058ba8e301917c22609b1cad83ac7332d1c5414db"
"""SHA-256 of the grids below as packed by the version of `constraints.txt` (libdeflate 1.25). Another one may pack
otherwise: then the CHANGELOG says so under "Data and RNG compatibility", and both are renewed."""


def test_members_are_the_same_on_every_machine():
    grids = (np.arange(600 * 900) ** 2 // 7 % 11).astype(np.uint8).reshape(600, 900)
    grids[:, 300:] = 0
    pieces = []
    webdataset_format._add_array(pieces, "grids.npy", grids, compressed=True)
    found = hashlib.sha256(pieces[1]).hexdigest()
    assert (version("deflate"), found) == (_DEFLATE, _DIGEST_OF_GRIDS)


def test_grids_are_packed_as_tight_as_by_zlib():
    rows = np.zeros((4000, 900), np.uint8)
    rng = np.random.default_rng(0)
    for grid in rows.reshape(-1, 30, 30):
        height, width = rng.integers(3, 15, 2)
        grid[:height, :width] = 2 + (rng.random((height, width)) < 0.3) * rng.integers(0, 10)
    pieces = []
    webdataset_format._add_array(pieces, "grids.npy", rows, compressed=True)
    # A tenth of room: libdeflate packs 24.7 times where zlib packs 23.3 (docs/results/gzip.md).
    assert len(pieces[1]) < 1.1 * len(zlib.compress(rows.tobytes(), 4))


def test_a_member_that_claims_more_than_the_shard_holds_is_refused():
    """A corpus of a stranger: no memory is taken for what a member says of itself."""
    layout = split_layout("train", [5], group_block=1, variant_block=5, examples=[3], compressed=True)
    codec, shard = CODECS["webdataset"], layout.shards()[0]
    (data,) = encode(codec, layout, shard)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.getmember("00000000-000000.labels.npy.gz")
    changed = bytearray(data)
    end = member.offset_data + member.size
    changed[end - 4 : end] = (3 << 30).to_bytes(4, "little")
    with pytest.raises(ValueError, match=r"cannot be unpacked: it has 3221225472 bytes, expected 263$"):
        codec.decode(layout, shard, (bytes(changed),))


@pytest.mark.parametrize("position", [0, 10, 20, -12, -3])
def test_a_changed_gzip_member_is_refused(position):
    layout = split_layout("train", [5], group_block=1, variant_block=5, examples=[3], compressed=True)
    codec, shard = CODECS["webdataset"], layout.shards()[0]
    (data,) = encode(codec, layout, shard)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.getmember("00000000-000000.labels.npy.gz")
    changed = bytearray(data)
    changed[member.offset_data + position % member.size] ^= 1
    with pytest.raises(ValueError, match="cannot be unpacked"):
        codec.decode(layout, shard, (bytes(changed),))
