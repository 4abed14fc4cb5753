"""What a page is made of: sections with words, numbers, tables, figures and puzzles, as plain data."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..figures import Figure
from .boards import Boards
from .markup import Markup, element


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the page, which can be traced.

    Attributes:
        text: as it is read, such as ``98.1%``.
        value: as it is; None for one that nobody knows.
        source: where it comes from: a file and the place in it, such as ``evaluation.json#/steps/15/exact``.
    """

    text: str
    value: float | int | None
    source: str

    def shown(self) -> Markup:
        """As HTML: the value and its source can be read by programs, and by people who point at it."""
        value = None if self.value is None else repr(self.value)
        return element("data", self.text, value=value or "", data_source=self.source, title=self.source)


Cell = str | Number | Markup
"""What stands in a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the first cell of a row is its heading.

    Attributes:
        caption: what it shows.
        columns: headings.
        rows: cells, as many in each as there are headings.
        source: the file that cells without a source of their own come from.
        folded: whether it is shown only when it is asked for.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    source: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page under a heading.

    Attributes:
        name: of its place in the page, letters, digits and hyphens.
        title: its heading.
        says: paragraphs above all else.
        facts: words or numbers by what they are; they stand out.
        tables: of numbers.
        figures: charts, each with its numbers.
        boards: puzzles with the answers to them, step by step.
        code: commands, by what they do.
        parts: sections of it.
    """

    name: str
    title: str
    says: Sequence[str] = ()
    facts: Sequence[tuple[str, Cell]] = ()
    tables: Sequence[Table] = ()
    figures: Sequence[Figure] = ()
    boards: Sequence[Boards] = ()
    code: Sequence[tuple[str, str]] = ()
    parts: Sequence["Section"] = field(default_factory=tuple)


def place_name(text: str) -> str:
    """A text as the name of a place in a page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "part"
