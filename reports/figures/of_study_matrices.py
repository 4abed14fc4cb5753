"""Heat maps of studies: two axes of numbers, an axis against evaluated depth, restarts against depth, data on data."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from trmpipe.shards.words import counted
from trmpipe.studies.plan import Plan
from trmpipe.studies.setups import slug
from trmpipe.studies.statistics import Estimate
from trmpipe.studies.summary import Group, words_on_overlap
from trmpipe.studies.table import restarts_at

from .figure import Figure

_SOLVED = "solved, %"
_CELL = 46
_FEWEST_DEPTHS = 3
"""Evaluated depths from which on they make an axis."""


def matrices_of(plan: Plan, groups: Sequence[Group], name: str, about: str) -> list[Figure]:
    """The heat maps of the setups of one data and kind of budget.

    Args:
        plan: of the study.
        groups: that came to an end.
        name: of figures, at its beginning.
        about: data and kind in words.
    """
    found = []
    for arm in dict.fromkeys(group.first.arm for group in groups):
        own = [group for group in groups if group.first.arm == arm]
        for labels, part in _by_names(own).items():
            prefix, words = slug(" ".join([name, arm, *labels])), f"{', '.join([arm, *labels])} on {about}"
            found += _two_axes(part, prefix, words)
            found += _depths(plan, part, prefix, words)
        found += _restarts(plan, own, slug(f"{name} {arm}"), f"{arm} on {about}")
    return found


def _by_names(groups: Sequence[Group]) -> dict[tuple[str, ...], list[Group]]:
    """The groups by their labels on axes that are no numbers: a cell of a heat map is of one of them alone."""
    numbers, axes = _number_axes(groups), list(groups[0].first.point)
    names = [axis for axis in axes if axis not in numbers and len({one.first.point.get(axis) for one in groups}) > 1]
    found: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        found.setdefault(tuple(group.first.point.get(axis, "") for axis in names), []).append(group)
    return found


def _overlap(groups: Sequence[Group], axes: Sequence[str]) -> bool:
    """Whether two groups have the same numbers on some axes, so that one cell would be of both."""
    return len({tuple(group.first.point[axis] for axis in axes) for group in groups}) < len(groups)


def _two_axes(groups: Sequence[Group], name: str, about: str) -> list[Figure]:
    axes = _number_axes(groups)
    if len(axes) != 2 or _overlap(groups, axes):
        return []
    first, second = axes
    rows = [{first: _number(one, first), second: _number(one, second), **_share(one.last)} for one in groups]
    says = f"{about}: share of held-out puzzles solved over {first} and {second}, means of the seeds."
    return [_heat_map(f"{name}-{slug(first)}-{slug(second)}", f"Solved over {first} and {second}", says, rows)]


def _depths(plan: Plan, groups: Sequence[Group], name: str, about: str) -> list[Figure]:
    """One axis of numbers against the depth of evaluation."""
    axes, depths = _number_axes(groups), plan.evaluation.depths
    if len(axes) != 1 or _overlap(groups, axes) or len(depths) < _FEWEST_DEPTHS:
        return []
    if max(group.num_answers for group in groups) < _FEWEST_DEPTHS:
        return []
    rows = [
        {axes[0]: _number(group, axes[0]), "supervision steps": depth, **_share(group.at(depth))}
        for group in groups
        for depth in depths
        if depth <= group.num_answers
    ]
    says = f"{about}: share of held-out puzzles solved over {axes[0]} and steps of an answer, means of seeds."
    title = f"Solved over {axes[0]} and evaluated depth"
    return [_heat_map(f"{name}-{slug(axes[0])}-depth", title, says, rows)]


def _restarts(plan: Plan, groups: Sequence[Group], name: str, about: str) -> list[Figure]:
    found = []
    for group in groups:
        rows = [
            {"restarts": number, "supervision steps": depth, **_share(estimate)}
            for number in (1, *plan.evaluation.restarts)
            for depth in plan.evaluation.depths
            if (estimate := _with_restarts(group, number, depth)) is not None
        ]
        if len({row["restarts"] for row in rows}) > 1:
            says = (
                f"{about}, {group.name}: share of held-out puzzles solved by the surest of so many restarts after so "
                "many supervision steps, means of seeds."
            )
            prefix = slug(f"{name} {' '.join(group.first.point.values())}")
            found.append(_heat_map(f"{prefix}-restarts-depth", "Solved over restarts and depth", says, rows))
    return found


def _with_restarts(group: Group, number: int, depth: int) -> Estimate | None:
    if depth > group.num_answers:
        return None
    if number == 1:
        return group.at(depth)
    return group.over(lambda run: restarts_at(run.restarts, number, depth))


def across_of(plan: Plan, groups: Sequence[Group], about: str) -> list[Figure]:
    """What each data teaches, scored on all of them: a matrix for every arm and point.

    Args:
        plan: of the study, with two data or more.
        groups: of one kind of budget, that came to an end.
        about: the kind in words.
    """
    found = []
    for name in dict.fromkeys(group.name for group in groups):
        own = [group for group in groups if group.name == name]
        rows = [
            {"trained on": group.data, "scored on": other.name, **_share(_scored_on(group, other.name))}
            for group in own
            for other in plan.data
        ]
        says = f"{name}, {about}: share of held-out puzzles of each data solved, by what it was trained on."
        says = " ".join([says, *words_on_overlap(own, [data.name for data in plan.data])])
        title = "Trained on one, scored on another"
        found.append(_heat_map(slug(f"{name} {about.split()[1]} across"), title, says, rows))
    return found


def _scored_on(group: Group, data: str) -> Estimate | None:
    return group.last if data == group.data else group.over(lambda run: run.across.get(data))


def _heat_map(name: str, title: str, says: str, rows: Sequence[dict[str, Any]]) -> Figure:
    """A cell for each pair of the first two values of a row, with its number."""
    down, along, *_ = rows[0]
    is_number = not isinstance(rows[0][down], str)
    base = alt.Chart({"values": list(rows)}).encode(
        x=alt.X(f"{_field(along)}:O", title=along).axis(labelAngle=0),
        y=alt.Y(f"{_field(down)}:O", title=down, sort="descending" if is_number else None).axis(labelLimit=320),
    )
    shade = alt.Color(
        f"{_SOLVED}:Q", scale=alt.Scale(scheme="viridis", domain=[0, 100]), legend=alt.Legend(title=_SOLVED)
    )
    ink = alt.condition(alt.datum[_SOLVED] > 60, alt.value("#111111"), alt.value("#ffffff"))
    size = [len({row[key] for row in rows}) for key in (along, down)]
    chart = alt.layer(
        base.mark_rect().encode(color=shade),
        base.mark_text(fontSize=11).encode(text=alt.Text(f"{_SOLVED}:Q", format=".1f"), color=ink),
    ).properties(width=max(3, size[0]) * (_CELL + 14), height=max(2, size[1]) * _CELL)
    return Figure(name=name, title=title, says=f"{says} {counted(len(rows), 'cell')}.", chart=chart, rows=rows)


def _field(name: str) -> str:
    """A name as Vega-Lite takes it for a field: dots and brackets reach into one there."""
    return "".join(f"\\{letter}" if letter in ":.[]" else letter for letter in name)


def _number_axes(groups: Sequence[Group]) -> list[str]:
    """Axes whose labels are numbers, of which there are two or more."""
    axes = groups[0].first.point
    return [
        axis
        for axis in axes
        if len(found := {group.first.point.get(axis, "") for group in groups}) > 1 and all(map(_is_number, found))
    ]


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _number(group: Group, axis: str) -> float | int:
    value = float(group.first.point[axis])
    return int(value) if value.is_integer() else value


def _share(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {_SOLVED: None, "deviation": None, "seeds": 0}
    deviation = None if estimate.deviation is None else round(100 * estimate.deviation, 2)
    return {_SOLVED: round(100 * estimate.mean, 2), "deviation": deviation, "seeds": estimate.seeds}
