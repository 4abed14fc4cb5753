"""The catalog: one row a group, as a Parquet file that any table tool opens.

It answers for a group what a reader needs before it opens a shard: how many variants it has, where its base lies,
which class it belongs to, how hard it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DamagedError
from .records import UnitRecord

CATALOG = "catalog.parquet"
_DIGEST_BYTES = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitCatalog:
    """The groups of one split, in order.

    Attributes:
        candidates: int64 [G], index in the random stream or input file.
        variants: int64 [G], number of variants, the base included.
        examples: int64 [G], examples of each variant.
        first_identifiers: int32 [G], puzzle identifier of the base, 0 where puzzles have none.
        names: of the groups, None where they have none.
        clues: int64 [G], cells of the base that already show the answer.
        difficulty: float64 [G], 0 or more, NaN where the task has no measure.
        canonical: bytes of each group's class digest.
        digests: bytes of each group's content digest.
    """

    candidates: NDArray[np.int64]
    variants: NDArray[np.int64]
    examples: NDArray[np.int64]
    first_identifiers: NDArray[np.int32]
    names: tuple[str | None, ...]
    clues: NDArray[np.int64]
    difficulty: NDArray[np.float64]
    canonical: tuple[bytes, ...]
    digests: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.variants)

    @cached_property
    def classes(self) -> frozenset[bytes]:
        """The class digests as a set."""
        return frozenset(self.canonical)


def catalog_bytes(units: Iterable[UnitRecord]) -> bytes:
    """The catalog file of these units, given split by split and in the order of their groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = {name: [] for name in _schema().names}
    for unit in units:
        _add_unit(columns, unit)
    table = pa.table(columns, schema=_schema())
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    return bytes(sink.getvalue())


def read_catalog(data: bytes) -> dict[str, SplitCatalog]:
    """The splits of a catalog file.

    Raises:
        DamagedError: it is no catalog.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = _schema().names
    try:
        # On this thread alone: Arrow's threads may outlive the call and hold Python's memory, and an interpreter that
        # ends meanwhile aborts.
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            table = file.read(columns=names, use_threads=False).select(names)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DamagedError(f"{CATALOG} is damaged: {' '.join(str(error).split())}") from error
    splits = np.array(table["split"].to_pylist(), object)
    return {split: _split(table.filter(pa.array(splits == split))) for split in dict.fromkeys(splits)}


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            ("split", pa.string()),
            ("group", pa.int64()),
            ("key", pa.string()),
            ("candidate", pa.int64()),
            ("shard", pa.string()),
            ("variants", pa.int64()),
            ("examples", pa.int64()),
            ("identifier", pa.int32()),
            ("name", pa.string()),
            ("clues", pa.int64()),
            ("difficulty", pa.float64()),
            ("canonical", pa.binary(_DIGEST_BYTES)),
            ("digest", pa.binary(_DIGEST_BYTES)),
        ]
    )


def _add_unit(columns: dict[str, list[Any]], unit: UnitRecord) -> None:
    groups = range(*unit.groups)
    base = unit.shards[0].files[0].path
    columns["split"] += [unit.split] * len(groups)
    columns["group"] += groups
    columns["key"] += [f"{group:08d}" for group in groups]
    columns["candidate"] += unit.candidates
    columns["shard"] += [base] * len(groups)
    columns["variants"] += unit.variants
    columns["examples"] += [count * size for count, size in zip(unit.variants, unit.examples, strict=True)]
    columns["identifier"] += unit.first_identifiers
    columns["name"] += unit.names
    columns["clues"] += unit.clues
    columns["difficulty"] += unit.difficulty
    columns["canonical"] += [bytes.fromhex(digest) for digest in unit.canonical]
    columns["digest"] += [bytes.fromhex(digest) for digest in unit.digests]


def _split(table: Any) -> SplitCatalog:
    return SplitCatalog(
        candidates=table["candidate"].to_numpy(),
        variants=table["variants"].to_numpy(),
        examples=table["examples"].to_numpy() // table["variants"].to_numpy(),
        first_identifiers=table["identifier"].to_numpy(),
        names=tuple(table["name"].to_pylist()),
        clues=table["clues"].to_numpy(),
        difficulty=table["difficulty"].to_numpy(zero_copy_only=False),
        canonical=tuple(table["canonical"].to_pylist()),
        digests=tuple(table["digest"].to_pylist()),
    )
