"""Variants of the puzzles that are searched for, and the way back of answers to them.

Variant 0 is the puzzle as it is; others are made when they are asked for. Where a task does not say how answers to
variants are mapped back, a puzzle counts as having one.

Shapes: B puzzles, b of them, S sequence.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import InputError
from trmpipe.generators.task import Groups

from .search import Sought

SEED = 0
"""Root seed of the variants: one for all runs, so that all look at the same ones."""


class Variants:
    """The variants of puzzles.

    Args:
        sought: the puzzles.
    """

    def __init__(self, sought: Sought) -> None:
        self._sought = sought

    @cached_property
    def _groups(self) -> Groups:
        """The puzzles, examined once for all variants. They stand for their labels too, which nobody knows here."""
        task, inputs = self._sought.task, self._sought.inputs
        return task.examine(Groups.single(self._sought.candidates, inputs, inputs)).groups

    @cached_property
    def _have(self) -> NDArray[np.int64]:
        """How many variants each puzzle has, int64 [B]."""
        nothing, none = self._sought.inputs[:0], np.empty(0, np.int64)
        try:
            self._sought.task.map_back(self._groups.take(none), 0, 0, none, nothing)
        except InputError:
            return np.ones(len(self._sought.inputs), np.int64)
        return self._sought.task.num_variants(self._groups)

    def look(self, places: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """A variant of each of some puzzles, uint8 [b, S].

        Args:
            places: int64 [b], the puzzles.
            numbers: int64 [b], which variant of each; one that it does not have stands for another that it has.
        """
        seen = self._sought.inputs[places].copy()
        for number, index in self._by_number(places, numbers):
            some, counts = self._groups.take(places[index]), np.ones(len(index), np.int64)
            seen[index] = self._sought.task.augment(some, SEED, number, counts)[0]
        return seen

    def back(
        self, places: NDArray[np.int64], numbers: NDArray[np.int64], answers: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Answers uint8 [b, S] to what `look` gives, as answers to the puzzles as they are."""
        found = answers.copy()
        for number, index in self._by_number(places, numbers):
            some, counts = self._groups.take(places[index]), np.ones(len(index), np.int64)
            found[index] = self._sought.task.map_back(some, SEED, number, counts, answers[index])
        return found

    def _by_number(self, places: NDArray[np.int64], numbers: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64]]]:
        """The variants other than 0 that are meant, and which of `places` are seen as each."""
        if not numbers.any():
            return []
        meant = numbers % self._have[places]
        return [(number, np.flatnonzero(meant == number)) for number in np.unique(meant).tolist() if number]
