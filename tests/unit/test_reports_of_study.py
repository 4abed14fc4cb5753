"""Figures of studies: their rows are the numbers of the results, and every one of them can be drawn."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from trmpipe.reports.figures import save_figure
from trmpipe.reports.figures.of_study import _shaped, figures_of_study
from trmpipe.reports.figures.theme import COLOURS
from trmpipe.studies.fitting import Fitted
from trmpipe.studies.reading import parse_plan
from trmpipe.studies.record import Measured, Place, new_record
from trmpipe.studies.results import RunRow, StudyResults
from trmpipe.studies.statistics import estimate_of
from trmpipe.studies.summary import groups_of
from trmpipe.studies.table import as_markdown, magnitude, rows_of

PLAN = """
name = "mine"
question = "Which?"
seeds = 2
[evaluation]
steps = 4
depths = [1, 2, 4]
restarts = [3]
across = true
[[data]]
name = "one"
path = "there"
[[data]]
name = "two, v1.5 (x)"
path = "here"
[[arms]]
name = "TRM"
family = "recursive"
[[arms.axes]]
name = "puz.zles"
key = "groups"
values = [10, 20]
[[arms.axes]]
name = "variants"
key = "variants"
values = [1, 2]
[[arms]]
name = "cell"
family = "recursive"
[[arms.axes]]
name = "calls"
key = "model.calls"
values = [1, 2]
[[arms]]
name = "Direct"
"""
POINTS = {
    "TRM": [{"puz.zles": a, "variants": b} for a, b in product(("10", "20"), ("1", "2"))],
    "cell": [{"calls": "1"}, {"calls": "2"}],
    "Direct": [{}],
}


def row(number, data, arm, point, seed):
    last = min(1.0, 0.1 * number + 0.05 * seed)
    direct = arm == "Direct"
    shares = (last,) if direct else (0.0, last / 2, last, last)
    other = {"one": "two, v1.5 (x)", "two, v1.5 (x)": "one"}[data]
    return RunRow(
        data=data,
        arm=arm,
        point=point,
        equal=("steps",),
        seed=seed,
        status="done",
        parameters=100 * number,
        steps=10,
        step_flops=1000 * number,
        training_flops=10_000.0 * number,
        answer_flops=(5.0 * number, 20.0 * number),
        puzzles=40,
        judged_by="exact",
        solved=shares,
        exact=shares,
        cell=shares,
        restarts={} if direct else {"3": shares},
        across={other: last / 2},
    )


def made(runs=None):
    plan = parse_plan(PLAN, "mine.toml")
    setups = [(data.name, arm, point) for data in plan.data for arm, points in POINTS.items() for point in points]
    every = [row(number % 7 + 1, *setup, seed) for number, setup in enumerate(setups) for seed in (0, 1)]
    record = new_record(plan, {data.name: Place(path="x", content="0" * 64) for data in plan.data}, None, "cpu")
    fitted = Fitted(share=1.0, seeds=2, dropped=(), seconds=1.0, cuts=())
    measured = Measured(costs={}, failed={}, fitted=fitted, jobs=1)
    record = type(record)(**{**{name: getattr(record, name) for name in record.__slots__}, "measured": measured})
    return StudyResults(folder=Path("mine"), record=record, runs=tuple(runs or every), tries=())


FIGURES = {figure.name: figure for figure in figures_of_study(made())}


@pytest.mark.parametrize(
    ("number", "words"), [(999, "999"), (999.6e6, "1 G"), (999_999, "1 M"), (12_345, "12.3 k"), (9.996e14, "1 P")]
)
def test_magnitudes_have_three_digits(number, words):
    assert magnitude(number) == words


def test_every_kind_of_figure_is_there():
    names = [f"one-{name}" for name in ("parameters", "training-flops", "answer-flops", "arms")]
    names += ["one-trm-puz.zles-variants", "one-cell-calls-depth", "one-cell-1-restarts-depth", "direct-steps-across"]
    assert set(names) <= FIGURES.keys()
    assert len(FIGURES) == len(figures_of_study(made()))


def test_rows_are_the_numbers_of_the_results():
    results = made()
    runs = [run for run in results.runs if (run.data, run.arm) == ("one", "TRM")]
    cells = FIGURES["one-trm-puz.zles-variants"].rows
    for cell in cells:
        labels = {axis: str(cell[axis]) for axis in ("puz.zles", "variants")}
        own = [run.solved[-1] for run in runs if run.point == labels]
        assert cell["solved, %"] == pytest.approx(50 * sum(own))
    deep = FIGURES["one-cell-calls-depth"].rows
    assert {(one["calls"], one["supervision steps"]) for one in deep} == set(product((1, 2), (1, 2, 4)))
    assert [one["solved, %"] for one in deep if one["supervision steps"] == 1] == [0, 0]
    matrix = FIGURES["direct-steps-across"].rows
    assert [(one["trained on"], one["scored on"]) for one in matrix] == list(
        product(("one", "two, v1.5 (x)"), repeat=2)
    )
    assert matrix[1]["solved, %"] == pytest.approx(matrix[0]["solved, %"] / 2)


def test_no_cell_of_a_heat_map_is_of_two_setups():
    """An axis of names has a map for each of them."""
    points = [{"length": length, "kind": kind} for length in ("1", "0.5") for kind in ("a", "b")]
    rows = [row(number, "one", "TRM", point, seed) for number, point in enumerate(points, 1) for seed in (0, 1)]
    found = {figure.name: figure for figure in figures_of_study(made(rows))}
    assert {"one-trm-a-length-depth", "one-trm-b-length-depth"} <= found.keys()
    for figure in (found["one-trm-a-length-depth"], found["one-trm-b-length-depth"]):
        cells = [(one["length"], one["supervision steps"]) for one in figure.rows]
        assert sorted(cells) == sorted(product((0.5, 1), (1, 2, 4)))
    assert "TRM, a on one" in found["one-trm-a-length-depth"].says


def test_more_families_than_colours_differ_in_shape():
    families = [f"family {number}" for number in range(len(COLOURS) + 2)]
    shown = _shaped(dict(zip(families, families, strict=True)))["shape"].to_dict()["scale"]
    seen = [(shape, COLOURS[place % len(COLOURS)]) for place, shape in enumerate(shown["range"])]
    assert shown["domain"] == families
    assert len(set(seen)) == len(families)
    assert _shaped({"a": "a", "b": "b"}) == {}


def test_one_seed_has_no_deviation():
    rows = [row(number, "one", "Direct", {"layers": str(number)}, 0) for number in (2, 4)]
    found = {figure.name: figure for figure in figures_of_study(made(rows))}
    assert {one["deviation"] for one in found["one-training-flops"].rows} == {None}


def test_runs_of_another_version_are_told():
    results = made()
    assert f"- trmpipe {results.record.trmpipe}, " in as_markdown(results)
    others = [replace(one, trmpipe="9.9" if one.seed else results.record.trmpipe) for one in results.runs]
    number = sum(one.seed for one in others)
    assert f"(**{number} runs done by 9.9**" in as_markdown(made(others))


def test_the_front_is_marked_and_the_interval_is_students():
    rows = FIGURES["one-training-flops"].rows
    # What costs more solves more here, so nothing is beaten.
    assert {row["on the front"] for row in rows} == {"yes"}
    (dot,) = [row for row in FIGURES["one-arms"].rows if row["setup"] == "Direct"]
    runs = [run for run in made().runs if (run.data, run.arm) == ("one", "Direct")]
    found = estimate_of([run.solved[-1] for run in runs], [40, 40])
    assert (dot["low"], dot["high"]) == tuple(round(100 * end, 2) for end in found.interval)


def test_all_that_costs_the_same_has_no_front():
    same = [row(3, data, "Direct", {}, seed) for data in ("one", "two, v1.5 (x)") for seed in (0, 1)]
    names = {figure.name for figure in figures_of_study(made(same))}
    assert not any("flops" in name or "parameters" in name or "arms" in name for name in names)


def test_failed_runs_are_no_points():
    failed = [
        RunRow(data="one", arm="Direct", point={}, equal=("steps",), seed=0, status="failed", reason="it diverged")
    ]
    assert figures_of_study(made(failed)) == []
    assert "| Direct | one | 0 | it diverged |" in as_markdown(made(failed))


def test_an_axis_that_is_left_with_one_label_is_not_shown():
    """As where points were cut: it would stand in every name and say nothing."""
    rows = [row(number, "one", "Direct", {"length": "1", "layers": str(number)}, 0) for number in (2, 4)]
    assert [group.name for group in groups_of(made(rows))] == ["Direct, layers 2", "Direct, layers 4"]
    assert rows_of(groups_of(made(rows)), (1,))[0][:2] == ["arm", "layers"]
    rows.append(row(2, "one", "Direct", {"length": "0.5", "layers": "2"}, 0))
    assert groups_of(made(rows))[-1].name == "Direct, length 0.5, layers 2"


@pytest.mark.parametrize("name", ["one-answer-flops", "one-arms", "one-trm-puz.zles-variants", "direct-steps-across"])
def test_they_are_drawn(name, tmp_path):
    figure = FIGURES[name]
    text = save_figure(figure, tmp_path / "figure.svg").read_text()
    assert text.startswith("<svg")
    names = {value for row in figure.rows for key, value in row.items() if key in ("setup", "trained on")}
    drawn = [one for one in names if one in text]
    assert name == "one-answer-flops" or set(drawn) == names
    keys = {tuple(row) for row in figure.rows}
    assert len(keys) == 1
