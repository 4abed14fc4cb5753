"""The base puzzles of both splits, and how they are chosen so that no two are of one class.

Test groups come first, so that they are the same whatever the number of training groups; training candidates of a
test group's class are passed over. Candidates are offered in an order that does not depend on how many are wanted, so
the choice for a smaller n is a prefix of that for a larger one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Examined

REPEATS = "repeats of another puzzle"
TEST_TWINS = "twins of a held-out puzzle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A candidate that was passed over.

    Attributes:
        candidate: its index in the random stream, or its line in the file.
        reason: why.
        twin: the candidate of which it is a copy; None where that is not the reason.
        names: of both, where candidates have names.
    """

    candidate: int
    reason: str
    twin: int | None
    names: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bases:
    """What a supplier chose.

    Attributes:
        train: training groups as they were examined; they need no ratings yet.
        test: held-out groups, likewise; those of a split without groups have arrays of the right widths.
        skipped: number of candidates passed over, by reason.
        drops: the candidates passed over, by the role of the source that they were in; empty where there is none.
        names: of the groups of each split, where the task's groups have names.
        leaks: training candidates that are twins of held-out ones and stay, as the recipe does not exclude them.
        ratings: of the groups of each split, float64 [G], where the source's own are to stand for the task's.
    """

    train: Examined
    test: Examined
    skipped: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, tuple[Drop, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaks: tuple[Drop, ...] = ()
    ratings: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


class Selection:
    """The groups of one split as they are chosen, one after the other.

    Args:
        wanted: how many to choose; None takes all.
        test: the selection whose classes may not be chosen, where there is one.
        patience: candidates in a row of which none is chosen, after which no more are taken; None for any number.

    Attributes:
        num_in_vain: candidates since the last one that was chosen.
    """

    def __init__(self, wanted: int | None, test: "Selection | None" = None, patience: int | None = None) -> None:
        self.wanted = wanted
        self._patience = patience
        self.num_in_vain = 0
        self.count = 0
        self.num_offered = 0
        self.drops: list[Drop] = []
        self.classes: dict[bytes, int] = {}
        self._test_classes = test.classes if test is not None else {}
        self._parts: list[Examined] = []

    @property
    def is_full(self) -> bool:
        """Whether all that is wanted is chosen."""
        return self.wanted is not None and self.count >= self.wanted

    @property
    def is_exhausted(self) -> bool:
        """Whether so many candidates in a row were offered in vain that no more are taken."""
        return self._patience is not None and self.num_in_vain >= self._patience

    def offer(self, candidates: Examined) -> None:
        """Choose from `candidates` in their order until enough are chosen."""
        kept = []
        for i, digest in enumerate(map(bytes, candidates.digests)):
            if self.is_full or self.is_exhausted:
                break
            self.num_offered += 1
            self.num_in_vain += 1
            candidate = int(candidates.groups.candidates[i])
            if digest in self._test_classes:
                self.drops.append(Drop(candidate=candidate, reason=TEST_TWINS, twin=self._test_classes[digest]))
            elif digest in self.classes:
                self.drops.append(Drop(candidate=candidate, reason=REPEATS, twin=self.classes[digest]))
            else:
                self.classes[digest] = candidate
                self.count += 1
                self.num_in_vain = 0
                kept.append(i)
        self._parts.append(candidates.take(np.array(kept, np.int64)))

    def chosen(self) -> Examined:
        """All groups chosen so far; something must have been offered."""
        return Examined.join(self._parts)


def count_reasons(*drops: Sequence[Drop]) -> dict[str, int]:
    """How many drops there are of each reason."""
    return dict(Counter(drop.reason for some in drops for drop in some))
