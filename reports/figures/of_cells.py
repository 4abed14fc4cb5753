"""Where answers go wrong: a heat map of the grid."""

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from .figure import Figure

_DARK = 0.75
"""From this part of the scale of colours on, white is read better than ink."""
_SPELLED_OUT = 9
"""Grids of up to so many columns show the numbers in their cells."""


def figure_of_errors(wrong: NDArray[np.integer], asked: NDArray[np.integer], source: str = "") -> Figure:
    """In how many puzzles each cell is wrong after the last supervision step.

    Args:
        wrong: [R, C], puzzles in which the answer has a cell wrong.
        asked: [R, C], puzzles in which it is not given.
        source: as of `Figure`.
    """
    rows = [
        {
            "row": row + 1,
            "column": column + 1,
            "wrong": int(wrong[row, column]),
            "asked": int(asked[row, column]),
            "share": round(int(wrong[row, column]) / max(1, int(asked[row, column])), 4),
        }
        for row, column in np.ndindex(*wrong.shape)
    ]
    chart = _heat_map(rows, wrong.shape)
    return Figure(
        name="errors-by-cell",
        title="Errors by cell",
        says=f"Of {int(asked.max())} puzzles at most in which a cell is not given, the share of which the answer after "
        "the last supervision step has it wrong; where there is room, the number of these puzzles.",
        chart=chart,
        rows=rows,
        source=source,
    )


def _heat_map(rows: list[dict[str, Any]], shape: tuple[int, ...]) -> alt.TopLevelMixin:
    """The chart: a rectangle a cell, in a grid whose sides keep their ratio."""
    most = max(row["share"] for row in rows) or 1
    place: dict[str, Any] = {"axis": alt.Axis(labelAngle=0, ticks=False, domain=False, grid=False)}
    cells = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(stroke="#8a8a8a", strokeWidth=0.3)
        .encode(
            x=alt.X("column:O", title="column", **place),
            y=alt.Y("row:O", title="row", **place),
            color=alt.Color(
                "share:Q",
                title="wrong where not given",
                scale=alt.Scale(scheme="oranges", domain=[0, most]),
                legend=alt.Legend(format="%"),
            ),
            tooltip=[alt.Tooltip(f"{name}:Q", format=".1%" if name == "share" else "d") for name in rows[0]],
        )
    )
    size = max(160, min(400, 34 * max(shape)))
    sides: dict[str, Any] = {"width": size * shape[1] / max(shape), "height": size * shape[0] / max(shape)}
    ink = alt.condition(f"datum.share > {_DARK * most}", alt.value("#ffffff"), alt.value("#1f2328"))
    words = cells.mark_text(fontSize=10).encode(text=alt.Text("wrong:Q"), color=ink)
    chart: alt.TopLevelMixin = (cells + words if shape[1] <= _SPELLED_OUT else cells).properties(**sides)
    return chart
