"""The protocol of searches: what a learner does with a puzzle that its network may look at many times.

A search works on B puzzles at once. In every **round** the network looks at one state of each puzzle that goes on, and
an answer to the puzzle comes of that. Whether it is right is not the search's affair: whoever runs it asks the task's
own check, and a puzzle that is solved takes part in no further round. A search sees no label.

A learner that knows a better way than `guesses` has a method `search`, see `Searcher`.

Shapes: B puzzles, b of them, S sequence.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Task


class Sought(NamedTuple):
    """Puzzles whose solutions are searched for.

    Attributes:
        task: theirs.
        inputs: uint8 [B, S].
        identifiers: int32 [B], puzzle identifiers.
        candidates: int64 [B], their numbers in the stream that they are from, which name their variants.
    """

    task: Task
    inputs: NDArray[np.uint8]
    identifiers: NDArray[np.int32]
    candidates: NDArray[np.int64]


class Search(Protocol):
    """A search under way. All that is drawn in it is a function of the puzzle and of what was looked at before."""

    def has_more(self) -> NDArray[np.bool_]:
        """bool [B]: whether there is a state of each puzzle that was not looked at."""
        ...

    def look(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """One round.

        Args:
            places: int64 [b], rising: the puzzles that go on, of those that have more.

        Returns:
            uint8 [b, S], an answer to each of these puzzles as it is. If they go on, none of them was right.
        """
        ...


@runtime_checkable
class Searcher(Protocol):
    """What a learner may do besides: search in a way of its own."""

    def search(self, net: Any, sought: Sought) -> Search:
        """The beginning of a search.

        Args:
            net: the network, in evaluation mode.
            sought: the puzzles.
        """
        ...
