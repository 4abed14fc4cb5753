"""What reports take from other parts of the house: the one place where it is put in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .figures import Figure
from .page.parts import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Readers of folders beside those of runs.

    Attributes:
        analysis: the figures of what `trmpipe analyse` measured in the run at a path; none where it did not.
        study: the sections on the study at a path; None where there is no study.
    """

    analysis: Callable[[Path], list[Figure]]
    study: Callable[[Path], list[Section] | None]


def _no_figures(_: Path) -> list[Figure]:
    return []


def _no_study(_: Path) -> None:
    return None


SOURCES = Sources(analysis=_no_figures, study=_no_study)
"""Of this version."""
