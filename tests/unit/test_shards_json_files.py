"""JSON that is believed: typed, bounded and sealed; every fault is one line of ours."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fuzz.mutations import DEEP, every_bit
from trmpipe.shards import DamagedError
from trmpipe.shards import json_files as files
from trmpipe.shards.fields import MOST, Count, Digest, FileName, FileSize, Positive, RelativePath, Word
from trmpipe.shards.json_files import check_seal, convert, digest_of_sealed, read_json, read_sealed, seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    name: FileName
    count: Count = 0
    more: tuple[Positive, ...] = ()


def refused(call, message):
    with pytest.raises(DamagedError, match=message) as error:
        call()
    assert str(error.value).startswith("the file is damaged: ")
    assert str(error.value).endswith("; make it again")
    assert str(error.value).isprintable()


def test_a_value_of_the_right_type_is_read():
    data = json.dumps({"name": "x", "count": MOST, "more": [1, 2], "unknown": None}).encode()
    assert read_json(data, Thing, "the file", "") == Thing(name="x", count=MOST, more=(1, 2))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"\xff", "damaged"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "missing required field `name`"),
        (b'{"name": 1}', r"Expected `str`, got `int` - at `\$\.name`"),
        (b'{"name": "x", "count": -1}', r">= 0.*count"),
        (b'{"name": "x", "count": 9223372036854775808}', "count"),
        (b'{"name": "x", "count": 1.5}', "count"),
        (b'{"name": "x", "count": NaN}', "malformed"),
        (b'{"name": "x", "more": [0]}', r"more"),
        (DEEP.encode(), "damaged"),
        (b'{"name": "x", "unknown": ' + DEEP.encode() + b"}", "nested too deep"),
    ],
)
def test_anything_else_is_refused(data, message):
    refused(lambda: read_json(data, Thing, "the file", "make it again"), message)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    refused(lambda: read_json(b'{"name": "x"}', Thing, "the file", "make it again"), "it has 13 bytes, expected 10")


def test_plain_values_are_checked_alike():
    assert convert({"name": "x"}, Thing, "the file", "") == Thing(name="x")
    refused(lambda: convert({"name": ".."}, Thing, "the file", "make it again"), "name")


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (Digest, ["0" * 64, "09af" * 16], ["0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", "g" * 64]),
        (Count, [0, 1, MOST], [-1, MOST + 1, 2**64, 1.0, True, "1", None]),
        (FileSize, [0, 512 << 20], [-1, (512 << 20) + 1]),
        (Positive, [1, MOST], [0, -1, MOST + 1]),
        (Word, ["", "a b", "ü", "..", "a/b"], ["\n", "a\x1b[2J", "\x7f", "\x9b", "\u2028", "\u202e", "x" * 1001]),
        (FileName, ["a", "a b", "...", ".hidden", "x" * 255], ["", ".", "..", "a/b", "/a", "a\\b", "a\0", "x" * 256]),
        (
            RelativePath,
            ["a", "a/b", ".progress/plan.json", "a/..b"],
            ["", "/a", "a/", "a//b", "..", "a/..", "../a", "a/../b", "./a", "a/./b", "a\\b", "a\n", "a/b\n", "C:\\a"],
        ),
    ],
)
def test_each_type_of_field_takes_what_it_says(kind, right, wrong):
    for value in right:
        assert convert(value, kind, "it", "") == value
    for value in wrong:
        with pytest.raises(DamagedError):
            convert(value, kind, "it", "")


SEALED = seal({"b": [1, 2], "a": "ü"})


def test_a_seal_is_the_digest_of_the_other_lines():
    lines = SEALED.splitlines(keepends=True)
    assert json.loads(SEALED) == {"digest": digest_of_sealed(SEALED), "a": "ü", "b": [1, 2]}
    assert lines[1] == f'  "digest": "{hashlib.sha256(lines[0] + b"".join(lines[2:])).hexdigest()}",\n'.encode()
    assert read_sealed(SEALED, dict[str, Any], "it", "")["a"] == "ü"


def test_no_changed_bit_passes_a_seal():
    for changed in every_bit(SEALED):
        with pytest.raises(DamagedError):
            check_seal(changed, "the file", "make it again")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        SEALED + b" ",
        SEALED[:-1],
        b" " + SEALED,
        SEALED.replace(b"\n", b"\r\n"),
        json.dumps({"a": 1}).encode(),
    ],
)
def test_other_bytes_have_no_seal(data):
    with pytest.raises(DamagedError, match=r"the file is damaged: (it has no digest of itself|its digest is not)"):
        check_seal(data, "the file", "make it again")
