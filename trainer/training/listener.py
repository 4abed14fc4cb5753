"""What a front end is told while a training runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ..runs.choosing import TaskChoice
from ..scores.scoring import Scores


class TrainingListener(Protocol):
    """What a front end is told while training runs; all calls come from one thread."""

    def note(self, line: str) -> None:
        """One line worth knowing."""
        ...

    def choose_task(self, choices: Sequence[TaskChoice]) -> int | None:
        """Which of several tasks is to be trained, see `choosing.Chooser`."""
        ...

    def opened(self, path: Path) -> None:
        """The run's folder is there: from now on it is gone on with, and not begun."""
        ...

    def begin(self, total: int) -> None:
        """Training to step `total` begins or goes on."""
        ...

    def trained(self, step: int, means: dict[str, float], rate: float) -> None:
        """A step was taken: the metrics averaged since the last line, as last read, and steps/s of this session."""
        ...

    def evaluated(self, step: int, scores: Mapping[str, Scores]) -> None:
        """Puzzles were scored: held-out ones and others, by the split that metrics call them."""
        ...


class Unheard:
    """The listener of a rank that tells nobody anything, as the first one does."""

    def note(self, line: str) -> None:
        """Nothing."""

    def choose_task(self, choices: Sequence[TaskChoice]) -> int | None:
        """Nobody is asked."""
        return None

    def opened(self, path: Path) -> None:
        """Nothing."""

    def begin(self, total: int) -> None:
        """Nothing."""

    def trained(self, step: int, means: dict[str, float], rate: float) -> None:
        """Nothing."""

    def evaluated(self, step: int, scores: Mapping[str, Scores]) -> None:
        """Nothing."""
