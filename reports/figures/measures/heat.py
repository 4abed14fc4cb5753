"""The map of depth and breadth: accuracy by supervision steps and by restarts."""

import altair as alt

from trmpipe.trainer.analysis import KeptMeasure

from ..figure import Figure
from .parts import asked, chart_of, rows_of

_DARK_FROM = 0.55
"""Of the way from the least to the largest share: cells from there on are dark, and their numbers white."""


def figures_of_restarts(kept: KeptMeasure) -> list[Figure]:
    """A cell for each number of steps and restarts."""
    rows = rows_of(kept)
    least, most = min(row["right"] for row in rows), max(row["right"] for row in rows)
    base = chart_of(rows).encode(
        x=alt.X("steps:O", title="supervision steps", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("restarts:O", title="restarts", sort="descending"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "right:Q",
            title="puzzles right",
            scale=alt.Scale(scheme="blues", domain=[least, most] if most > least else [0, 1]),
            legend=alt.Legend(format=".0%"),
        ),
        tooltip=[
            "steps:O",
            "restarts:O",
            alt.Tooltip("right:Q", format=".2%"),
            alt.Tooltip("any_right:Q", format=".2%"),
        ],
    )
    dark = alt.datum.right > least + _DARK_FROM * (most - least)
    numbers = base.mark_text().encode(
        text=alt.Text("right:Q", format=".1%"),
        color=alt.when(dark).then(alt.value("white")).otherwise(alt.value("#1c2430")),
    )
    return [
        Figure(
            name="restarts",
            title="Restarts and depth",
            says=f"Share of right answers by supervision steps and by how many restarts the answer is chosen from. "
            f"{kept.lines[0].capitalize()}. Over {asked(kept.about)}.",
            chart=(cells + numbers).properties(width=alt.Step(52), height=alt.Step(36)),
            rows=rows,
        )
    ]
