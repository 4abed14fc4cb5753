"""Puzzles seen in other frames: symmetric copies of them, and the way back of answers.

Frame 0 is the puzzle as it is, and the others are its variants, which are made when they are first asked for. A puzzle
has as many frames as variants; where its task does not say how answers are mapped back, it has one.

Shapes: B puzzles, b of them, S sequence.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import InputError
from trmpipe.generators.task import Groups

from .search import Sought

SEED = 0
"""Root seed of the variants: one for all runs, so that all see the same frames."""


class Frames:
    """The frames of puzzles.

    Args:
        sought: the puzzles.
    """

    def __init__(self, sought: Sought) -> None:
        self._sought = sought

    @cached_property
    def _groups(self) -> Groups:
        """The puzzles, examined once for all frames. They stand for their labels too, which nobody knows here."""
        task, inputs = self._sought.task, self._sought.inputs
        return task.examine(Groups.single(self._sought.candidates, inputs, inputs)).groups

    @cached_property
    def _have(self) -> NDArray[np.int64]:
        """How many frames each puzzle has, int64 [B]."""
        nothing, none = self._sought.inputs[:0], np.empty(0, np.int64)
        try:
            self._sought.task.map_back(self._groups.take(none), 0, 0, none, nothing)
        except InputError:
            return np.ones(len(self._sought.inputs), np.int64)
        return self._sought.task.num_variants(self._groups)

    def look(self, places: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Puzzles as they are in their frames, uint8 [b, S].

        Args:
            places: int64 [b], the puzzles.
            numbers: int64 [b], a frame of each; those that it does not have stand for others that it has.
        """
        seen = self._sought.inputs[places].copy()
        for number, index in self._by_frame(places, numbers):
            some, counts = self._groups.take(places[index]), np.ones(len(index), np.int64)
            seen[index] = self._sought.task.augment(some, SEED, number, counts)[0]
        return seen

    def back(
        self, places: NDArray[np.int64], numbers: NDArray[np.int64], answers: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Answers uint8 [b, S] to what `look` gives, as answers to the puzzles as they are."""
        found = answers.copy()
        for number, index in self._by_frame(places, numbers):
            some, counts = self._groups.take(places[index]), np.ones(len(index), np.int64)
            found[index] = self._sought.task.map_back(some, SEED, number, counts, answers[index])
        return found

    def _by_frame(self, places: NDArray[np.int64], numbers: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64]]]:
        """The frames other than 0 that are meant, and which of `places` are seen in each."""
        if not numbers.any():
            return []
        meant = numbers % self._have[places]
        return [(number, np.flatnonzero(meant == number)) for number in np.unique(meant).tolist() if number]
