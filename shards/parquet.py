"""Reading Parquet files of a known schema that someone else may have written: nothing is taken by what they claim.

A few bytes of Parquet can stand for gigabytes: a compressed page says itself how much it unpacks to, a dictionary gives
a long text to every row, and encodings by differences repeat a long prefix. Arrow believes all of it. So before it
reads, the headers of all pages are read here and added up, and pages in other encodings than ours are refused; texts
are then read as indices into their dictionary, or in portions that stay small however long they are.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

_ROW_BYTES = 1024
_ROOM_BYTES = 64 << 10
_MOST_BYTES = 512 << 20
_WRITER = "parquet-cpp-arrow version "
_ROWS_PER_PAGE = 128
"""A page has as many rows or more, where there are so many; Arrow's have about 20,000."""
PLAIN, RLE, DIFFERENCES, COMMON_BEGINNINGS, DICTIONARY = 0, 3, 5, 7, 8
"""Encodings of values in pages, by their numbers in the format."""
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_DEEPEST = 3


@contextmanager
def open_parquet(
    data: bytes, schema: Any, num_rows: int, encodings: Collection[int], rows_per_byte: int = 1
) -> Iterator[tuple[Any, int]]:
    """A ``pyarrow.parquet.ParquetFile`` over a file that is safe to be read, and how much its pages unpack to.

    Args:
        data: its bytes.
        schema: the Arrow schema that it must have, its texts as dictionaries where they are to be read so.
        num_rows: that it must have.
        encodings: that its values may be in.
        rows_per_byte: more than this are taken for a bomb.

    Raises:
        ValueError: it has another schema or number of rows, or unpacks to more than so many rows can be.
        pyarrow.ArrowException: it is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if num_rows > rows_per_byte * len(data) + _ROOM_BYTES or len(data) > _most_bytes(num_rows):
        raise ValueError(f"{len(data)} bytes cannot be {num_rows} rows")
    names = pq.read_metadata(pa.BufferReader(data)).schema.names
    if names != schema.names:
        raise ValueError(f"its columns are {', '.join(names)[:1000]}, expected {', '.join(schema.names)}")
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    with pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts) as file:
        if not file.schema_arrow.equals(schema):
            raise ValueError(f"its columns are {_told(file.schema_arrow)}, expected {_told(schema)}")
        if file.metadata.num_rows != num_rows:
            raise ValueError(f"it has {file.metadata.num_rows} rows, expected {num_rows}")
        yield file, _check_pages(data, file.metadata, encodings)


def _most_bytes(num_rows: int) -> int:
    return min(_ROOM_BYTES + _ROW_BYTES * num_rows, _MOST_BYTES)


def _told(schema: Any) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)[:1000]


def _check_pages(data: bytes, metadata: Any, encodings: Collection[int]) -> int:
    """Read the headers of all pages; what they unpack to, all together."""
    if not str(metadata.created_by).startswith(_WRITER):
        raise ValueError("it was not written by pyarrow")
    total, most = 0, _most_bytes(metadata.num_rows)
    for group in range(metadata.num_row_groups):
        about = metadata.row_group(group)
        if not about.num_rows:
            continue
        for number in range(about.num_columns):
            column = about.column(number)
            if column.compression != "ZSTD" or column.num_values != about.num_rows:
                raise ValueError(f"the column {column.path_in_schema} is not packed as ours are")
            most_pages = 2 + about.num_rows // _ROWS_PER_PAGE
            total += _unpacked_bytes(data, column, encodings, most_pages)
            if total > most:
                raise ValueError(f"it unpacks to more than {most} bytes, too much for {metadata.num_rows} rows")
    return total


def _unpacked_bytes(data: bytes, column: Any, encodings: Collection[int], most_pages: int) -> int:
    """What the pages of one column of a row group unpack to."""
    # Arrow begins at the first of both.
    position = column.data_page_offset
    if column.has_dictionary_page and 0 < column.dictionary_page_offset < position:
        position = column.dictionary_page_offset
    stop, total = position + column.total_compressed_size, 0
    if not 0 <= position < stop <= len(data):
        raise ValueError(f"the column {column.path_in_schema} lies outside the file")
    while position < stop:
        header = _Header(data, position)
        page = header.read_struct()
        unpacked, packed, about = page.get(2), page.get(3), page.get(5, page.get(7))
        if page.get(1) not in (_DATA_PAGE, _DICTIONARY_PAGE) or not isinstance(about, dict):
            raise ValueError(f"the column {column.path_in_schema} has a page of an unknown kind")
        if about.get(2) not in encodings:
            raise ValueError(f"the column {column.path_in_schema} has a page of another encoding than ours")
        if not (isinstance(unpacked, int) and isinstance(packed, int)) or min(unpacked, packed) < 0:
            raise ValueError(f"the column {column.path_in_schema} has a page of no size")
        position = header.position + packed
        total, most_pages = total + unpacked, most_pages - 1
        if position > stop or most_pages < 0:
            raise ValueError(f"the column {column.path_in_schema} has too many pages")
    return total


class _Header:
    """Reads a page's header: a struct in Thrift's compact protocol, of numbers, texts and structs.

    Args:
        data: the file.
        position: where the header begins; afterwards where it ends.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position

    def read_struct(self, depth: int = 0) -> dict[int, Any]:
        """Values by the numbers of their fields."""
        if depth > _DEEPEST:
            raise ValueError("a page's header is nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._number()
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self._number()
        if kind == 8:
            length = self._varint()
            self.position += length
            return None
        if kind == 12:
            return self.read_struct(depth + 1)
        raise ValueError("a page's header has a field of an unknown type")

    def _byte(self) -> int:
        if self.position >= len(self._data):
            raise ValueError("the file ends inside a page's header")
        self.position += 1
        return self._data[self.position - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a page's header has a number without end")

    def _number(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
