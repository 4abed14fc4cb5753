"""Reading and writing the JSON files that are believed: typed where they are read, and sealed.

`read_json` takes a file's bytes to a value of a given type and turns whatever can be wrong with them into one error.
msgspec reads: it knows our dataclasses and the bounds of `fields`, and names the place of what is wrong. A manifest of
10,000 shards takes it 21 ms, as long as `json.loads` without any check; pydantic takes 29, and half as long again to
import, with four packages of its own.

A **sealed** file is canonical JSON whose second line is the SHA-256 of all its other lines::

    {
      "digest": "<64 hex digits>",
      ...

so that no changed bit is believed, and ``sed 2d FILE | sha256sum`` checks it anywhere.
"""

import re
from typing import Any, TypeVar

import msgspec

from .digests import canonical_json, sha256_hex
from .errors import DamagedError

Value = TypeVar("Value")

MOST_BYTES = 32 << 20
"""Size from which on no JSON file is read, but where what it tells of says more; a manifest has 500 to 700 bytes a
shard."""

_PATTERN = re.compile(r"Expected `str` matching regex '.*'(?= - at|\Z)")
_SEAL = re.compile(rb'\{\n  "digest": "([0-9a-f]{64})",\n')


def read_json(data: bytes, kind: type[Value], where: str, advice: str, most_bytes: int | None = None) -> Value:
    """The value of a JSON file.

    Args:
        data: its bytes.
        kind: type of the value: a dataclass, or ``dict[str, Any]``; unknown fields are passed over.
        where: its name, for the message.
        advice: what to do if it is damaged, for the message.
        most_bytes: its size at most, where that may be more than `MOST_BYTES`.

    Raises:
        DamagedError: it is no JSON, or a value is missing, of another type or out of its range.
    """
    most = MOST_BYTES if most_bytes is None else most_bytes
    if len(data) > most:
        raise DamagedError(f"{where} is damaged: it has {len(data)} bytes, expected {most} at most; {advice}")
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{where} is damaged: {_reason(error)}; {advice}") from error


def convert(value: Any, kind: type[Value], where: str, advice: str) -> Value:
    """A value of a given type out of plain JSON values, checked like those of `read_json`.

    Args:
        value: objects, arrays, texts and numbers.
        kind: type of the result.
        where: where it comes from, for the message.
        advice: what to do if it is damaged, for the message.

    Raises:
        DamagedError: a value is missing, of another type or out of its range.
    """
    try:
        return msgspec.convert(value, type=kind)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{where} is damaged: {_reason(error)}; {advice}") from error


def seal(value: dict[str, Any]) -> bytes:
    """The bytes of a sealed file that says `value`."""
    body = canonical_json(value)
    return b'{\n  "digest": "%s",\n' % sha256_hex(body).encode() + body[2:]


def digest_of_sealed(data: bytes) -> str:
    """The digest in a sealed file, as `check_seal` found it sound."""
    match = _SEAL.match(data)
    assert match
    return match[1].decode()


def check_seal(data: bytes, where: str, advice: str) -> None:
    """Refuse a sealed file of which a bit is changed.

    Args:
        data: its bytes.
        where: its name, for the message.
        advice: what to do if it is damaged, for the message.

    Raises:
        DamagedError: it has no seal, or one that does not fit.
    """
    match = _SEAL.match(data)
    if match is None:
        raise DamagedError(f"{where} is damaged: it has no digest of itself; {advice}")
    if sha256_hex(b"{\n" + data[match.end() :]) != match[1].decode():
        raise DamagedError(f"{where} is damaged: its digest is not that of its content; {advice}")


def read_sealed(data: bytes, kind: type[Value], where: str, advice: str, most_bytes: int | None = None) -> Value:
    """The value of a sealed file.

    Args:
        data: its bytes.
        kind: type of the value.
        where: its name, for the message.
        advice: what to do if it is damaged, for the message.
        most_bytes: as of `read_json`.

    Raises:
        DamagedError: a bit of it is changed, or a value is missing, of another type or out of its range.
    """
    check_seal(data, where, advice)
    return read_json(data, kind, where, advice, most_bytes)


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    # A regular expression says nothing to most people.
    return _PATTERN.sub("a text has a form or characters that are not allowed", " ".join(str(error).split()))
