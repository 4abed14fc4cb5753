"""Plain tar files: members written with fixed headers, and read only as they are written.

Headers come from the standard library's tarfile, once for every size of member; per member only the name and the
checksum are put in (2 us instead of 30). A reader knows which members a file must have, makes the header that each must
have and compares: so type, checksum, mode and every other field are checked at once, and of all that a header says only
the size is taken from it.
"""

import tarfile
import zlib
from collections.abc import Iterable
from functools import lru_cache

UNIT = 512
"""Headers take one, contents whole numbers of them."""
_RECORD = 20 * UNIT
_NAME = slice(0, 100)
_SIZE = slice(124, 135)
_CHECKSUM = slice(148, 156)
_PADDING = bytes(UNIT)


def member_pieces(name: str, *parts: bytes | memoryview) -> list[bytes | memoryview]:
    """The bytes of a member whose content is the `parts` in a row."""
    size = sum(map(len, parts))
    return [member_header(name, size), *parts, bytes(-size % UNIT)]


def end_mark(size_bytes: int) -> bytes:
    """What ends a file whose members take so many bytes: two empty headers, filled up to whole records."""
    return bytes(2 * UNIT + -(size_bytes + 2 * UNIT) % _RECORD)


def member_header(name: str, size_bytes: int) -> bytes:
    """The header of a member, in USTAR, with mode 0644 and no owner and time."""
    total, before, after = _header_parts(size_bytes)
    encoded = name.encode("ascii")
    assert len(encoded) < _NAME.stop
    # The low half of Adler-32 is the sum of the bytes and 1; to add them up in Python takes twice as long.
    checksum = total + (zlib.adler32(encoded) & 0xFFFF) - 1
    return encoded.ljust(_NAME.stop, b"\0") + before + b"%06o\0 " % checksum + after


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
        start = position + UNIT
        header = data[position:start]
        try:
            # Spellings of a size that are not ours make another header than ours.
            size = int(header[_SIZE], 8)
        except ValueError:
            size = -1
        if size < 0 or header != member_header(name, size):
            raise ValueError(_what_is_wrong(header, name))
        stop = start + size
        position = stop + -size % UNIT
        if position > len(data):
            raise ValueError(f"the tar file ends inside {name}")
        if data[stop:position] != _PADDING[: position - stop]:
            raise ValueError(f"the tar file has bytes between {name} and the next member")
        contents.append(view[start:stop])
    if data[position:] != end_mark(position):
        raise ValueError(f"the tar file does not end with its end mark after {position} bytes")
    return contents


def _what_is_wrong(header: bytes, name: str) -> str:
    if len(header) < UNIT:
        return f"the tar file ends before {name}"
    found = header[_NAME].rstrip(b"\0").decode("ascii", "backslashreplace")
    told = f"another header, of {found!r}," if any(header) else "its end mark"
    return f"the tar file has {told} where {name} is expected"


@lru_cache(maxsize=1024)
def _header_parts(size_bytes: int) -> tuple[int, bytes, bytes]:
    """Of a header without a name: the sum of its bytes with blanks for the checksum, and what is around that."""
    info = tarfile.TarInfo("x")
    info.size, info.mode = size_bytes, 0o644
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
    header[0] = 0
    header[_CHECKSUM] = b" " * 8
    return sum(header), bytes(header[_NAME.stop : _CHECKSUM.start]), bytes(header[_CHECKSUM.stop :])
