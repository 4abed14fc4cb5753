"""The catalog: one row a group, as a Parquet file that any table tool opens.

It answers for a group what a reader needs before it opens a shard: how many variants it has, where its base lies,
which class it belongs to, how hard it is, and what its task measures besides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.spec import COLUMNS

from .digests import DIGEST_BYTES, SPLITS
from .errors import DamagedError
from .fields import Word
from .json_files import convert
from .parquet import DICTIONARY, PLAIN, RLE, open_parquet
from .records import UnitRecord
from .urls import in_one_line

CATALOG = "catalog.parquet"
_ADVICE = "delete the corpus and generate it again"

_TEXTS = ("split", "key", "shard", "name")
_MAY_BE_NULL = ("name", "difficulty")


class Totals(Protocol):
    """What the manifest says of all groups of a split together."""

    @property
    def groups(self) -> int:
        """How many there are."""
        ...

    @property
    def puzzles(self) -> int:
        """Variants of all of them."""
        ...

    @property
    def examples(self) -> int:
        """Rows of all of them."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class SplitCatalog:
    """The groups of one split, in order.

    Attributes:
        candidates: int64 [G], index in the random stream or input file.
        variants: int64 [G], number of variants, the base included.
        examples: int64 [G], examples of each variant.
        first_identifiers: int32 [G], puzzle identifier of the base, 0 where puzzles have none.
        names: of the groups, None where they have none.
        bases: the file that holds the base of each.
        clues: int64 [G], cells of the base that already show the answer.
        difficulty: float64 [G], 0 or more, NaN where the task has no measure.
        canonical: bytes of each group's class digest.
        digests: bytes of each group's content digest.
        measures: float64 [G] each, what the task says of every base besides, 0 or more, by its names for it.
    """

    candidates: NDArray[np.int64]
    variants: NDArray[np.int64]
    examples: NDArray[np.int64]
    first_identifiers: NDArray[np.int32]
    names: tuple[str | None, ...]
    bases: tuple[str, ...]
    clues: NDArray[np.int64]
    difficulty: NDArray[np.float64]
    canonical: tuple[bytes, ...]
    digests: tuple[bytes, ...]
    measures: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.variants)

    @cached_property
    def classes(self) -> frozenset[bytes]:
        """The class digests as a set."""
        return frozenset(self.canonical)


def catalog_bytes(units: Iterable[UnitRecord], measures: Sequence[str] = ()) -> bytes:
    """The catalog file of these units, given split by split and in the order of their groups; see `read_catalog`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(measures)
    columns: dict[str, list[Any]] = {name: [] for name in schema.names}
    for unit in units:
        _add_unit(columns, unit, measures)
    table = pa.table(columns, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    return bytes(sink.getvalue())


def read_catalog(
    data: bytes, splits: Mapping[str, Totals], where: str, measures: Sequence[str] = ()
) -> dict[str, SplitCatalog]:
    """The splits of a catalog file.

    Args:
        data: its bytes.
        splits: what the manifest says of each split.
        where: its name, for messages.
        measures: names of the columns that the task has besides, which come last (``TaskSpec.measures``).

    Raises:
        DamagedError: it is no catalog, or not that of such splits.
    """
    import pyarrow as pa

    totals = {split: splits[split] for split in SPLITS if split in splits and splits[split].groups}
    num_rows = sum(about.groups for about in totals.values())
    schema = pa.schema(
        [
            field.with_type(pa.dictionary(pa.int32(), pa.string())) if field.name in _TEXTS else field
            for field in _schema(measures)
        ]
    )
    try:
        # On this thread alone: Arrow's threads may outlive the call and hold Python's memory, and an interpreter that
        # ends meanwhile aborts.
        with open_parquet(data, schema, num_rows, (PLAIN, RLE, DICTIONARY)) as (file, _):
            table = file.read(use_threads=False)
        table.validate(full=True)
        found, first = {}, 0
        for split, about in totals.items():
            found[split] = _read_split(table.slice(first, about.groups), split, about, where, measures)
            first += about.groups
    except DamagedError:
        raise
    except Exception as error:
        raise DamagedError(f"{where} is damaged: {in_one_line(error)}; {_ADVICE}") from error
    return found


def _schema(measures: Sequence[str]) -> Any:
    import pyarrow as pa

    text, number, digest = pa.string(), pa.int64(), pa.binary(DIGEST_BYTES)
    kinds = {
        "identifier": pa.int32(),
        "difficulty": pa.float64(),
        "canonical": digest,
        "digest": digest,
        **dict.fromkeys(_TEXTS, text),
        **dict.fromkeys(measures, pa.float64()),
    }
    return pa.schema([(name, kinds.get(name, number)) for name in (*COLUMNS, *measures)])


def _add_unit(columns: dict[str, list[Any]], unit: UnitRecord, measures: Sequence[str]) -> None:
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
    for name, values in zip(measures, unit.measures, strict=True):
        columns[name] += values


def _read_split(table: Any, split: str, about: Totals, where: str, measures: Sequence[str]) -> SplitCatalog:
    """The groups of a split from their rows; arguments as of `read_catalog`."""
    for name in table.schema.names:
        if table[name].null_count and name not in _MAY_BE_NULL:
            raise ValueError(f"a row of {split} has no {name}")
    numbers = ("group", "candidate", "variants", "examples", "identifier", "clues")
    columns = {name: table[name].to_numpy() for name in numbers}
    texts = {name: _texts(table[name], where) for name in _TEXTS}
    difficulty = table["difficulty"]
    _check_numbers(columns, about)
    if not np.array_equal(columns["group"], np.arange(about.groups)) or set(texts["split"]) != {split}:
        raise ValueError(f"its rows are not the groups of {split} in order")
    if any(key != f"{group:08d}" for group, key in enumerate(texts["key"])):
        raise ValueError(f"a group of {split} has another key than its number")
    measured = {name: table[name].to_numpy() for name in measures}
    for name, found in {"difficulty": difficulty.drop_null().to_numpy(), **measured}.items():
        if not np.isfinite(found).all() or found.min(initial=0) < 0:
            raise ValueError(f"a {name} of {split} is no number from 0 on")
    return SplitCatalog(
        candidates=columns["candidate"],
        variants=columns["variants"],
        examples=columns["examples"] // columns["variants"],
        first_identifiers=columns["identifier"],
        names=tuple(texts["name"]),
        bases=tuple(texts["shard"]),
        clues=columns["clues"],
        difficulty=difficulty.to_numpy(zero_copy_only=False),
        canonical=tuple(table["canonical"].to_pylist()),
        digests=tuple(table["digest"].to_pylist()),
        measures=measured,
    )


def _texts(column: Any, where: str) -> list[Any]:
    """Texts of a column of dictionaries, one object for equal ones, each a line that can be printed."""
    found: list[Any] = []
    for chunk in column.chunks:
        words = convert(chunk.dictionary.to_pylist(), list[Word], where, _ADVICE)
        found += [None if index is None else words[index] for index in chunk.indices.to_pylist()]
    return found


def _check_numbers(columns: Mapping[str, NDArray[np.int64]], about: Totals) -> None:
    """Refuse numbers that no group can have, and those that are not the manifest's all together."""
    variants, examples = columns["variants"], columns["examples"]
    if variants.min() < 1 or (examples < variants).any() or (examples % variants).any():
        raise ValueError("a group has no variants, or examples that are no multiple of them")
    if min(columns["candidate"].min(), columns["clues"].min(), columns["identifier"].min()) < 0:
        raise ValueError("a candidate, number of clues or identifier is below 0")
    if (_total(variants), _total(examples)) != (about.puzzles, about.examples):
        raise ValueError("its puzzles and examples are not as many as the manifest says")


def _total(values: NDArray[np.int64]) -> int:
    # In whole numbers of any size: a sum of int64 that is too large comes round to a small one.
    return sum(values.tolist())
