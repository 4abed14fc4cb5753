"""How long the whole table takes, said before most of it runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from .entries import RATES, Entry


def estimated_seconds(
    entries: Sequence[Entry],
    costs: Mapping[tuple[str, str], Mapping[str, Any]],
    seconds: float,
    seeds: int,
    *,
    tried_on: int,
    scored_on: int,
) -> float:
    """CPU seconds of all tries and runs, if every entry needs two runs a seed and its slower variant.

    Args:
        entries: rows of the table.
        costs: of `tuning.measure`.
        seconds: of training, of a run; a try takes a third.
        seeds: runs of an entry and budget.
        tried_on: puzzles that a try is judged by, and the held-out ones that it answers besides.
        scored_on: puzzles that a run answers at its end.
    """
    asked = {key: cost["answer_seconds"] for key, cost in costs.items()}
    tries = sum(len(RATES) * (seconds / 3 + tried_on * each) for each in asked.values())
    finals = sum(
        2 * seeds * (seconds + scored_on * max(asked[entry.name, variant] for variant in entry.variants))
        for entry in entries
    )
    return float(tries + finals)
