"""How long work tells of itself, without knowing who listens: the one protocol of all rooms."""

from typing import Protocol


class Progress(Protocol):
    """Receives what happens; the command line shows it."""

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` parts begins."""
        ...

    def advance(self, done: int) -> None:
        """`done` more parts of the stage are finished."""
        ...

    def finish(self) -> None:
        """The stage is over."""
        ...


class Silent:
    """Tells nobody."""

    def start(self, stage: str, total: int) -> None:
        """Ignore it."""

    def advance(self, done: int) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""
