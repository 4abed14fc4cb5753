"""Charts of counts and shares: where answers end, other labellings, one blank, identifiers, votes, difficulty."""

from collections import Counter
from collections.abc import Sequence

import altair as alt

from trmpipe.trainer.analysis import KeptMeasure

from ..figure import Figure
from .parts import (
    BLUE,
    COUNTS,
    GREEN,
    GREY,
    LEGEND,
    OF_ANSWERS,
    ORANGE,
    RIGHT,
    WRONG,
    Row,
    asked,
    bins_width,
    chart_of,
    rows_of,
    share_axis,
)

_ENDINGS = {
    "right": "stays, right",
    "spurious": "stays, wrong (spurious)",
    "cycle": "repeats in a cycle",
    "moving": "still changes",
}
_LATENTS = {1: "at rest", 2: "in a cycle", 0: "still moving", -1: "none"}
_OF_LATENTS = dict(zip(_LATENTS.values(), (BLUE, ORANGE, GREEN, GREY), strict=True))
"""Colours of what latents do, whichever of it there is."""
_IDENTIFIERS = {"own": "its own", "exchanged": "another puzzle's", "blank": "none"}
_VOTES = {"single": "a single pass", "first": "most votes", "second": "two answers of most votes"}
_BLANKS = {"solved_whole": "the puzzle itself", "right": "one blank: all cells", "cell_right": "one blank: that cell"}


def figures_of_endings(kept: KeptMeasure) -> list[Figure]:
    """Where answers end, and what their latents do there."""
    counts = Counter((row["ending"], min(row["latent_period"], 2)) for row in rows_of(kept))
    rows = [
        {"answer": said, "latents": latents, "puzzles": counts[ending, period]}
        for ending, said in _ENDINGS.items()
        for period, latents in _LATENTS.items()
        if counts[ending, period]
    ]
    shown = {said: colour for said, colour in _OF_LATENTS.items() if any(row["latents"] == said for row in rows)}
    chart = (
        chart_of(rows)
        .mark_bar()
        .encode(
            y=alt.Y("answer:N", title="the answer at last", sort=None, scale=alt.Scale(domain=list(_ENDINGS.values()))),
            x=alt.X("puzzles:Q", title="puzzles", axis=alt.Axis(**COUNTS)),
            color=alt.Color(
                "latents:N",
                title="latents",
                scale=alt.Scale(domain=list(shown), range=list(shown.values())),
                legend=alt.Legend(**LEGEND),
            ),
            tooltip=["answer:N", "latents:N", "puzzles:Q"],
        )
        .properties(height=160)
    )
    says = f"What the last steps do to answers and to latents, in puzzles. {kept.lines[0].capitalize()}."
    return [
        Figure(
            name="fixed-points",
            title="Fixed points, cycles, spurious ones",
            says=f"{says} Over {asked(kept.about)}, {kept.about.steps} supervision steps each.",
            chart=chart,
            rows=rows,
        )
    ]


def figures_of_relabelling(kept: KeptMeasure) -> list[Figure]:
    """How many variants of a puzzle are solved, of puzzles that are and of those that are not."""
    most = int(kept.table["variants"].max())
    counts = Counter((row["variants_right"], RIGHT if row["right"] else WRONG) for row in rows_of(kept))
    rows = [
        {"variants_right": number, "itself": itself, "puzzles": counts[number, itself]}
        for number in range(most + 1)
        for itself in (RIGHT, WRONG)
        if counts[number, itself]
    ]
    chart = (
        chart_of(rows)
        .mark_bar()
        .encode(
            x=alt.X(
                "variants_right:O",
                title=f"other labellings that are solved, of {most}",
                scale=alt.Scale(domain=list(range(most + 1))),
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y("puzzles:Q", title="puzzles", axis=alt.Axis(**COUNTS)),
            color=alt.Color("itself:N", title="the puzzle itself", scale=OF_ANSWERS, legend=alt.Legend(**LEGEND)),
            row=alt.Row("itself:N", title=None, header=alt.Header(labels=False), sort=[WRONG, RIGHT]),
            tooltip=["variants_right:O", "itself:N", "puzzles:Q"],
        )
        .properties(height=120, width=alt.Step(40))
        .resolve_scale(y="independent")
    )
    return [
        Figure(
            name="relabelling",
            title="Other labellings of the same puzzles",
            says=f"Puzzles by how many of their variants are solved, those that fail themselves and those that do not: "
            f"{kept.lines[0]}. Over {asked(kept.about)}.",
            chart=chart,
            rows=rows,
        )
    ]


def figures_of_one_blank(kept: KeptMeasure) -> list[Figure]:
    """Puzzles as they are, and with one blank."""
    number = len(kept.table["right"])
    rows = [
        {"asked": said, "share": float(kept.table[name].mean()), "puzzles": number} for name, said in _BLANKS.items()
    ]
    says = "Share of puzzles that are solved as they are and with all but one cell given, and of the blank cells."
    return [_bars("one-blank", "Puzzles with one blank", f"{says} {_of(kept)}", rows, "asked", "right")]


def figures_of_identifiers(kept: KeptMeasure) -> list[Figure]:
    """Under whose identifier puzzles are solved."""
    rows = [
        {"identifier": _IDENTIFIERS[row["identifier"]], "share": row["right"], "low": row["low"], "high": row["high"]}
        for row in rows_of(kept)
    ]
    says = (
        "Share of test inputs that are right when they are asked under their own puzzle identifier, another puzzle's, "
    )
    return [
        _bars(
            "identifiers",
            "Identifiers exchanged and removed",
            f"{says}and none, with 95% intervals. {_of(kept)}",
            rows,
            "identifier",
            "right",
        )
    ]


def figures_of_votes(kept: KeptMeasure) -> list[Figure]:
    """Single passes and votes."""
    rows = [{"answer": said, "share": float(kept.table[name].mean())} for name, said in _VOTES.items()]
    number, most = len(kept.table["single"]), int(kept.table["votes"].max())
    says = (
        f"Share of {number:,} test inputs that are right in a single pass and by the votes of up to {most:,} variants."
    )
    return [_bars("votes", "Votes against a single pass", f"{says} {_of(kept)}", rows, "answer", "right")]


def _of(kept: KeptMeasure) -> str:
    return f"Over {asked(kept.about)}."


def _bars(name: str, title: str, says: str, rows: Sequence[Row], field: str, axis: str) -> Figure:
    """Shares as bars with their numbers, and their intervals where there are some."""
    base = chart_of(rows).encode(y=alt.Y(f"{field}:N", title=None, sort=None))
    x = alt.X("share:Q", title=axis, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"))
    layers = [
        base.mark_bar(color=BLUE, height={"band": 0.6}).encode(
            x=x, tooltip=[f"{field}:N", alt.Tooltip("share:Q", format=".2%")]
        ),
        base.mark_text(align="left", dx=6, dy=-10 if "low" in rows[0] else 0).encode(
            x=x, text=alt.Text("share:Q", format=".1%")
        ),
    ]
    if "low" in rows[0]:
        layers.append(base.mark_rule(strokeWidth=3, color=GREY).encode(x=alt.X("low:Q", title=axis), x2="high:Q"))
    return Figure(
        name=name, title=title, says=says, chart=alt.layer(*layers).properties(height=44 * len(rows)), rows=rows
    )


def figures_of_difficulty(kept: KeptMeasure) -> list[Figure]:
    """Accuracy by rating, where puzzles are rated, and by clues."""
    rows = rows_of(kept)
    found = []
    for by, title, axis in (
        ("rating", "Accuracy by difficulty", "difficulty, from the catalog"),
        ("clues", "Accuracy by clues", "cells that the puzzle shows"),
    ):
        some = [row for row in rows if row["by"] == by]
        if some:
            name = "difficulty" if by == "rating" else "difficulty-clues"
            found.append(_by_bins(name, title, axis, some, kept))
    return found


def _by_bins(name: str, title: str, axis: str, rows: Sequence[Row], kept: KeptMeasure) -> Figure:
    named = [{**row, "label": f"{row['name']} ({row['puzzles']:,})"} for row in rows]
    base = chart_of(named).encode(
        x=alt.X("label:N", title=f"{axis} (puzzles)", sort=None, axis=alt.Axis(labelAngle=-30 if len(rows) > 6 else 0))
    )
    chart = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(
        y=share_axis("low", "puzzles right"), y2="high:Q"
    ) + base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
        y=share_axis("right", "puzzles right"),
        tooltip=["name:N", "puzzles:Q", alt.Tooltip("right:Q", format=".2%")],
    )
    return Figure(
        name=name,
        title=title,
        says=f"Share of puzzles that are right after the run's own {kept.about.own_steps} supervision steps, with 95% "
        f"intervals, by {axis}. {_of(kept)}",
        chart=chart.properties(width=bins_width(len(rows))),
        rows=[{key: value for key, value in row.items() if key != "by"} for row in rows],
    )
