"""What the charts of measures share: rows out of tables, the axis of supervision steps, words for what was asked."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from trmpipe.trainer.analysis import About, KeptMeasure

from ..theme import COLOURS

Row = dict[str, Any]
BLUE, ORANGE, GREEN, PURPLE, GREY = COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[4], COLOURS[7]
RIGHT, WRONG = "right", "wrong"
OF_ANSWERS = alt.Scale(domain=[RIGHT, WRONG], range=[BLUE, ORANGE])
"""Colours of right and wrong answers, in every chart the same."""
LEGEND: dict[str, Any] = {"orient": "bottom", "columns": 3, "labelLimit": 420, "titleLimit": 420}
"""Below the chart, as names of series are long."""
COUNTS: dict[str, Any] = {
    "format": "d",
    "tickMinStep": 1,
    # Scales of their own in each row of a chart take no such step, and would count 0, 1, 1, 2, 2.
    "labelExpr": "datum.value == floor(datum.value) ? datum.label : ''",
}
"""The axis of a number of things."""
_PER_CENT = ".0%"
_WIDTH, _BIN = 420, 64


def rows_of(kept: KeptMeasure) -> list[Row]:
    """The rows of a measure's table as plain values; what is not known is None."""
    columns = [[plain(value) for value in values.tolist()] for values in kept.table.values()]
    return [dict(zip(kept.table, values, strict=True)) for values in zip(*columns, strict=True)]


def plain(value: Any) -> Any:
    """None for NaN, and all else as it is."""
    return None if isinstance(value, float) and math.isnan(value) else value


def series(rows: Iterable[Row], names: Mapping[str, str], key: str = "step") -> list[Row]:
    """The columns called `names` as rows of their own: `key`, ``value``, and ``series``, which is what they stand for.

    Values that are not known are left out.
    """
    return [
        {key: row[key], "series": said, "value": row[name]}
        for row in rows
        for name, said in names.items()
        if row[name] is not None
    ]


def chart_of(rows: Iterable[Row]) -> alt.Chart:
    """A chart of some rows, to be given a mark."""
    return alt.Chart({"values": list(rows)})


def asked(about: About) -> str:
    """What was asked, to end a sentence."""
    corpora = " and ".join(corpus.name for corpus in about.corpora)
    return f"{about.puzzles:,} held-out puzzles of {corpora}; {about.run} after {about.step:,} training steps"


def steps_axis(rows: Sequence[Row], title: str = "supervision step") -> alt.X:
    """Supervision steps by doublings, as most happens in the first ones."""
    last = max(row["step"] for row in rows)
    return alt.X(
        "step:Q",
        title=title,
        scale=alt.Scale(type="log", base=2, domain=[1, max(2, last)], nice=False),
        axis=alt.Axis(values=[1 << k for k in range(last.bit_length())], format="d", grid=False),
    )


def share_axis(field: str, title: str, *, zero_to_one: bool = True) -> alt.Y:
    """An axis of shares in per cent.

    Args:
        field: what is drawn.
        title: of the axis.
        zero_to_one: whether it goes from 0 to 100 % whatever is drawn.
    """
    scale = alt.Scale(domain=[0, 1]) if zero_to_one else alt.Scale(zero=False)
    return alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(format=_PER_CENT))


def colours(names: Sequence[str], title: str | None = None) -> alt.Color:
    """A colour for each series, in the house's order."""
    scale = alt.Scale(domain=list(names), range=list(COLOURS[: len(names)]))
    return alt.Color("series:N", title=title, scale=scale, legend=alt.Legend(**LEGEND))


def powers_of_ten(values: Iterable[float]) -> alt.Axis:
    """An axis that names whole powers of ten alone, for values above 0."""
    exponents = [math.log10(value) for value in values] or [0.0]
    ticks = [10.0**k for k in range(math.floor(min(exponents)), math.ceil(max(exponents)) + 1)]
    return alt.Axis(values=ticks, format="~g")


def bins_width(count: int) -> int:
    """How wide a chart of so many bins is: their labels stand beside each other."""
    return max(200, min(_WIDTH, _BIN * count)) if count <= _WIDTH // _BIN else _WIDTH


def own_steps_rule(about: About, rows: Sequence[Row]) -> alt.Chart:
    """A dashed line at the run's own number of steps, where others are drawn too."""
    there = [{"step": about.own_steps}] if about.own_steps < max(row["step"] for row in rows) else []
    found: alt.Chart = chart_of(there).mark_rule(strokeDash=[4, 4], color=GREY).encode(x="step:Q")
    return found


def lines(data: Sequence[Row], x: alt.X, y: alt.Y, names: Sequence[str]) -> alt.Chart:
    """One line a series.

    Args:
        data: rows as `series` gives them.
        x: the axis along which they go.
        y: the axis of ``value``.
        names: the series, in the order of their colours.
    """
    found: alt.Chart = (
        chart_of(data)
        .mark_line(point={"size": 18}, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=colours(names),
            tooltip=[alt.Tooltip(f"{x.shorthand}"), "series:N", alt.Tooltip("value:Q", format=".4g")],
        )
    )
    return found
