"""One task, by its id or out of a JSON file, as the rows that a network is asked: its test inputs under every variant.

A variant's map is read from its name, so that a task of the corpus gives the rows of the corpus's test split, and a
file of the same id the same ones. A task that the run was not trained on has no puzzle embeddings: it is asked once,
with the blank one.

Shapes: N rows, T test inputs, V variants.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trmpipe.generators.arc.grids import crop, encode
from trmpipe.generators.arc.maps import apply, parse_variant_name
from trmpipe.generators.arc.pairs import ArcPairs, is_task, read_object, read_task
from trmpipe.generators.errors import OptionError
from trmpipe.generators.task import PAD
from trmpipe.shards import BLANK_IDENTIFIER, Corpus, Examples

from ..files import is_file
from ..scores.held_out import identifiers_before
from .votes import Grid

_MOST_BYTES = 16 << 20
"""Of a file with one task; the public ones have 20 kB."""
_ADVICE = 'give a file of one task, {"train": [...], "test": [...]}, or the id of a task of the corpus'


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a network is asked about one task.

    Attributes:
        task: its id.
        trained: whether the run was trained on it.
        tests: its test pairs as `score` takes them.
        names: [N] of the rows' variants.
        rows: N = V * T examples, by variant and test input; identifiers are the network's.
    """

    task: str
    trained: bool
    tests: list[dict[str, Grid | None]]
    names: list[str]
    rows: Examples


def ask_about(corpora: Sequence[Corpus], puzzle: str, num_variants: int | None) -> Question:
    """Turn what the user gave into a question.

    Args:
        corpora: those that the run was trained on, in their order.
        puzzle: the path of a JSON file with one task, or a task's id.
        num_variants: the first so many variants of it; None for all.

    Raises:
        OptionError: it is neither.
        ArcFileError: the file holds no task.
    """
    given = _read_file(puzzle) if puzzle.endswith(".json") or is_file(Path(puzzle)) else None
    name = puzzle if given is None else given.id
    found = next((corpus for corpus in corpora if name in corpus.catalog["train"].names), None)
    if given is None:
        if found is None:
            raise OptionError(
                f"no task of {', '.join(corpus.path for corpus in corpora)} is called {name!r:.60}; {_ADVICE}"
            )
        tests = _pairs_of(found, name)
    else:
        tests = [_pair(*pair) for pair in given.tests]
    names, first = [name], BLANK_IDENTIFIER
    if found is not None:
        names, first = _variants_of(found, name, num_variants)
        first += identifiers_before(corpora, found)
    return Question(
        task=name,
        trained=found is not None,
        tests=tests,
        names=[variant for variant in names for _ in tests],
        rows=_rows(tests, names, first),
    )


def _read_file(path: str) -> ArcPairs:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise OptionError(f"cannot read {path:.200}: {reason}; {_ADVICE}") from error
    if len(raw) > _MOST_BYTES:
        raise OptionError(f"{path} has more than {_MOST_BYTES:,} bytes; {_ADVICE}")
    content = read_object(raw, path)
    if not is_task(content):
        raise OptionError(f"{path} is no task file; {_ADVICE}")
    return read_task(path, Path(path).stem, content)


def _pair(given: Any, output: Any) -> dict[str, Grid | None]:
    return {"input": given.tolist(), "output": None if output is None else output.tolist()}


def _pairs_of(corpus: Corpus, name: str) -> list[dict[str, Grid | None]]:
    """The test pairs of a task of a corpus; of one whose tests are there to learn from, all its pairs."""
    split = "test" if corpus.num_groups("test") and name in corpus.catalog["test"].names else "train"
    group = corpus.catalog[split].names.index(name)
    parts = corpus.rows(split, num_groups=group + 1, num_variants=1)
    return [
        _pair(crop(part.inputs[row]), crop(part.labels[row]) if (part.labels[row] != PAD).any() else None)
        for part in parts
        for row in np.flatnonzero(part.groups == group)
    ]


def _variants_of(corpus: Corpus, name: str, num_variants: int | None) -> tuple[list[str], int]:
    """Names of a task's variants, and the corpus's identifier of the first."""
    catalog = corpus.catalog["train"]
    group = catalog.names.index(name)
    first, count = int(catalog.first_identifiers[group]), int(catalog.variants[group])
    return corpus.variant_names()[first : first + min(count, num_variants or count)], first


def _rows(tests: list[dict[str, Grid | None]], names: list[str], first: int) -> Examples:
    """The inputs under every variant, V * T; the labels are not known to the network and left out."""
    maps = [parse_variant_name(name)[1] for name in names]
    grids = [np.array(pair["input"], np.uint8) for pair in tests]
    inputs = np.array([encode(apply(each, grid)) for each in maps for grid in grids])
    variants = np.repeat(np.arange(len(names)), len(grids))
    identifiers = variants + first if first != BLANK_IDENTIFIER else np.zeros_like(variants)
    return Examples(
        inputs=inputs,
        labels=np.zeros_like(inputs),
        identifiers=identifiers.astype(np.int32),
        groups=np.zeros_like(variants),
        variants=variants,
        examples=np.tile(np.arange(len(grids)), len(names)),
    )
