"""Plain tar files: members written with fixed headers, and read only as they are written.

Headers come from the standard library's tarfile, once for every size of member; per member only the name and the
checksum are put in (2 us instead of 30). A reader knows which members a file must have, makes the header that each must
have and compares: so type, checksum, mode and every other field are checked at once, and of all that a header says only
the size is taken from it.
"""

import re
import tarfile
from collections.abc import Iterable
from functools import lru_cache

UNIT = 512
"""Headers take one, contents whole numbers of them."""
_RECORD = 20 * UNIT
_NAME = slice(0, 100)
_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_DIGITS = re.compile(rb"[0-7]{11}\0")


def member_pieces(name: str, *parts: bytes | memoryview) -> list[bytes | memoryview]:
    """The bytes of a member whose content is the `parts` in a row."""
    size = sum(map(len, parts))
    return [member_header(name, size), *parts, bytes(-size % UNIT)]


def end_mark(size_bytes: int) -> bytes:
    """What ends a file whose members take so many bytes: two empty headers, filled up to whole records."""
    return bytes(2 * UNIT + -(size_bytes + 2 * UNIT) % _RECORD)


def member_header(name: str, size_bytes: int) -> bytes:
    """The header of a member, in USTAR, with mode 0644 and no owner and time."""
    template, total = _header_template(size_bytes)
    encoded = name.encode("ascii")
    assert len(encoded) < _NAME.stop
    checksum = b"%06o\0 " % (total + sum(encoded))
    rest = template[_NAME.stop : _CHECKSUM.start]
    return encoded.ljust(_NAME.stop, b"\0") + rest + checksum + template[_CHECKSUM.stop :]


def read_members(data: bytes, names: Iterable[str]) -> list[memoryview]:
    """The contents of a file's members, as views of it.

    Args:
        data: the file.
        names: those that its members must have, in order.

    Raises:
        ValueError: it is not what `member_pieces` of these names and `end_mark` would write.
    """
    view, position = memoryview(data), 0
    contents = []
    for name in names:
        header = data[position : position + UNIT]
        start = position + UNIT
        if len(header) < UNIT:
            raise ValueError(f"the tar file ends before {name}")
        size = int(header[_SIZE][:11], 8) if _DIGITS.fullmatch(header[_SIZE]) else -1
        if size < 0 or header != member_header(name, size):
            raise ValueError(f"the tar file has {_told(header)} where {name} is expected")
        position = start + size + -size % UNIT
        if position > len(data):
            raise ValueError(f"the tar file ends inside {name}")
        if any(view[start + size : position]):
            raise ValueError(f"the tar file has bytes between {name} and the next member")
        contents.append(view[start : start + size])
    if data[position:] != end_mark(position):
        raise ValueError(f"the tar file does not end with its end mark after {position} bytes")
    return contents


def _told(header: bytes) -> str:
    if not any(header):
        return "its end mark"
    return f"the header of another member, {header[_NAME].rstrip(bytes(1)).decode('ascii', 'backslashreplace')!r},"


@lru_cache(maxsize=1024)
def _header_template(size: int) -> tuple[bytes, int]:
    """A header without a name, and the sum of its bytes with blanks for the checksum, as the format counts it."""
    info = tarfile.TarInfo("x")
    info.size, info.mode = size, 0o644
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
    header[0] = 0
    header[_CHECKSUM] = b" " * 8
    return bytes(header), sum(header)
