"""What a figure is: a chart, what it says in words, and the numbers that it is drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart that a page shows and a paper prints, whole for those who do not see it too.

    Attributes:
        name: of its files and its place in a page, lower case letters, digits and hyphens.
        title: a few words above it.
        says: one or two plain sentences: what is drawn, over what, of how many puzzles; its caption and alternative
            text.
        chart: the Vega-Lite chart, without colours of its own for ink and ground, see `theme`.
        rows: the numbers that are drawn, each a mapping of the same keys to plain values; the table beneath it.
        source: the file, or files, that the numbers were read from, for those who trace them.
    """

    name: str
    title: str
    says: str
    chart: alt.TopLevelMixin
    rows: Sequence[Mapping[str, Any]]
    source: str = ""
