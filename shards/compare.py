"""Which groups of one corpus are in another, as symmetric copies too: by the class digests of the catalogs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .corpus import Corpus
from .errors import CorpusError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """The classes that a split of one corpus and a split of another have in common.

    Attributes:
        split: of the first corpus.
        other_split: of the second.
        groups: int64 [M], groups of the first whose class the second has, rising.
        other_groups: int64 [M], for each of them the first group of the second that is of its class.
    """

    split: str
    other_split: str
    groups: NDArray[np.int64]
    other_groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.groups)


def compare(corpus: Corpus, other: Corpus) -> list[Shared]:
    """The classes that two corpora share, for every pair of their splits.

    Raises:
        CorpusError: they hold different tasks, whose classes cannot be compared.
    """
    if corpus.spec.name != other.spec.name:
        raise CorpusError(
            f"{corpus.path} holds {corpus.spec.name} and {other.path} {other.spec.name}, which share no classes; "
            "give two corpora of one task"
        )
    return [_compare(corpus, split, other, other_split) for split in corpus.catalog for other_split in other.catalog]


def _compare(corpus: Corpus, split: str, other: Corpus, other_split: str) -> Shared:
    theirs = other.catalog[other_split].canonical
    # Backwards, so that the first group of a class is the one that stays.
    places = {digest: len(theirs) - 1 - i for i, digest in enumerate(reversed(theirs))}
    pairs = [(i, places[d]) for i, d in enumerate(corpus.catalog[split].canonical) if d in places]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return Shared(split=split, other_split=other_split, groups=found[:, 0], other_groups=found[:, 1])
