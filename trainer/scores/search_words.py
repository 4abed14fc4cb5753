"""What a search cost and what it found for that, for people and for programs.

Shapes: N puzzles.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .intervals import Share
from .searching import Searched

SOLVED = "solved"
"""The column of puzzles with an answer that the task's check accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCost:
    """The cost of a search, on average over its puzzles, those that it did not solve among them.

    Attributes:
        budget: rounds that each puzzle might take.
        mean_rounds: that they took.
        milliseconds: of the clock, a puzzle.
        curve: puzzles that were solved within so many rounds, for the powers of two up to the budget, and that.
    """

    budget: int
    mean_rounds: float
    milliseconds: float
    curve: dict[int, Share]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "budget": self.budget,
            "mean_rounds": self.mean_rounds,
            "milliseconds": self.milliseconds,
            "within": [{"rounds": rounds, SOLVED: share.to_json()} for rounds, share in self.curve.items()],
        }

    def words(self) -> str:
        """Part of a line."""
        rounds = "1 round" if self.budget == 1 else f"{self.budget:,} rounds"
        return f"up to {rounds} a puzzle, {self.mean_rounds:,.1f} on average, {self.milliseconds:,.3g} ms a puzzle"

    def curve_words(self) -> str:
        """A line of its own, of how many were solved when."""
        return "solved within rounds: " + ", ".join(
            f"{share.value:.2%} in {rounds:,}" for rounds, share in self.curve.items()
        )


def cost_of(searched: Searched) -> SearchCost:
    """The cost of a search for one puzzle or more."""
    powers = (1 << k for k in range(searched.budget.bit_length()))
    within = sorted({*powers, searched.budget})
    return SearchCost(
        budget=searched.budget,
        mean_rounds=float(searched.rounds.mean()),
        milliseconds=1000 * float(searched.seconds.mean()),
        curve={rounds: _solved_within(searched, rounds) for rounds in within},
    )


def _solved_within(searched: Searched, rounds: int) -> Share:
    solved = searched.solved & (searched.rounds <= rounds)
    return Share(right=int(np.count_nonzero(solved)), number=len(solved))
