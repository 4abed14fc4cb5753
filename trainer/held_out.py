"""Held-out puzzles of the corpora of a run, as scores and pictures read them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from trmpipe.generators.task import PAD
from trmpipe.shards import BLANK_IDENTIFIER, Corpus, Examples


def tested_corpus(corpora: Sequence[Corpus]) -> Corpus:
    """The corpus whose held-out puzzles score a run: the first that has some, else the first."""
    return next((corpus for corpus in corpora if corpus.num_groups("test")), corpora[0])


def identifiers_before(corpora: Sequence[Corpus], corpus: Corpus) -> int:
    """How many puzzle identifiers the corpora before `corpus` take, to be added to its own."""
    return sum(other.num_identifiers - 1 for other in corpora[: list(corpora).index(corpus)])


def read_held_out(corpora: Sequence[Corpus], limit: int | None = None) -> Examples:
    """The first held-out puzzles of `tested_corpus`, none where no corpus has any.

    Where the test split holds variants too, only bases whose solution is known are read.
    """
    corpus = tested_corpus(corpora)
    if not corpus.num_groups("test"):
        return corpus.read("train", limit=0)
    if not corpus.spec.test_variants:
        return _counted_on(corpus.read("test", limit=limit), identifiers_before(corpora, corpus))
    offset = identifiers_before(corpora, corpus)
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
        yield _counted_on(rows, offset)


def _counted_on(rows: Examples, offset: int) -> Examples:
    """The rows with their puzzle identifiers `offset` further on; the blank one stays."""
    counted = np.where(rows.identifiers == BLANK_IDENTIFIER, BLANK_IDENTIFIER, rows.identifiers + offset)
    return replace(rows, identifiers=counted.astype(np.int32))


def count_held_out_rows(corpus: Corpus, *, num_groups: int | None = None, num_variants: int | None = None) -> int:
    """How many rows `held_out_rows` gives."""
    layout = corpus.layout("test")
    most = layout.max_variants if num_variants is None else num_variants
    return int((np.minimum(layout.variants, most) * layout.examples)[:num_groups].sum())
