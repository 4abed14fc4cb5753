"""What `trmpipe solve` shows, whatever the task: pictures beside each other, and lines about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from trmpipe.generators.picture import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question with its answers.

    Attributes:
        pictures: of the question, the answers and, where it is known, the solution, by what stands above them.
        lines: what is to be said of them.
    """

    pictures: Mapping[str, Picture]
    lines: tuple[str, ...]


class Solved(Protocol):
    """A network's answer to a puzzle, for people and for programs."""

    def parts(self) -> list[Part]:
        """What is shown, part by part."""
        ...

    def remarks(self) -> list[str]:
        """What whoever reads the answer should know first."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        ...
