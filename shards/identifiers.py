"""The table of puzzle identifiers: which variant of which training group each one is, and what it is called.

Identifiers count the variants of the training groups from 1; 0 is the blank one. A test group of the same task has
those of its training group. The table is a Parquet file of a row an identifier, made and read in portions: a corpus has
about a million of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DamagedError
from .fields import Word
from .json_files import convert
from .layout import SplitLayout
from .parquet import COMMON_BEGINNINGS, DIFFERENCES, PLAIN, RLE, open_parquet
from .urls import in_one_line

IDENTIFIERS = "identifiers.parquet"
BLANK_NAME = "<blank>"
"""Name of identifier 0 (the published data's)."""
_ROWS_PER_PORTION = 1 << 16
_ROWS_PER_BYTE = 16
_PORTION_BYTES = 64 << 20
_ADVICE = "delete the corpus and generate it again"


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
            groups, variants = _places(layout, puzzles)
            columns = [(puzzles + 1).astype(np.int32), portion, groups, variants]
            file.write_table(pa.table(columns, schema=_schema()))
            first += len(portion)
    assert first == layout.num_puzzles, f"{first} variants are named, there are {layout.num_puzzles}"
    return bytes(sink.getvalue())


def read_names(data: bytes, layout: SplitLayout, where: str) -> list[str]:
    """Names by identifier, from the file; the blank one first.

    Args:
        data: the file's bytes.
        layout: of the training split.
        where: the file's name, for messages.

    Raises:
        DamagedError: it is no such file, or not that of the layout.
    """
    encodings = (PLAIN, RLE, DIFFERENCES, COMMON_BEGINNINGS)
    names, first = [BLANK_NAME], 0
    try:
        with open_parquet(data, _schema(), layout.num_puzzles, encodings, _ROWS_PER_BYTE) as (file, unpacked_bytes):
            # A name may be as long as all pages, as it says how much of the one before it repeats.
            num_rows = max(1, min(_ROWS_PER_PORTION, _PORTION_BYTES // max(1, unpacked_bytes)))
            # On this thread alone, for the reason that `catalog.read_catalog` gives.
            for portion in file.iter_batches(batch_size=num_rows, use_threads=False):
                portion.validate(full=True)
                _check_places(portion, layout, first)
                names += convert(portion["name"].to_pylist(), list[Word], where, _ADVICE)
                first += len(portion)
    except DamagedError:
        raise
    except Exception as error:
        raise DamagedError(f"{where} is damaged: {in_one_line(error)}; {_ADVICE}") from error
    return names


def _check_places(portion: Any, layout: SplitLayout, first: int) -> None:
    """Refuse rows that are not the variants of the layout from number `first` on."""
    if any(column.null_count for column in portion.columns):
        raise ValueError("a row has no name or number")
    groups, variants = _places(layout, np.arange(first, first + len(portion)))
    for name, expected in (
        ("identifier", first + 1 + np.arange(len(portion))),
        ("group", groups),
        ("variant", variants),
    ):
        if not np.array_equal(portion[name].to_numpy(), expected):
            raise ValueError(f"a row has another {name} than its place says")


def _places(layout: SplitLayout, puzzles: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups and variants of puzzles by their number in the split."""
    stops = np.cumsum(layout.variants)
    groups = np.searchsorted(stops, puzzles, side="right")
    return groups, puzzles - (stops - layout.variants)[groups]


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
