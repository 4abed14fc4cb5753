"""The chart of the latents' ways along their principal components."""

import altair as alt

from trmpipe.trainer.analysis import KeptMeasure

from ..figure import Figure
from .parts import LEGEND, OF_ANSWERS, RIGHT, WRONG, asked, chart_of, rows_of


def figures_of_components(kept: KeptMeasure) -> list[Figure]:
    """A line for each puzzle, from where it starts (a ring) to where it ends (a dot)."""
    rows = [{**row, "right": RIGHT if row["right"] else WRONG} for row in rows_of(kept)]
    last = max(row["step"] for row in rows)
    shares = [kept.headline.get(f"explained_{number}", 0.0) for number in (1, 2)]
    scale, axis = alt.Scale(zero=False), alt.Axis(tickCount=6)
    x, y = (
        alt.X("x:Q", title=f"first component ({shares[0]:.0%} of the variance)", scale=scale, axis=axis),
        alt.Y("y:Q", title=f"second component ({shares[1]:.0%})", scale=scale, axis=axis),
    )
    colour = alt.Color("right:N", title="answer after the last step", scale=OF_ANSWERS, legend=alt.Legend(**LEGEND))
    base = chart_of(rows).encode(x=x, y=y, color=colour)
    told = ["puzzle:O", "step:O", "right:N"]
    ways = base.mark_line(strokeWidth=1.2, opacity=0.55).encode(detail="puzzle:N", order="step:Q")
    starts = base.mark_point(size=60, filled=False, strokeWidth=2).encode(tooltip=told)
    ends = base.mark_point(size=60, filled=True, opacity=1).encode(tooltip=told)
    chart = ways + starts.transform_filter("datum.step == 0") + ends.transform_filter(f"datum.step == {last}")
    puzzles = {row["puzzle"]: row["right"] for row in rows}
    solved = sum(answer == RIGHT for answer in puzzles.values())
    return [
        Figure(
            name="components",
            title="Ways of the latents",
            says=f"The latent that answers are read from, before the first step (ring) and after each of {last} (the "
            f"last is a dot), along the first two principal components of all, which explain {sum(shares):.0%} of the "
            f"variance: {solved} solved and {len(puzzles) - solved} failed puzzles. From {asked(kept.about)}.",
            chart=chart.properties(width=420, height=360),
            rows=rows,
        )
    ]
