"""``difficulty``: accuracy by how hard puzzles are, and by how many cells they show.

Difficulty is what the catalog says, in the bins of an evaluation (`trainer.difficulty`). Numbers of clues are bins of
their own where they are few, else they are cut into four of about equal size.

Shapes: N puzzles.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..scores.difficulty import Bin, bins_of
from .columns import Table, real, share, whole, word
from .means import intervals
from .measure import Measure, Measured, Subject

RATING, CLUES = "rating", "clues"
_MOST_NUMBERS = 12
"""So many different numbers of clues are bins of their own."""

COLUMNS = {
    "by": word("what the bin is made by", RATING, CLUES),
    "name": word("the bin in words: a level of the task, or its values"),
    "least": real("smallest rating or number of clues in it", least=0),
    "most": real("largest one", least=0),
    "puzzles": whole("puzzles in it", least=1),
    "right": share("those of them that are right after the run's own number of steps"),
    "low": share("lower end of the 95% interval of `right`"),
    "high": share("upper end of it"),
}


def clue_bins(clues: NDArray[np.int64]) -> list[Bin]:
    """Bins of puzzles by their numbers of clues, int64 [N], from the fewest on."""
    numbers = np.unique(clues)
    if len(numbers) > _MOST_NUMBERS:
        return bins_of(clues.astype(np.float64), {})
    members = [np.flatnonzero(clues == number) for number in numbers]
    return [
        Bin(level=None, least=float(number), most=float(number), members=which)
        for number, which in zip(numbers, members, strict=True)
    ]


def by_bins(bins: Sequence[tuple[str, Bin]], right: NDArray[np.bool_]) -> Table:
    """The table, a row for each bin.

    Args:
        bins: one or more, each with what it is made by.
        right: bool [N].
    """
    rights = [int(right[one.members].sum()) for _, one in bins]
    numbers = [len(one.members) for _, one in bins]
    low, high = intervals(rights, numbers)
    return {
        "by": np.array([by for by, _ in bins], object),
        "name": np.array([one.level or one.ratings for _, one in bins], object),
        "least": np.array([one.least for _, one in bins]),
        "most": np.array([one.most for _, one in bins]),
        "puzzles": np.array(numbers),
        "right": np.array(rights) / np.array(numbers),
        "low": low,
        "high": high,
    }


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    rated = bins_of(subject.ratings, subject.levels)
    shown = clue_bins(subject.clues)
    table = by_bins([*((RATING, one) for one in rated), *((CLUES, one) for one in shown)], subject.trace.solved_by_run)
    lines = [_words("difficulty", table, RATING) if rated else "the puzzles are not rated"]
    lines.append(_words("clues", table, CLUES))
    of_rating = table["right"][table["by"] == RATING]
    headline = {
        "easiest": float(of_rating[0]) if rated else float("nan"),
        "hardest": float(of_rating[-1]) if rated else float("nan"),
    }
    return Measured(table=table, headline=headline, lines=tuple(lines))


def _words(what: str, table: Table, by: str) -> str:
    """The first and the last bin, and how many lie between."""
    rows = np.flatnonzero(table["by"] == by)
    first, last = (
        f"{table['right'][row]:.1%} of {table['puzzles'][row]:,} at {table['name'][row]}" for row in rows[[0, -1]]
    )
    if len(rows) == 1:
        return f"by {what}: all puzzles are alike ({first} right)"
    return f"by {what}, in {len(rows)} bins: right are {first}, {last}"


MEASURE = Measure(
    name="difficulty",
    title="Accuracy by difficulty and by clues",
    says="Share of puzzles that are right, by the catalog's ratings and by how many cells they show.",
    columns=COLUMNS,
    measure=measure,
)
