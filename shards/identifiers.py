"""The table of puzzle identifiers: which variant of which training group each one is, and what it is called.

Identifiers count the variants of the training groups from 1; 0 is the blank one. A test group of the same task has
those of its training group. The table is a Parquet file of a row an identifier, made and read in portions: a corpus has
about a million of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .errors import DamagedError
from .layout import SplitLayout

IDENTIFIERS = "identifiers.parquet"
BLANK_NAME = "<blank>"
"""Name of identifier 0 (the published data's)."""
_ROWS_PER_PORTION = 1 << 16


def identifiers_bytes(layout: SplitLayout, names: Iterable[Sequence[str]]) -> bytes:
    """The file of a training split whose puzzles have identifiers.

    Args:
        layout: of the training split, its identifiers counted on from 1 over the groups.
        names: of its variants, by rising group and variant, in portions of any size.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    stops = np.cumsum(layout.variants)
    assert np.array_equal(layout.first_identifiers, 1 + stops - layout.variants), "identifiers are counted from 1"
    sink = pa.BufferOutputStream()
    # Numbers that rise by one and names that begin alike take next to nothing as differences.
    encodings = {name: "DELTA_BINARY_PACKED" for name in ("identifier", "group", "variant")}
    options = {"compression": "zstd", "store_schema": False, "use_dictionary": False}
    first = 0
    with pq.ParquetWriter(
        sink, _schema(), **options, column_encoding={**encodings, "name": "DELTA_BYTE_ARRAY"}
    ) as file:
        for portion in _regular(names):
            puzzles = np.arange(first, first + len(portion))
            groups = np.searchsorted(stops, puzzles, side="right")
            variants = puzzles - (stops - layout.variants)[groups]
            columns = [(puzzles + 1).astype(np.int32), portion, groups, variants]
            file.write_table(pa.table(columns, schema=_schema()))
            first += len(portion)
    assert first == layout.num_puzzles, f"{first} variants are named, there are {layout.num_puzzles}"
    return bytes(sink.getvalue())


def read_names(data: bytes) -> list[str]:
    """Names by identifier, from the file; the blank one first.

    Raises:
        DamagedError: it is no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # On this thread alone, for the reason that `catalog.read_catalog` gives.
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            names: list[str] = file.read(columns=["name"], use_threads=False)["name"].to_pylist()
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DamagedError(f"{IDENTIFIERS} is damaged: {' '.join(str(error).split())}") from error
    return [BLANK_NAME, *names]


def _regular(names: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """The same names in portions of one size, so that the file does not depend on how they came."""
    waiting: list[str] = []
    for portion in names:
        waiting += portion
        while len(waiting) >= _ROWS_PER_PORTION:
            yield waiting[:_ROWS_PER_PORTION]
            waiting = waiting[_ROWS_PER_PORTION:]
    if waiting:
        yield waiting


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [("identifier", pa.int32()), ("name", pa.string()), ("group", pa.int64()), ("variant", pa.int64())]
    )
