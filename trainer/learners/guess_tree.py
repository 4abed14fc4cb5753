"""The guesses about one puzzle: which cells are held, by which digits, and which guess is tried next.

The first guess holds nothing. A guess that failed is followed by as many as there are digits, each of which holds one
more cell, the same for all of them; so no two guesses are alike. What is tried next is the cheapest guess of all that
were not tried, wherever it stands, so that going deeper and going back are the same step. A held digit costs minus the
logarithm of the chance that the network gave it, and `DEEPER` besides: below a wrong guess a network is often sure of
what follows from it, and would go on there for ever. Guesses below an answer that did not keep what was held or given
come after all others.

docs/notes/trainer.md says which orders were compared.
"""

import heapq
from collections.abc import Iterable
from typing import NamedTuple

DEEPER = 4.0
"""What a held cell costs, whatever it holds: as much as a chance of one in 55."""


class Guess(NamedTuple):
    """One guess; they are tried in rising order.

    Attributes:
        doubts: guesses on the way to it whose answers did not keep what was held or given.
        cost: what its held digits cost together.
        number: in the order in which guesses came up, by which equal ones are tried.
        held: cells and the tokens that they hold.
    """

    doubts: int
    cost: float
    number: int
    held: tuple[tuple[int, int], ...]


class GuessTree:
    """What was not tried of one puzzle."""

    def __init__(self) -> None:
        self._next = [Guess(0, 0.0, 0, ())]
        self._count = 1

    def __len__(self) -> int:
        return len(self._next)

    def take(self) -> Guess:
        """The guess to try now, one of those that are left."""
        return heapq.heappop(self._next)

    def follow(self, guess: Guess, kept: bool, cell: int, choices: Iterable[tuple[int, float]]) -> None:
        """Add what follows on a guess that failed.

        Args:
            guess: that was taken.
            kept: whether its answer kept what was held and given.
            cell: to hold.
            choices: tokens that it may hold, and minus the logarithm of the chance of each.
        """
        doubts = guess.doubts + (not kept)
        for token, cost in choices:
            held = (*guess.held, (cell, token))
            heapq.heappush(self._next, Guess(doubts, guess.cost + cost + DEEPER, self._count, held))
            self._count += 1
