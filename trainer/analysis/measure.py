"""What a measure is: a definition, the columns of its table, and how both come from a run's answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trmpipe.generators.errors import TrmpipeError

from .columns import Column, Table

if TYPE_CHECKING:  # It knows torch.
    from .subject import Subject


class NotMeasuredError(TrmpipeError):
    """A measure makes no sense of this network or this task; the message says why, in a line."""


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
    measure: Callable[["Subject"], Measured]
