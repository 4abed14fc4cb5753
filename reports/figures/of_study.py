"""The figures of a study: what is solved against what it costs, matrices of two numbers, and arms one by one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from trmpipe.shards.words import counted
from trmpipe.studies.plan import KINDS
from trmpipe.studies.results import StudyResults
from trmpipe.studies.setups import slug
from trmpipe.studies.summary import COSTS, Cost, Group, groups_of, offers_of

from .figure import Figure
from .of_study_matrices import across_of, matrices_of
from .theme import COLOURS

_WAYS = {kind: f"equal {words} of training" for kind, words in zip(KINDS, ("steps", "seconds", "FLOPs"), strict=True)}
_SOLVED = "solved, % of held-out puzzles"
_ROW_HEIGHT = 18
_DIFFERENT = 1.1
"""How many times the least cost the largest has to be, for a picture of costs: equal ones differ by whole steps."""
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
_GREY = "#7d8590"
"""Of names beside points, read on light and dark pages."""


def figures_of_study(results: StudyResults) -> list[Figure]:
    """All figures that the results of a study can be drawn as; those without two things to compare are left out.

    Args:
        results: of the study, see `trmpipe.studies.read_study`.
    """
    found, groups = [], groups_of(results)
    plan = results.record.plan
    families = {arm.name: arm.family or arm.name for arm in plan.arms}
    for data in plan.data:
        for kind in plan.budget.kinds:
            own = [one for one in groups if (one.data, one.kind) == (data.name, kind) and one.done]
            name = slug(f"{data.name} {kind}" if len(plan.budget.kinds) > 1 else data.name)
            about = f"{data.name}, {_WAYS[kind]}"
            for cost in COSTS:
                found += _against(own, cost, plan.evaluation.depths, families, name, about)
            found += _dots(own, families, name, about)
            found += matrices_of(plan, own, name, about)
    for kind in plan.budget.kinds if plan.evaluation.across else ():
        found += across_of(plan, [one for one in groups if one.kind == kind and one.done], _WAYS[kind])
    return found


def _against(
    groups: Sequence[Group],
    cost: Cost,
    depths: Sequence[int],
    families: Mapping[str, str],
    name: str,
    about: str,
) -> list[Figure]:
    """Solved against a cost with the front of the best; nothing where all cost about the same."""
    offers = offers_of(groups, cost, depths)
    if not offers or max(one.cost for one in offers) < _DIFFERENT * min(one.cost for one in offers):
        return []
    rows = [
        {
            "setup": one.group.label,
            "family": families[one.group.first.arm],
            "supervision steps": one.step,
            cost.title: one.cost,
            _SOLVED: round(100 * one.solved.mean, 2),
            "deviation": None if one.solved.deviation is None else round(100 * one.solved.deviation, 2),
            "seeds": one.solved.seeds,
            "on the front": "yes" if one.best else "no",
        }
        for one in sorted(offers, key=lambda one: one.cost)
    ]
    chart = _scatter(rows, cost, families)
    steps = " at several depths of evaluation" if len({one.step for one in offers}) > 2 else ""
    says = (
        f"{about}: share of held-out puzzles solved{steps} against {cost.title}, {counted(len(groups), 'setup')}, "
        f"means of {_seeds(groups)} of {_puzzles(groups)}. Bars are a deviation up and down; the dashed line joins "
        "what nothing cheaper beats, named where it solves most."
    )
    return [Figure(name=f"{name}-{cost.name}", title=f"Solved against {cost.title}", says=says, chart=chart, rows=rows)]


def _scatter(rows: list[dict[str, Any]], cost: Cost, families: Mapping[str, str]) -> alt.TopLevelMixin:
    """Points with their deviations, the front as a dashed line, and names on it."""
    base = alt.Chart({"values": rows}).encode(
        x=alt.X(f"{cost.title}:Q", scale=alt.Scale(type="log", nice=False, padding=12), title=cost.title).axis(
            format="~s", tickCount=6
        ),
        y=alt.Y(f"{_SOLVED}:Q", scale=alt.Scale(domain=[0, 100]), title=_SOLVED),
    )
    front = base.transform_filter(alt.datum["on the front"] == "yes")
    bars = base.transform_calculate(low=_end("-"), high=_end("+"))
    tooltip = [alt.Tooltip(f"{key}:{'N' if isinstance(value, str) else 'Q'}") for key, value in rows[0].items()]
    return alt.layer(
        front.mark_line(interpolate="step-after", strokeDash=[4, 3], opacity=0.6),
        bars.mark_rule(opacity=0.5).encode(y="low:Q", y2="high:Q", color=_coloured(families)),
        base.mark_point(filled=True, size=55, opacity=0.9).encode(
            color=_coloured(families), tooltip=tooltip, **_shaped(families)
        ),
        front.transform_window(nth="row_number()", sort=[alt.SortField(_SOLVED, "descending")], groupby=["setup"])
        .transform_filter(alt.datum.nth == 1)
        .mark_text(align="left", dx=6, dy=-7, fontSize=9, color=_GREY)
        .encode(text="setup:N"),
    ).properties(width=560, height=320)


def _dots(groups: Sequence[Group], families: Mapping[str, str], name: str, about: str) -> list[Figure]:
    """Every setup with its interval, the best first; nothing of a single one."""
    if len(groups) < 2:
        return []
    rows = [
        {"setup": one.label, "family": families[one.first.arm], **_shares(one, one.num_answers)}
        for one in sorted(groups, key=lambda one: -_mean(one))
    ]
    base = alt.Chart({"values": rows}).encode(
        y=alt.Y("setup:N", sort=None, title=None).axis(labelLimit=320),
        color=_coloured(families),
    )
    x = alt.X(f"{_SOLVED}:Q", scale=alt.Scale(domain=[0, 100]), title=_SOLVED)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.6).encode(x="low:Q", x2="high:Q", color=_coloured(families)),
        base.mark_point(filled=True, size=60).encode(
            x=x, tooltip=["setup:N", f"{_SOLVED}:Q", "low:Q", "high:Q"], **_shaped(families)
        ),
    ).properties(width=420, height=_ROW_HEIGHT * len(rows))
    says = (
        f"{about}: share of held-out puzzles solved after the last supervision step by each setup, means of "
        f"{_seeds(groups)} of {_puzzles(groups)} with 95 % intervals: the wider ends of those of seeds (Student) "
        "and of puzzles (Wilson)."
    )
    return [Figure(name=f"{name}-arms", title="Solved by each setup", says=says, chart=chart, rows=rows)]


def _end(sign: str) -> str:
    """Vega's expression for an end of a bar, within 0 and 100."""
    return f"clamp(datum['{_SOLVED}'] {sign} datum.deviation, 0, 100)"


def _shares(group: Group, step: int) -> dict[str, Any]:
    """Mean and interval in percent: from the lower to the upper end of both, Student's over seeds and Wilson's."""
    found = group.at(step)
    assert found is not None
    ends = [found.sampled.interval, *([found.interval] if found.interval else [])]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    return {
        _SOLVED: round(100 * found.mean, 2),
        "low": round(100 * low, 2),
        "high": round(100 * high, 2),
        "seeds": found.seeds,
    }


def _mean(group: Group) -> float:
    return group.last.mean if group.last else 0.0


def _coloured(families: Mapping[str, str]) -> alt.Color:
    """By family, each of the same colour in all figures of a study."""
    order = list(dict.fromkeys(families.values()))
    return alt.Color("family:N", scale=alt.Scale(domain=order), title=None, legend=alt.Legend(symbolOpacity=1))


def _shaped(families: Mapping[str, str]) -> dict[str, alt.Shape]:
    """By family too where there are more of them than colours; points of one colour then differ in their shape."""
    order = list(dict.fromkeys(families.values()))
    if len(order) <= len(COLOURS):
        return {}
    shapes = [_SHAPES[place // len(COLOURS) % len(_SHAPES)] for place in range(len(order))]
    scale = alt.Scale(domain=order, range=shapes)
    return {"shape": alt.Shape("family:N", scale=scale, title=None, legend=alt.Legend(symbolOpacity=1))}


def _seeds(groups: Iterable[Group]) -> str:
    counts = sorted({len(group.done) for group in groups})
    words = f"{counts[0]} to {counts[-1]} seeds" if len(counts) > 1 else counted(counts[0], "seed")
    return words


def _puzzles(groups: Iterable[Group]) -> str:
    return counted(max(run.puzzles for group in groups for run in group.done), "puzzle")
