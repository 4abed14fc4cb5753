"""What a measure is: a definition, the columns of its table, and how both come from a run's answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import TrmpipeError
from trmpipe.generators.options import Range
from trmpipe.generators.task import Task
from trmpipe.shards import Corpus, Examples

from .columns import Column, Table
from .trace import Trace

if TYPE_CHECKING:  # They know torch.
    from ..evaluators import Polled


class NotMeasuredError(TrmpipeError):
    """A measure makes no sense of this network or this task; the message says why, in a line."""


class Subject(Protocol):
    """A run under analysis, as measures see it; `subject.RunSubject` is one."""

    @property
    def parts(self) -> Sequence[tuple[Corpus, Examples]]:
        """Corpora that hold puzzles to analyse, and these puzzles."""
        ...

    @property
    def examples(self) -> Examples:
        """The N puzzles, one corpus after the other."""
        ...

    @property
    def trace(self) -> Trace:
        """What the network says to them, at every step of the analysis."""
        ...

    @property
    def task(self) -> Task | None:
        """The task's code; None where it is not installed."""
        ...

    @property
    def ratings(self) -> NDArray[np.float64]:
        """How hard the puzzles are, float64 [N]; NaN where that is not known."""
        ...

    @property
    def levels(self) -> Mapping[str, Range]:
        """The task's names for ranges of ratings."""
        ...

    @property
    def clues(self) -> NDArray[np.int64]:
        """Cells that each puzzle shows, int64 [N]."""
        ...

    @property
    def has_embeddings(self) -> bool:
        """Whether the network knows puzzles by identifiers, which have embeddings."""
        ...

    def ask(self, examples: Examples, stage: str) -> Trace:
        """What the network says to other puzzles after the run's own number of steps; `stage` is told meanwhile."""
        ...

    def judged(self, examples: Examples, answers: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether answers uint8 [N, S] to examples count as right, bool [N]."""
        ...

    def restarts(self, count: int) -> Iterable[Trace]:
        """The traces of so many restarts, the first one among them.

        Raises:
            NotMeasuredError: the network draws nothing, so that all would be equal.
        """
        ...

    def latents(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The latent that answers are read from, of some of the puzzles: float32 [T + 1, M, F], at first the start.

        Raises:
            NotMeasuredError: the network has several and does not say which it is, or they take too much memory.
        """
        ...

    def poll(self) -> "Polled":
        """The votes of variants on every test input.

        Raises:
            NotMeasuredError: answers of this task are not voted on.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a measure came to.

    Attributes:
        table: its numbers.
        headline: the one to five numbers that say most, by name; NaN where one is not known.
        lines: the same in one or two plain lines.
    """

    table: Table
    headline: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure.

    Attributes:
        name: of its files, lower case letters and hyphens.
        title: a few words.
        says: its definition in a sentence.
        columns: of its table, in order.
        measure: measures a run; raises `NotMeasuredError` where that makes no sense.
    """

    name: str
    title: str
    says: str
    columns: Mapping[str, Column]
    measure: Callable[[Subject], Measured]
