"""Which groups of its corpora a stream is made of, and what each of them has.

Letters: G groups.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .corpus import Corpus
from .errors import TooManyError
from .layout import SplitLayout
from .table import Span


def training_spans(corpora: Sequence[Corpus], num_groups: int | None) -> list[Span]:
    """The first `num_groups` training groups of the corpora, counted on over them."""
    have = sum(corpus.num_groups("train") for corpus in corpora)
    wanted = have if num_groups is None else num_groups
    if not 1 <= wanted <= have:
        raise TooManyError(f"{wanted} groups are asked for and there are {have}; give a number from 1 to {have}")
    spans, first = [], 0
    for corpus in corpora:
        count = min(corpus.num_groups("train"), wanted - first)
        if count > 0:
            spans.append(Span(corpus, "train", first, count))
            first += count
    return spans


def variant_counts(spans: Sequence[Span], num_variants: int | None) -> NDArray[np.int64]:
    """int64 [G]: variants of each group of the stream."""
    every = of_groups(spans, lambda layout: layout.variants)
    return every if num_variants is None else np.minimum(every, num_variants)


def answers_to_draw(spans: Sequence[Span]) -> NDArray[np.int64]:
    """int64 [G]: how many answers to its puzzles a group has, of which one is shown; 0 where all examples are."""
    sizes = of_groups(spans, lambda layout: layout.examples)
    are_alternatives = [np.full(span.num_groups, span.corpus.spec.alternatives) for span in spans]
    return np.where(np.concatenate(are_alternatives), sizes, 0)


def first_identifiers(spans: Sequence[Span]) -> NDArray[np.int64]:
    """int64 [G]: identifiers of the groups' bases, counted on over the corpora; 0 where puzzles have none."""
    every = of_groups(spans, lambda layout: layout.first_identifiers).astype(np.int64)
    before = 0
    for span in spans:
        groups = slice(span.first_group, span.first_group + span.num_groups)
        every[groups] += before * (every[groups] > 0)
        before += span.corpus.num_identifiers - 1
    return every


def of_groups(spans: Sequence[Span], take: Callable[[SplitLayout], NDArray[Any]]) -> NDArray[Any]:
    """[G]: what `take` gives of a split for every group of it, for the groups of the stream."""
    return np.concatenate([take(span.corpus.layout(span.split))[: span.num_groups] for span in spans])
