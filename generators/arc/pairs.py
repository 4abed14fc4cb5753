"""Tasks as the JSON of the public ARC repositories has them, read and checked.

A task is ``{"train": [{"input", "output"}, ...], "test": [{"input", "output"}, ...]}``; tests may lack outputs.

Shapes: R rows, C columns.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TrmpipeError
from .grids import NUM_COLOURS, SIDE
from .maps import SEPARATOR

Grid = NDArray[np.uint8]
"""uint8 [R, C], colours 0..9, R and C 1..30."""

_MOST_ID = 900
"""Names of variants have up to 18 letters more, and 1,000 are kept of a name."""


class ArcFileError(TrmpipeError, ValueError):
    """A set of ARC tasks cannot be read, or a task of it is not as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArcPairs:
    """One task as it is given.

    Attributes:
        id: its name.
        demonstrations: inputs and outputs, at least one pair.
        tests: inputs, and outputs where they are known; at least one.
    """

    id: str
    demonstrations: tuple[tuple[Grid, Grid], ...]
    tests: tuple[tuple[Grid, Grid | None], ...]


def read_object(raw: bytes, path: str) -> dict[str, Any]:
    """The JSON object that a file holds.

    Args:
        raw: its bytes.
        path: how messages name it.

    Raises:
        ArcFileError: it holds none, or one with a key twice.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            key = next(key for key in keys if keys.count(key) > 1)
            raise ArcFileError(f"{path} has task or key {key!r} twice; ids must differ, leave one of them out")
        return found

    try:
        found = json.loads(raw, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ArcFileError):
            raise
        raise ArcFileError(f"{path} is no JSON: {error}; mend the file") from error
    if not isinstance(found, dict):
        raise ArcFileError(f"{path} holds a JSON {kind_of(found)}; expected an object: a task, or tasks by their ids")
    return found


def is_task(content: dict[str, Any]) -> bool:
    """Whether an object is one task, and no collection of tasks by their ids."""
    return isinstance(content.get("train"), list) or isinstance(content.get("test"), list)


def read_task(path: str, name: str, raw: Any) -> ArcPairs:
    """A task out of JSON.

    Args:
        path: of its file, for messages.
        name: its id.
        raw: as the file has it.

    Raises:
        ArcFileError: it is none, or its id cannot be one.
    """
    where = f"{path} task {name!r}"
    if not name or not name.isprintable() or SEPARATOR in name or len(name) > _MOST_ID:
        raise ArcFileError(
            f"{where[:_MOST_ID]}: an id is printable, has 1 to {_MOST_ID} characters and no {SEPARATOR!r} in it; give "
            "it another one"
        )
    if not isinstance(raw, dict):
        raise ArcFileError(f"{where} is a JSON {kind_of(raw)}; expected an object with `train` and `test`")
    pairs = {}
    for role in ("train", "test"):
        some = raw.get(role)
        if not isinstance(some, list) or not some:
            word = "demonstration" if role == "train" else "test input"
            raise ArcFileError(f"{where} has no {word}: `{role}` has to be a list of one pair or more")
        pairs[role] = [_pair(f"{where} {role} pair {place}", pair, role) for place, pair in enumerate(some, 1)]
    demonstrations = tuple((given, output) for given, output in pairs["train"] if output is not None)
    return ArcPairs(id=name, demonstrations=demonstrations, tests=tuple(pairs["test"]))


def _pair(where: str, raw: Any, role: str) -> tuple[Grid, Grid | None]:
    """Both grids of a pair; only the output of a test may be missing."""
    if not isinstance(raw, dict):
        raise ArcFileError(f"{where} is a JSON {kind_of(raw)}; expected an object with `input` and `output`")
    for side in ("input", "output"):
        if raw.get(side) is None and (side, role) != ("output", "test"):
            raise ArcFileError(f"{where} has no `{side}`; add the grid")
    output = raw.get("output")
    return read_grid(f"{where} input", raw["input"]), None if output is None else read_grid(f"{where} output", output)


def read_grid(where: str, raw: Any) -> Grid:
    """A grid out of JSON; `where` names it in messages.

    Raises:
        ArcFileError: it is none.
    """
    if not isinstance(raw, list) or not raw or not all(isinstance(row, list) and row for row in raw):
        raise ArcFileError(f"{where} is no grid: expected a list of rows, each a list of colours, none of them empty")
    columns = len(raw[0])
    for place, row in enumerate(raw, 1):
        if len(row) != columns:
            raise ArcFileError(
                f"{where} is ragged: row {place} has {len(row)} cells, row 1 has {columns}; mend the rows"
            )
    if len(raw) > SIDE or columns > SIDE:
        raise ArcFileError(f"{where} has {len(raw)} x {columns} cells; expected {SIDE} x {SIDE} at most")
    for place, row in enumerate(raw, 1):
        for colour in row:
            # Not isinstance: True is an int, too.
            if type(colour) is not int or not 0 <= colour < NUM_COLOURS:
                raise ArcFileError(
                    f"{where} row {place} has {_short(colour)}; expected whole numbers 0 to {NUM_COLOURS - 1}"
                )
    return np.array(raw, np.uint8)


def kind_of(value: Any) -> str:
    """What JSON calls a value that is not what was expected."""
    names = {dict: "object", list: "list", str: "string", bool: "truth value", type(None): "null"}
    return names.get(type(value), "number")


def _short(value: Any) -> str:
    """A JSON value on one line, cut where it is long."""
    text = json.dumps(value)
    return text if len(text) <= 20 else text[:17] + "..."
