"""Tables of measures: which columns they have, what these hold, and how they become Parquet and are believed again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.shards.fields import Word
from trmpipe.shards.json_files import convert
from trmpipe.shards.parquet import DICTIONARY, PLAIN, RLE, open_parquet

Table = Mapping[str, NDArray[Any]]
"""Columns of equal length by name: int64, float64, bool, or objects that are texts."""
WHOLE, REAL, FLAG, WORD = "whole", "real", "flag", "word"
_KINDS = {WHOLE: np.int64, REAL: np.float64, FLAG: np.bool_, WORD: np.object_}
_ROWS_PER_BYTE = 64
"""Columns of equal values pack well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column of a table holds.

    Attributes:
        kind: `WHOLE`, `REAL`, `FLAG` or `WORD`.
        says: what its values mean, with their unit.
        least: the smallest value that a number may have.
        most: the largest one.
        gaps: whether a real number may be missing, which is NaN.
        words: the texts that may stand in it; none for any.
    """

    kind: str
    says: str
    least: float = -math.inf
    most: float = math.inf
    gaps: bool = False
    words: tuple[str, ...] = ()


def whole(says: str, *, least: int = 0) -> Column:
    """A column of whole numbers."""
    return Column(kind=WHOLE, says=says, least=least)


def real(says: str, *, least: float = -math.inf, most: float = math.inf, gaps: bool = False) -> Column:
    """A column of real numbers.

    Args:
        says: what they mean.
        least: the smallest.
        most: the largest.
        gaps: whether one may be missing.
    """
    return Column(kind=REAL, says=says, least=least, most=most, gaps=gaps)


def share(says: str, *, gaps: bool = False) -> Column:
    """A column of shares, 0 to 1."""
    return real(says, least=0.0, most=1.0, gaps=gaps)


def flag(says: str) -> Column:
    """A column of yes and no."""
    return Column(kind=FLAG, says=says)


def word(says: str, *words: str) -> Column:
    """A column of texts, each one of `words` where there are some."""
    return Column(kind=WORD, says=says, words=words)


def checked(table: Table, columns: Mapping[str, Column]) -> Table:
    """The table, if it is one of such columns.

    Raises:
        ValueError: it has other columns, columns of several lengths, or a value that its column cannot hold.
    """
    if list(table) != list(columns):
        raise ValueError(f"its columns are {', '.join(table)}, expected {', '.join(columns)}")
    if len({len(values) for values in table.values()}) > 1:
        raise ValueError("its columns are of several lengths")
    for name, column in columns.items():
        if table[name].dtype != _KINDS[column.kind] or table[name].ndim != 1:
            raise ValueError(f"its column {name} is {table[name].dtype}, expected {column.kind} values")
        _check_values(name, table[name], column)
    return table


def _check_values(name: str, values: NDArray[Any], column: Column) -> None:
    if column.kind == WORD:
        strange = sorted({str(value) for value in values} - set(column.words)) if column.words else []
        if strange:
            raise ValueError(f"its column {name} says {strange[0]:.60}, expected one of {', '.join(column.words)}")
    elif column.kind != FLAG:
        known = values[~np.isnan(values)]
        if len(known) < len(values) and not column.gaps:
            raise ValueError(f"a value of its column {name} is missing")
        if not ((known >= column.least) & (known <= column.most) & np.isfinite(known)).all():
            raise ValueError(f"a value of its column {name} is not from {column.least:g} to {column.most:g}")


def table_bytes(table: Table, columns: Mapping[str, Column], about: Mapping[str, str]) -> bytes:
    """A table as a Parquet file.

    Args:
        table: of one row or more.
        columns: that it has; what they mean is noted in the file.
        about: noted in the file too.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    said = {f"column.{name}": column.says for name, column in columns.items()}
    schema = _schema(columns)
    arrays = {name: pa.array(values) for name, values in checked(table, columns).items()}
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd", store_schema=False) as writer:
        writer.write_table(pa.table(arrays, schema=schema))
        writer.add_key_value_metadata({**about, **said})
    return bytes(sink.getvalue())


def read_table(data: bytes, columns: Mapping[str, Column], num_rows: int, where: str, advice: str) -> Table:
    """The table in a Parquet file that anybody may have written.

    Args:
        data: its bytes.
        columns: that it must have.
        num_rows: that it must have.
        where: its name, for messages.
        advice: what to do if it is damaged, for messages.

    Raises:
        DamagedError: a text in it is none that can be printed.
        ValueError: it is no such table.
        pyarrow.ArrowException: it is no Parquet file.
    """
    import pyarrow as pa

    texts = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema([field.with_type(texts) if field.type == pa.string() else field for field in _schema(columns)])
    with open_parquet(data, schema, num_rows, (PLAIN, RLE, DICTIONARY), _ROWS_PER_BYTE) as (file, _):
        # On this thread alone, as in the catalog.
        read = file.read(use_threads=False)
    read.validate(full=True)
    found = {}
    for name, column in columns.items():
        values = read[name]
        if values.null_count:
            raise ValueError(f"a value of its column {name} is missing")
        if column.kind == WORD:
            found[name] = np.array(convert(values.to_pylist(), list[Word], where, advice), np.object_)
        else:
            found[name] = values.to_numpy()
    return checked(found, columns)


def _schema(columns: Mapping[str, Column]) -> Any:
    import pyarrow as pa

    kinds = {WHOLE: pa.int64(), REAL: pa.float64(), FLAG: pa.bool_(), WORD: pa.string()}
    return pa.schema([(name, kinds[column.kind]) for name, column in columns.items()])
