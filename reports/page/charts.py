"""A figure on a page: title, chart, sentence, and a table of its numbers.

The chart is drawn by the page's script when it comes near; a reader without scripts gets the one that was drawn here,
which stands in ``<noscript>`` and so costs others nothing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import vl_convert

from ..figures import Figure
from ..figures.theme import PAGE, themed
from .markup import Markup, element, json_block

_OWN_NAMES = re.compile(r"\b(clip|gradient_)(\d+)\b")
MOST_ROWS = 1000
"""Of the table beneath a chart."""


def chart_of(figure: Figure, place: str, level: int, *, still: bool = True) -> Markup:
    """A figure as HTML.

    Args:
        figure: to be shown.
        place: name that no other figure of the page has.
        level: of its heading.
        still: whether it is drawn here too, for readers without scripts.
    """
    spec = themed(figure, PAGE)
    drawn = element("noscript", Markup(_still(spec, place))) if still else None
    return element(
        "figure",
        element(f"h{level}", figure.title, id=f"{place}-title"),
        element("div", drawn, class_="chart", data_spec=f"{place}-spec", data_chart=figure.name, id=place),
        element("figcaption", figure.says),
        element(
            "details",
            element("summary", f"Numbers of “{figure.title}”"),
            number_table(figure.rows, figure.title, figure.source),
        ),
        json_block(f"{place}-spec", spec),
        aria_labelledby=f"{place}-title",
        data_source=figure.source or None,
    )


def number_table(rows: Sequence[Mapping[str, Any]], title: str, source: str) -> Markup:
    """The numbers of a figure as a table, in a box of its own that can be scrolled."""
    names = list(rows[0]) if rows else []
    shown = rows[:MOST_ROWS]
    more = f"; the first {MOST_ROWS:,} of {len(rows):,} rows" if len(rows) > MOST_ROWS else ""
    from_file = f", from {source}" if source else ""
    return element(
        "div",
        element(
            "table",
            element("caption", f"{title}{from_file}{more}"),
            element("thead", element("tr", [element("th", name.replace("_", " "), scope="col") for name in names])),
            element("tbody", [element("tr", [_cell(row[name]) for name in names]) for row in shown]),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=f"Numbers of {title}",
    )


def _cell(value: Any) -> Markup:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return element("td", f"{value:.6g}" if isinstance(value, float) else f"{value:,}", class_="number")
    return element("td", "" if value is None else str(value))


def _still(spec: Mapping[str, Any], place: str) -> str:
    """The chart as SVG, with names of clips and gradients that no other chart has."""
    svg = vl_convert.vegalite_to_svg(dict(spec), allowed_base_urls=[])
    return _OWN_NAMES.sub(rf"{place}-\1\2", svg)
