"""Candidates that were passed over, as a saved plan keeps them: numbers in arrays, words in its JSON.

Of a large file of puzzles millions of lines may be passed over. As JSON they take 134 bytes each, so that 250,000 of
them are more than is read of any JSON file; in arrays they take 24.

Shapes: D drops.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bases import Drop
from .split_plan import check_array

Columns = dict[str, NDArray[np.int64]]
"""int64 [D] by name: candidates, codes of reasons, and twins, -1 where there is none."""

COLUMNS = ("candidates", "reasons", "twins")
_NO_TWIN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class DropWords:
    """The words of some drops.

    Attributes:
        reasons: each once, in the order of their codes.
        names: of every drop; empty where none has names.
    """

    reasons: tuple[str, ...]
    names: tuple[tuple[str, str] | None, ...]


def pack(drops: Sequence[Drop]) -> tuple[DropWords, Columns]:
    """Drops as words and columns."""
    reasons = {reason: code for code, reason in enumerate(dict.fromkeys(drop.reason for drop in drops))}
    names = tuple(drop.names for drop in drops)
    columns = (
        [drop.candidate for drop in drops],
        [reasons[drop.reason] for drop in drops],
        [_NO_TWIN if drop.twin is None else drop.twin for drop in drops],
    )
    words = DropWords(reasons=tuple(reasons), names=names if any(names) else ())
    return words, {name: np.array(column, np.int64) for name, column in zip(COLUMNS, columns, strict=True)}


def unpack(words: DropWords, columns: Mapping[str, NDArray[Any]]) -> tuple[Drop, ...]:
    """The drops that `pack` was given.

    Raises:
        ValueError: words and columns do not fit each other.
    """
    shape = (columns["candidates"].size,)
    check_array("candidates of drops", columns["candidates"], np.int64, shape, 0, None)
    check_array("reasons of drops", columns["reasons"], np.int64, shape, 0, len(words.reasons) - 1)
    check_array("twins of drops", columns["twins"], np.int64, shape, _NO_TWIN, None)
    names = words.names or (None,) * shape[0]
    if len(names) != shape[0]:
        raise ValueError(f"names are {len(names)}, there are {shape[0]} drops")
    candidates, codes, twins = (columns[name].tolist() for name in COLUMNS)
    return tuple(
        Drop(candidate=candidate, reason=words.reasons[code], twin=None if twin == _NO_TWIN else twin, names=of_both)
        for candidate, code, twin, of_both in zip(candidates, codes, twins, names, strict=True)
    )
