"""Charts over supervision steps: accuracy, residual, moves, cells mended and broken, cells committed to."""

import altair as alt

from trmpipe.trainer.analysis import KeptMeasure

from ..figure import Figure
from .parts import BLUE, asked, chart_of, lines, own_steps_rule, powers_of_ten, rows_of, series, share_axis, steps_axis

_ACCURACY = {"right": "puzzles right", "open_cell": "open cells right", "halted": "would have halted"}
_RESIDUALS = {"residual_right": "puzzles right at last", "residual_wrong": "puzzles wrong at last"}
_COSINES = {"turn": "a move and the one before", "closeness": "the latents after and before a step"}
_COMMITTED = {
    "committed": "committed, of open cells",
    "committed_wrong": "wrong, of those committed",
    "stalled_wrong": "wrong, of those committed where the answer stays wrong",
}


def figures_of_steps(kept: KeptMeasure) -> list[Figure]:
    """Accuracy; and where there are latents, their residual and their angles."""
    rows = rows_of(kept)
    found = [_accuracy(kept)]
    if any(row["residual"] is not None for row in rows):
        found += [_residual(kept), _cosines(kept)]
    return found


def _accuracy(kept: KeptMeasure) -> Figure:
    rows, about = rows_of(kept), kept.about
    data = series(rows, _ACCURACY)
    band = chart_of(rows).mark_area(opacity=0.2, color=BLUE).encode(x=steps_axis(rows), y=alt.Y("low:Q"), y2="high:Q")
    chart = lines(data, steps_axis(rows), share_axis("value", "share"), list(_ACCURACY.values()))
    return Figure(
        name="steps",
        title="Accuracy by supervision step",
        says=f"Shares of puzzles and of open cells that are right after each supervision step, with the 95% interval "
        f"of puzzles, and of puzzles at which the network would have halted by then; the dashed line is the run's own "
        f"number of steps, {about.own_steps}. Over {asked(about)}.",
        chart=band + chart + own_steps_rule(about, rows),
        rows=[{key: row[key] for key in ("step", "low", "high", *_ACCURACY)} for row in rows],
    )


def _residual(kept: KeptMeasure) -> Figure:
    rows = rows_of(kept)
    data = [row for row in series(rows, _RESIDUALS) if row["value"] > 0]
    y = alt.Y(
        "value:Q",
        title="residual  ||z_t - z_(t-1)|| / ||z_t||",
        scale=alt.Scale(type="log", nice=False),
        axis=powers_of_ten(row["value"] for row in data),
    )
    return Figure(
        name="steps-residual",
        title="Residual by supervision step",
        says=f"How far a step moves the latents, as a share of their length: means over puzzles that are right after "
        f"the last step and over the others, on a logarithmic scale. Over {asked(kept.about)}.",
        chart=lines(data, steps_axis(rows), y, list(_RESIDUALS.values())) + own_steps_rule(kept.about, rows),
        rows=[{key: row[key] for key in ("step", *_RESIDUALS, "moved")} for row in rows],
    )


def _cosines(kept: KeptMeasure) -> Figure:
    rows = rows_of(kept)
    y = alt.Y("value:Q", title="cosine, mean over puzzles", scale=alt.Scale(domain=[-1, 1]))
    return Figure(
        name="steps-cosines",
        title="Angles of latents and of their moves",
        says=f"Cosine of each step's move of the latents with the move before (1: straight on, -1: back again), and of "
        f"the latents after and before the step. Over {asked(kept.about)}.",
        chart=lines(series(rows, _COSINES), steps_axis(rows), y, list(_COSINES.values()))
        + own_steps_rule(kept.about, rows),
        rows=[{key: row[key] for key in ("step", *_COSINES)} for row in rows],
    )


def figures_of_changes(kept: KeptMeasure) -> list[Figure]:
    """Cells mended and broken, and cells committed to."""
    return [_mended(kept), _committed(kept)]


def _mended(kept: KeptMeasure) -> Figure:
    rows, names = rows_of(kept), {"mended": "mended: wrong to right", "broken": "broken: right to wrong"}
    later = rows[1:] or rows
    y = alt.Y("value:Q", title="open cells of a puzzle, mean", scale=alt.Scale(zero=True))
    return Figure(
        name="changes",
        title="Cells mended and broken by step",
        says=f"Open cells of a puzzle that a step turns from wrong to right and from right to wrong, means over puzzles"
        f", from the second step on; the first one answers {rows[0]['mended']:.1f} rightly. Over {asked(kept.about)}.",
        chart=lines(series(later, names), steps_axis(rows), y, list(names.values())) + own_steps_rule(kept.about, rows),
        rows=[{key: row[key] for key in ("step", *names, "mended_share", "broken_share")} for row in rows],
    )


def _committed(kept: KeptMeasure) -> Figure:
    rows = rows_of(kept)
    names = [said for name, said in _COMMITTED.items() if any(row[name] is not None for row in rows)]
    return Figure(
        name="changes-committed",
        title="Cells that the network has committed itself to",
        says="Share of open cells whose answer has a probability above .9, and the wrong ones among these: of all "
        f"puzzles, and of those that stay at a wrong answer. Over {asked(kept.about)}.",
        chart=lines(series(rows, _COMMITTED), steps_axis(rows), share_axis("value", "share"), names)
        + own_steps_rule(kept.about, rows),
        rows=[{key: row[key] for key in ("step", *_COMMITTED)} for row in rows],
    )
