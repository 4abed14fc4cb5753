"""What a front end is told while a study is executed."""

from typing import Protocol

from trmpipe.shards.progress import Progress, Silent


class StudyListener(Progress, Protocol):
    """Stages and their parts, as all rooms tell them, and lines; all calls come from one thread."""

    def note(self, line: str) -> None:
        """One line worth knowing."""
        ...


class Unheard(Silent):
    """Tells nobody."""

    def note(self, line: str) -> None:
        """Nothing."""
