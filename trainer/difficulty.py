"""Held-out puzzles sorted by how hard they are, as the catalog of their corpus rates them.

Where the task names levels, these are the bins, with what lies between them; else puzzles rated 0 are one bin and the
others are cut into four of about equal size. A table's own ratings (``--file-rating``) are of another measure than the
task's levels, so they are cut likewise.

Shapes: N puzzles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.options import Range
from trmpipe.generators.registry import installed_task
from trmpipe.shards import Corpus, Examples

NUM_QUANTILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Puzzles of about the same difficulty.

    Attributes:
        level: the task's name for it; None where it has none.
        least: the smallest rating among them.
        most: the largest one.
        members: int64, which of the N puzzles these are, one or more.
    """

    level: str | None
    least: float
    most: float
    members: NDArray[np.int64]


def ratings_of(corpus: Corpus, examples: Examples) -> NDArray[np.float64]:
    """float64 [N], how hard held-out examples of a corpus are; NaN where that is not known."""
    return corpus.catalog["test"].difficulty[examples.groups]


def levels_of(corpora: Sequence[Corpus]) -> Mapping[str, Range]:
    """The levels of the corpora's task; none where its code is not installed, or a rating is not the task's own."""
    task = installed_task(corpora[0].spec)
    foreign = any("file_rating" in corpus.manifest.recipe.get("supply", {}) for corpus in corpora)
    return {} if task is None or foreign else task.levels


def bins_of(ratings: NDArray[np.float64], levels: Mapping[str, Range]) -> list[Bin]:
    """The bins that hold a puzzle, from the easiest on; none where no puzzle is rated.

    Args:
        ratings: float64 [N], 0 or more, NaN where there is none.
        levels: ranges of ratings by name, from the easiest on; a rating in two of them belongs to the first.
    """
    known = np.flatnonzero(~np.isnan(ratings))
    numbers, names = _by_levels(ratings[known], levels) if levels else _by_quantiles(ratings[known])
    found = []
    for number in np.unique(numbers).tolist():
        members = known[numbers == number]
        least, most = float(ratings[members].min()), float(ratings[members].max())
        found.append(Bin(level=names.get(number), least=least, most=most, members=members))
    return found


def _by_levels(ratings: NDArray[np.float64], levels: Mapping[str, Range]) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Bin 2i + 1 is level i, bin 2i what lies below it and above the level before."""
    numbers = np.full(len(ratings), 2 * len(levels))
    for i, level in reversed(list(enumerate(levels.values()))):
        numbers[ratings < level.least] = 2 * i
        numbers[level.holds(ratings)] = 2 * i + 1
    return numbers, {2 * i + 1: name for i, name in enumerate(levels)}


def _by_quantiles(ratings: NDArray[np.float64]) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Bin 0 is of ratings of 0, the others end where a quarter of the rest does."""
    above = np.sort(ratings[ratings > 0])
    if not len(above):
        return np.zeros(len(ratings), np.int64), {}
    ends = above[[-(-len(above) * part // NUM_QUANTILES) - 1 for part in range(1, NUM_QUANTILES)]]
    return np.where(ratings > 0, 1 + np.searchsorted(np.unique(ends), ratings, side="left"), 0), {}
