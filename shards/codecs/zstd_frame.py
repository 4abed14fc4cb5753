"""Whether bytes are one zstd frame of a known content size, told from its headers alone.

zstd unpacks any number of frames in a row and passes over frames to be skipped, and what it leaves of the room that it
was given is what was there before: so a chunk must be one frame, which says how much it holds (zstd then holds it to
that), and end where its last block ends. Source: RFC 8878, section 3.1.1.
"""

_MAGIC = bytes([0x28, 0xB5, 0x2F, 0xFD])
_CONTENT_SIZE_BYTES = (0, 2, 4, 8)
_DICTIONARY_BYTES = (0, 1, 2, 4)
_CHECKSUM_BYTES = 4
_RUN, _RESERVED = 1, 3
_SHORTEST_HEADER, _LONGEST_HEADER = 6, 18


def check_frame(data: memoryview, size_bytes: int) -> None:
    """Refuse what is not one frame of `size_bytes` of content from first to last byte.

    Raises:
        ValueError: it is something else.
    """
    content_size, position, checksum_bytes = _read_header(bytes(data[:_LONGEST_HEADER]))
    is_last = False
    while not is_last:
        header = int.from_bytes(data[position : position + 3], "little")
        kind = header >> 1 & 3
        if position + 3 > len(data) or kind == _RESERVED:
            raise ValueError("a zstd frame is cut off")
        is_last = bool(header & 1)
        position += 3 + (1 if kind == _RUN else header >> 3)
    if content_size != size_bytes or position + checksum_bytes != len(data):
        raise ValueError(f"a chunk is not one zstd frame of {size_bytes} bytes")


def _read_header(data: bytes) -> tuple[int, int, int]:
    """Content size, -1 where the frame does not say it; where its first block begins; bytes of its checksum."""
    if data[:4] != _MAGIC or len(data) < _SHORTEST_HEADER:
        raise ValueError("a chunk is no zstd frame")
    descriptor = data[4]
    is_single_segment = bool(descriptor & 0x20)
    position = 5 + (not is_single_segment) + _DICTIONARY_BYTES[descriptor & 3]
    num_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6] or int(is_single_segment)
    content_size = int.from_bytes(data[position : position + num_bytes], "little") if num_bytes else -1
    # A size in two bytes begins at 256, as those below fit one.
    return content_size + (256 if num_bytes == 2 else 0), position + num_bytes, _CHECKSUM_BYTES * (descriptor >> 2 & 1)
