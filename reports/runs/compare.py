"""Two runs side by side: the same puzzles put to both."""

import numpy as np

from trmpipe.trainer.trained.stepwise import Stepwise

from ..page.parts import Number, Section, Table
from .asking import DIFFERENT, Asked, boards_for
from .facts import RunFacts
from .paired import Paired, compare_outcomes

_MOST_SHOWN = 12


def paired_section(runs: tuple[RunFacts, RunFacts], asked: tuple[Asked, Asked]) -> Section:
    """Which puzzles one of two runs solves and the other does not, and the difference with its interval.

    Args:
        runs: what their files say.
        asked: what their networks answered.
    """
    title = "Puzzle by puzzle"
    first, second = asked[0].stepwise, asked[1].stepwise
    if first is None or second is None:
        return Section(name="paired", title=title, says=["One of the runs could not be asked: see its remarks."])
    if not same_puzzles(first, second):
        says = (
            "The runs were asked different puzzles, so that they cannot be paired: give --corpus that both can answer."
        )
        return Section(name="paired", title=title, says=[says])
    number = min(len(first.examples), len(second.examples))
    outcomes = [one.solved[-1, :number] for one in (first, second)]
    found = compare_outcomes(*outcomes)
    rows = [(int(row), DIFFERENT) for row in np.flatnonzero(outcomes[0] != outcomes[1])[:_MOST_SHOWN]]
    names = [facts.name for facts in runs]
    return Section(
        name="paired",
        title=title,
        says=[_words(found, names)],
        tables=[_table(found, names)],
        boards=boards_for(dict(zip(names, (first, second), strict=True)), rows),
    )


def same_puzzles(first: Stepwise, second: Stepwise) -> bool:
    """Whether two runs were asked the same puzzles, as far as both were asked."""
    number = min(len(first.examples), len(second.examples))
    one, other = first.examples.inputs[:number], second.examples.inputs[:number]
    return first.corpus.spec.name == second.corpus.spec.name and bool(np.array_equal(one, other))


def _words(found: Paired, names: list[str]) -> str:
    low, high = found.interval
    if low <= 0 <= high:
        meaning = "this many puzzles cannot tell which run solves more"
    else:
        meaning = f"{names[0] if found.difference > 0 else names[1]} solves more"
    return (
        f"Of the same {found.number:,} held-out puzzles, {names[0]} solves {found.both + found.first:,} and {names[1]} "
        f"{found.both + found.second:,}: a difference of {100 * found.difference:+.1f} points, 95 % interval "
        f"{100 * low:+.1f} to {100 * high:+.1f} (Agresti and Min, paired): {meaning}."
    )


def _table(found: Paired, names: list[str]) -> Table:
    source = f"answers of {names[0]} and {names[1]} to the same {found.number:,} held-out puzzles"
    counts = (
        ("both", found.both),
        (f"{names[0]} alone", found.first),
        (f"{names[1]} alone", found.second),
        ("neither", found.neither),
    )
    rows = [(what, Number(text=f"{count:,}", value=count, source=source)) for what, count in counts]
    return Table(caption="Puzzles solved by", columns=("by", "puzzles"), rows=rows)
