"""Held-out puzzles of the corpora of a run, as scores and pictures read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from trmpipe.generators.task import PAD
from trmpipe.shards import BLANK_IDENTIFIER, Corpus, Examples


def tested_corpora(corpora: Sequence[Corpus]) -> list[Corpus]:
    """The corpora whose held-out puzzles score a run: all that have some."""
    return [corpus for corpus in corpora if corpus.num_groups("test")]


def names_of(corpora: Sequence[Corpus]) -> list[str]:
    """Names that tell corpora apart: those of their manifests, with a part of their digests where two have the same."""
    names = [corpus.name for corpus in corpora]
    return [
        name if names.count(name) == 1 else f"{name}-{corpus.manifest.content_digest[:8]}"
        for name, corpus in zip(names, corpora, strict=True)
    ]


def identifiers_before(corpora: Sequence[Corpus], corpus: Corpus) -> int:
    """How many puzzle identifiers the corpora before `corpus` take, to be added to its own."""
    return sum(other.num_identifiers - 1 for other in corpora[: list(corpora).index(corpus)])


def read_held_out(corpora: Sequence[Corpus], limit: int | None = None) -> Examples:
    """All puzzles of `read_held_out_parts`, one corpus after the other; none where no corpus has any."""
    parts = list(read_held_out_parts(corpora, limit).values())
    return Examples.join(parts) if parts else Examples.empty(corpora[0].spec.seq_len)


def read_held_out_parts(corpora: Sequence[Corpus], limit: int | None = None) -> dict[str, Examples]:
    """The first held-out puzzles of all corpora that have some, by `names_of`.

    Where the test split holds variants too, only bases whose solution is known are read.

    Args:
        corpora: of a run.
        limit: puzzles in all; every corpus has an equal share, and what one has not the others have.
    """
    tested = tested_corpora(corpora)
    names = dict(zip(map(id, tested), names_of(tested), strict=True))
    found: dict[str, Examples] = {}
    left = limit
    # The smallest first, so that what it leaves of its share goes to the others.
    for place, corpus in enumerate(sorted(tested, key=lambda corpus: corpus.num_groups("test"))):
        share = None if left is None else -(-left // (len(tested) - place))
        found[names[id(corpus)]] = rows = _read_one(corpus, identifiers_before(corpora, corpus), share)
        left = None if left is None else left - len(rows)
    return {name: found[name] for name in names.values() if len(found[name])}


def first_held_out(corpora: Sequence[Corpus], parts: Mapping[str, Examples]) -> tuple[Corpus, Examples]:
    """The first corpus that `parts` hold puzzles of, and these; the first of all with none where they hold none.

    Args:
        corpora: of a run.
        parts: what `read_held_out_parts` gave.
    """
    tested = tested_corpora(corpora)
    for name, corpus in zip(names_of(tested), tested, strict=True):
        if name in parts:
            return corpus, parts[name]
    return corpora[0], Examples.empty(corpora[0].spec.seq_len)


def _read_one(corpus: Corpus, offset: int, limit: int | None) -> Examples:
    """The first held-out puzzles of one corpus; see `read_held_out_parts`."""
    if not corpus.spec.test_variants:
        return counted_on(corpus.read("test", limit=limit), offset)
    bases = Examples.join(list(held_out_rows(corpus, num_variants=1, offset=offset)))
    return bases.take(np.flatnonzero((bases.labels != PAD).any(1))[:limit])


def held_out_rows(
    corpus: Corpus, *, num_groups: int | None = None, num_variants: int | None = None, offset: int = 0
) -> Iterator[Examples]:
    """The rows of the test split, a shard at a time.

    Args:
        corpus: where they are.
        num_groups: only the first so many groups.
        num_variants: only the first so many variants of each.
        offset: added to the puzzle identifiers, see `identifiers_before`.
    """
    for rows in corpus.rows("test", num_groups=num_groups, num_variants=num_variants):
        yield counted_on(rows, offset)


def counted_on(rows: Examples, offset: int) -> Examples:
    """The rows with their puzzle identifiers `offset` further on; the blank one stays."""
    counted = np.where(rows.identifiers == BLANK_IDENTIFIER, BLANK_IDENTIFIER, rows.identifiers + offset)
    return replace(rows, identifiers=counted.astype(np.int32))


def count_held_out_rows(corpus: Corpus, *, num_groups: int | None = None, num_variants: int | None = None) -> int:
    """How many rows `held_out_rows` gives."""
    layout = corpus.layout("test")
    most = layout.max_variants if num_variants is None else num_variants
    return int((np.minimum(layout.variants, most) * layout.examples)[:num_groups].sum())
