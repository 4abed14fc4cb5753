"""Held-out puzzles sorted by how hard they are, as the catalog of their corpus rates them.

Where the task names levels, these are the bins, with what lies between them; else puzzles rated 0 are one bin and the
others are cut into four of about equal size. A table's own ratings (``--file-rating``) are of another measure than the
task's levels, so they are cut likewise.

Shapes: N puzzles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.options import Range
from trmpipe.generators.registry import installed_task
from trmpipe.shards import Corpus, Examples

from ..settings.curriculum import rated_by_table
from .held_out import names_of, tested_corpora
from .intervals import Share

NUM_QUANTILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Difficulty:
    """What a bin holds: puzzles that are about as hard.

    Attributes:
        level: the task's name for it; None where it has none.
        least: the smallest rating among them.
        most: the largest one.
    """

    level: str | None
    least: float
    most: float

    @property
    def ratings(self) -> str:
        """In words, such as ``2 to 7``."""
        least, most = f"{self.least:g}", f"{self.most:g}"
        return least if least == most else f"{least} to {most}"

    @property
    def name(self) -> str:
        """The level, or the ratings where there is none."""
        return self.level or f"rated {self.ratings}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin(Difficulty):
    """A bin: the puzzles of about the same difficulty.

    Attributes:
        members: int64, which of the N puzzles these are, one or more.
    """

    members: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinScore(Difficulty):
    """What came of the puzzles of a bin.

    Attributes:
        shares: how many of them each column holds of; one column or more.
    """

    shares: Mapping[str, Share]

    @property
    def puzzles(self) -> int:
        """How many there are."""
        return next(iter(self.shares.values())).number

    def flat(self) -> dict[str, Any]:
        """Plain values, the shares as numbers."""
        shares = {name: share.value for name, share in self.shares.items()}
        return {"level": self.level, "least": self.least, "most": self.most, "puzzles": self.puzzles, **shares}

    def to_json(self) -> dict[str, Any]:
        """Plain values, the shares with their intervals."""
        return {**self.flat(), **{name: share.to_json() for name, share in self.shares.items()}}


def scores_of_bins(bins: Sequence[Bin], columns: Mapping[str, NDArray[np.bool_]]) -> list[BinScore]:
    """What came of each bin.

    Args:
        bins: of N puzzles.
        columns: bool [N] each, by name.
    """
    return [
        BinScore(
            level=one.level,
            least=one.least,
            most=one.most,
            shares={
                name: Share(right=int(column[one.members].sum()), number=len(one.members))
                for name, column in columns.items()
            },
        )
        for one in bins
    ]


def held_out_bins(corpora: Sequence[Corpus], parts: Mapping[str, Examples]) -> list[Bin]:
    """The bins of held-out puzzles, counted on from part to part; none where there is only one.

    Args:
        corpora: of a run.
        parts: held-out puzzles by the names of their corpora, see `held_out.read_held_out_parts`.
    """
    tested = tested_corpora(corpora)
    by_name = dict(zip(names_of(tested), tested, strict=True))
    if not parts:
        return []
    ratings = np.concatenate([ratings_of(by_name[name], examples) for name, examples in parts.items()])
    bins = bins_of(ratings, levels_of([by_name[name] for name in parts]))
    return bins if len(bins) > 1 else []


def ratings_of(corpus: Corpus, examples: Examples) -> NDArray[np.float64]:
    """float64 [N], how hard held-out examples of a corpus are; NaN where that is not known."""
    return corpus.catalog["test"].difficulty[examples.groups]


def levels_of(corpora: Sequence[Corpus]) -> Mapping[str, Range]:
    """The levels of the corpora's task; none where its code is not installed, or a rating is not the task's own."""
    task = installed_task(corpora[0].spec)
    foreign = any(map(rated_by_table, corpora))
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
