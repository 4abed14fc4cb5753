"""How many of a training set's variants the first examples of its order have shown.

An order knows how often each group has come, under a curriculum too. Under ``"blocks"`` no variant comes again before
all of its group have come, so the number follows from that; not quite where a curriculum has unequal weights. There,
and under ``"published"``, where variants are drawn with replacement, they are drawn again and counted, and beyond
`MOST_DRAWN` examples what is expected is told in its place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .curriculum_order import CurriculumOrder
from .order import Order

MOST_DRAWN = 1 << 26
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a run has seen of its training set.

    Attributes:
        variants: different variants that were shown, in part at least.
        all_variants: that the groups have, those included that a curriculum has not come to.
        visits: how often each group has come, on average; a whole number after whole epochs of all groups.
        exact: whether the variants were counted; else it is their expected number.
    """

    variants: int
    all_variants: int
    visits: float
    exact: bool = True

    @property
    def share(self) -> float:
        """Of all variants."""
        return self.variants / self.all_variants


def seen_variants(
    order: Order | CurriculumOrder, counts: NDArray[np.int64], *, repeats: bool, num_examples: int
) -> Seen:
    """What the first examples of an order have shown.

    Args:
        order: of the examples.
        counts: int64 [G], variants of each group.
        repeats: whether a variant may come again before all of its group have come.
        num_examples: so many examples from the start.
    """
    visits = order.visits(num_examples)
    follows = not repeats and order.in_turn
    exact = follows or num_examples <= MOST_DRAWN
    if exact and not follows:
        variants = _count_drawn(order, counts, num_examples)
    elif not repeats:
        variants = int(np.minimum(visits, counts).sum())
    else:
        variants = round(float((counts * (1 - (1 - 1 / counts) ** visits)).sum()))
    return Seen(variants=variants, all_variants=int(counts.sum()), visits=float(visits.mean()), exact=exact)


def _count_drawn(order: Order | CurriculumOrder, counts: NDArray[np.int64], num_examples: int) -> int:
    """How many different variants the first examples are of."""
    drawn = np.zeros(int(counts.sum()), np.bool_)
    firsts = np.cumsum(counts) - counts
    for start in range(0, num_examples, _CHUNK):
        groups, variants, _ = order.at(start, min(_CHUNK, num_examples - start))
        drawn[firsts[groups] + variants] = True
    return int(np.count_nonzero(drawn))
