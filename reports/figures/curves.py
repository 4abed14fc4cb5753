"""Lines over steps, as every figure of a training draws them: told apart by colour and dashes alike."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from .figure import Figure

MOST_POINTS = 200
"""Of a curve; one of more is drawn through the means of as many stretches."""
_DIGITS = 5
DATA = "rows"
"""The name of what is drawn, by which a live page exchanges it."""
_FEW_POINTS = 20
"""Curves of so many are marked point by point: a line through one alone would be invisible."""
_LONG_LETTERS = 24
"""Names of curves that are longer get a line of the legend each."""

Curves = Mapping[str, tuple[Sequence[int], Sequence[float]]]
"""Steps and values by name of a curve."""


def rows_of(curves: Curves) -> list[dict[str, Any]]:
    """The points of curves, each of `MOST_POINTS` at most: `curve`, `step`, `value`."""
    return [
        {"curve": name, "step": step, "value": float(f"{value:.{_DIGITS}g}")}
        for name, (steps, values) in curves.items()
        for step, value in thinned(steps, values)
    ]


def thinned(steps: Sequence[int], values: Sequence[float]) -> list[tuple[int, float]]:
    """A curve's points, or the last step and the mean value of each of `MOST_POINTS` stretches."""
    number = len(steps)
    if number <= MOST_POINTS:
        return list(zip(steps, values, strict=True))
    bounds = [number * place // MOST_POINTS for place in range(MOST_POINTS + 1)]
    return [(steps[stop - 1], sum(values[start:stop]) / (stop - start)) for start, stop in pairwise(bounds)]


def line_figure(
    curves: Curves,
    *,
    name: str,
    title: str,
    says: str,
    y_title: str,
    x_title: str = "training step",
    share: bool = False,
    log: bool = False,
    points: bool = False,
    source: str = "",
) -> Figure:
    """A figure of lines over steps.

    Args:
        curves: one or more, each with a point or more.
        name: as of `Figure`.
        title: as of `Figure`.
        says: as of `Figure`; that curves are thinned is added where some are.
        y_title: below the values.
        x_title: below the steps.
        share: whether values are 0 to 1, and shown in per cent.
        log: whether the values' axis is logarithmic; values of 0 and less are left out then.
        points: whether every value is marked too; else those of curves of a few alone.
        source: as of `Figure`.
    """
    if log:
        curves = {key: _positive(*curve) for key, curve in curves.items()}
    rows = rows_of(curves)
    longest = max((len(steps) for steps, _ in curves.values()), default=0)
    if longest > MOST_POINTS:
        says = (
            f"{says} Curves of more than {MOST_POINTS} points are drawn through the means of {MOST_POINTS} stretches."
        )
    chart = _lines(rows, x_title, y_title, share=share, log=log, points=points)
    return Figure(name=name, title=title, says=says, chart=chart, rows=rows, source=source)


def _lines(
    rows: list[dict[str, Any]], x_title: str, y_title: str, *, share: bool, log: bool, points: bool
) -> alt.TopLevelMixin:
    """The chart of `line_figure`."""
    scale = alt.Scale(type="log") if log else alt.Scale(domain=[0, 1]) if share else alt.Scale(zero=False)
    axis = alt.Axis(format="%" if share else "~g", tickCount=6, grid=not log)
    # The order in which they are given is that of the legend, and so of the colours.
    told: dict[str, Any] = {"sort": None, "title": None}
    base = alt.Chart().encode(
        x=alt.X("step:Q", title=x_title, axis=alt.Axis(format="~s", tickCount=6, grid=False)),
        y=alt.Y("value:Q", title=y_title, scale=scale, axis=axis),
        color=alt.Color("curve:N", **told),
        # Points have no dashes; of another encoding they would get a legend of their own.
        strokeDash=alt.StrokeDash("curve:N", **told),
        tooltip=[
            alt.Tooltip("curve:N"),
            alt.Tooltip("step:Q", title=x_title),
            alt.Tooltip("value:Q", title=y_title, format=".2%" if share else ".4~g"),
        ],
    )
    lines = base.mark_line(strokeWidth=2)
    marks = base.mark_point(filled=True, size=30, opacity=1)
    if not points:
        marks = marks.transform_joinaggregate(points="count()", groupby=["curve"])
        marks = marks.transform_filter(f"datum.points <= {_FEW_POINTS}")
    longest = max((len(row["curve"]) for row in rows), default=0)
    legend: dict[str, Any] = {"symbolType": "stroke", "symbolSize": 250}
    legend |= {"columns": 1, "labelLimit": 400} if longest > _LONG_LETTERS else {}
    layers = alt.layer(lines, marks, data=alt.InlineData(values=rows, name=DATA))
    chart: alt.TopLevelMixin = layers.configure_legend(**legend)
    return chart


def _positive(steps: Sequence[int], values: Sequence[float]) -> tuple[list[int], list[float]]:
    kept = [(step, value) for step, value in zip(steps, values, strict=True) if value > 0]
    return [step for step, _ in kept], [value for _, value in kept]
