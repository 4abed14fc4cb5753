"""Held-out puzzles of the corpora of a run, as scores and pictures read them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import PAD, runs
from trmpipe.shards import Corpus, Examples, ShardSpec

_FIELDS = ("inputs", "labels", "identifiers", "groups", "variants", "examples")


def tested_corpus(corpora: Sequence[Corpus]) -> Corpus:
    """The corpus whose held-out puzzles score a run: the first that has some, else the first."""
    return next((corpus for corpus in corpora if corpus.num_groups("test")), corpora[0])


def identifiers_before(corpora: Sequence[Corpus], corpus: Corpus) -> int:
    """How many puzzle identifiers the corpora before `corpus` take, to be added to its own."""
    return sum(other.num_identifiers - 1 for other in corpora[: list(corpora).index(corpus)])


def read_held_out(corpora: Sequence[Corpus], limit: int | None = None) -> Examples:
    """The first held-out puzzles of `tested_corpus`, none where no corpus has any.

    Where variants have identifiers, the test split holds all of them; then only bases whose solution is known are read.
    """
    corpus = tested_corpus(corpora)
    if not corpus.num_groups("test"):
        return corpus.read("train", limit=0)
    if not corpus.spec.test_variants:
        return corpus.read("test", limit=limit)
    offset = identifiers_before(corpora, corpus)
    bases = joined(list(held_out_rows(corpus, num_variants=1, offset=offset)))
    return take(bases, np.flatnonzero((bases.labels != PAD).any(1))[:limit])


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
    most_groups = corpus.num_groups("test") if num_groups is None else num_groups
    for shard in corpus.layout("test").shards():
        starts_beyond = num_variants is not None and shard.variants[0] >= num_variants
        if shard.groups[0] < most_groups and not starts_beyond:
            rows = _read_shard(corpus, shard, offset)
            wanted = rows.groups < most_groups
            if num_variants is not None:
                wanted &= rows.variants < num_variants
            yield take(rows, np.flatnonzero(wanted))


def count_held_out_rows(corpus: Corpus, *, num_groups: int | None = None, num_variants: int | None = None) -> int:
    """How many rows `held_out_rows` gives."""
    layout = corpus.layout("test")
    most = layout.max_variants if num_variants is None else num_variants
    return int((np.minimum(layout.variants, most) * layout.examples)[:num_groups].sum())


def _read_shard(corpus: Corpus, shard: ShardSpec, offset: int) -> Examples:
    layout = corpus.layout("test")
    inputs, labels = corpus.read_shard("test", shard)
    counts = layout.counts(shard)
    groups = np.repeat(np.arange(*shard.groups), counts)
    variants = runs(np.full(len(counts), shard.variants[0]), counts)
    sizes = layout.examples[groups]
    return Examples(
        inputs=inputs,
        labels=labels,
        identifiers=np.repeat(layout.identifiers(shard) + np.int32(offset), sizes),
        groups=np.repeat(groups, sizes),
        variants=np.repeat(variants, sizes),
        examples=runs(np.zeros_like(sizes), sizes),
    )


def take(examples: Examples, index: NDArray[np.int64] | slice) -> Examples:
    """The examples at `index`, in its order."""
    return Examples(**{name: getattr(examples, name)[index] for name in _FIELDS})


def joined(parts: Sequence[Examples]) -> Examples:
    """The examples of one or more parts, one after the other."""
    return Examples(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS})
