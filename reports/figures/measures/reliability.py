"""Charts of how well a network's own numbers tell right from wrong: halting probabilities, residuals."""

import altair as alt

from trmpipe.trainer.analysis import KeptMeasure

from ..figure import Figure
from .parts import BLUE, GREY, asked, bins_width, chart_of, rows_of, share_axis


def figures_of_halting(kept: KeptMeasure) -> list[Figure]:
    """The reliability diagram."""
    rows = [row for row in rows_of(kept) if row["puzzles"]]
    ends = chart_of([{"p": 0, "right": 0}, {"p": 1, "right": 1}])
    diagonal = ends.mark_line(strokeDash=[4, 4], color=GREY).encode(x="p:Q", y="right:Q")
    base = chart_of(rows).encode(
        x=alt.X(
            "probability:Q",
            title="halting probability, mean of the bin",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%"),
        )
    )
    points = base.mark_point(filled=True, color=BLUE, opacity=1).encode(
        y=share_axis("right", "puzzles right"),
        size=alt.Size(
            "puzzles:Q",
            title="puzzles",
            scale=alt.Scale(range=[30, 400], zero=True),
            legend=alt.Legend(orient="bottom"),
        ),
        tooltip=["puzzles:Q", alt.Tooltip("probability:Q", format=".2%"), alt.Tooltip("right:Q", format=".2%")],
    )
    bars = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(y="low:Q", y2="high:Q")
    error = kept.headline["calibration_error"]
    auc = f", the area under the curve {kept.headline['auc']:.3f}" if "auc" in kept.headline else ""
    return [
        Figure(
            name="halting",
            title="Calibration of halting",
            says=f"Share of right answers against the probability that the halting head gives after the run's own "
            f"{kept.about.own_steps} steps, in tenths, with 95% intervals; the dashed line is a network that knows. "
            f"The calibration error is {error:.3f}{auc}. Over {asked(kept.about)}.",
            chart=(diagonal + bars + points).properties(width=320, height=320),
            rows=rows,
        )
    ]


def figures_of_residual(kept: KeptMeasure) -> list[Figure]:
    """Accuracy by the last residual."""
    rows = rows_of(kept)
    numbered = [{**row, "place": f"{place}: to {row['most']:.1e}"} for place, row in enumerate(rows, 1)]
    base = chart_of(numbered).encode(
        x=alt.X(
            "place:N",
            title="residual of the last step, in tenths of the puzzles",
            sort=None,
            axis=alt.Axis(labelAngle=-40),
        )
    )
    chart = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(
        y=share_axis("low", "puzzles right"), y2="high:Q"
    ) + base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
        y=share_axis("right", "puzzles right"), tooltip=["place:N", "puzzles:Q", alt.Tooltip("right:Q", format=".2%")]
    )
    auc = kept.headline.get("auc")
    told = (
        "" if auc is None else f" The chance that a right answer has a smaller residual than a wrong one is {auc:.3f}."
    )
    return [
        Figure(
            name="residual",
            title="Accuracy by the last residual",
            says=f"Share of right answers after step {kept.about.steps} among puzzles in tenths by how far that step "
            f"moves their latents, with 95% intervals.{told} Over {asked(kept.about)}.",
            chart=chart.properties(width=bins_width(len(rows))),
            rows=rows,
        )
    ]
