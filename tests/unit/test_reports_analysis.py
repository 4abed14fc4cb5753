"""Figures of an analysis: drawn of every measure, their rows are the table's numbers, and they fit the page."""

import json
import math
import re

import numpy as np
import pytest
import torch
import vl_convert

from tests.hand_made import ANSWER, BLANK, HandMade, examples_of, subject
from trmpipe.reports.figures import save_figure
from trmpipe.reports.figures.of_analysis import FIGURES, figures_of_analysis
from trmpipe.trainer.analysis import MEASURES, KeptMeasure
from trmpipe.trainer.analysis.reading import About, AnalysedCorpus

NAN = float("nan")
TURN = torch.tensor([[0.6, 0.8], [-0.8, 0.6]])
ABOUT = About(
    run="run",
    config_hash="0" * 64,
    step=9,
    seed=0,
    corpora=(AnalysedCorpus(name="corpus", content_digest="0" * 64),),
    limit=20,
    steps=4,
    own_steps=2,
    puzzles=20,
)
TABLES = {
    "one-blank": {
        "puzzle": [0, 1],
        "cell": [3, 2],
        "right": [True, False],
        "cell_right": [True, True],
        "others_kept": [1.0, 0.5],
        "solved_whole": [False, False],
    },
    "relabelling": {
        "puzzle": [0, 1, 2],
        "right": [True, False, False],
        "variants": [8, 8, 8],
        "variants_right": [8, 0, 8],
    },
    "difficulty": {
        "by": ["rating", "clues", "clues"],
        "name": ["easy", "7", "8"],
        "least": [0.0, 7.0, 8.0],
        "most": [1.0, 7.0, 8.0],
        "puzzles": [3, 1, 2],
        "right": [0.5, 0.0, 1.0],
        "low": [0.1, 0.0, 0.4],
        "high": [0.9, 0.6, 1.0],
    },
    "restarts": {
        "steps": [1, 1, 2, 2],
        "restarts": [1, 2, 1, 2],
        "right": [0.1, 0.2, 0.3, 0.4],
        "low": [0.0, 0.1, 0.2, 0.3],
        "high": [0.2, 0.3, 0.4, 0.5],
        "any_right": [0.1, 0.5, 0.3, 0.6],
    },
    "identifiers": {
        "identifier": ["own", "exchanged", "blank"],
        "puzzles": [5, 5, 5],
        "right": [0.8, 0.0, 0.0],
        "low": [0.4, 0.0, 0.0],
        "high": [0.9, 0.4, 0.4],
        "open_cell": [0.9, NAN, 0.2],
    },
    "votes": {
        "test_input": [0, 1],
        "single": [True, False],
        "first": [True, True],
        "second": [True, True],
        "votes": [6, 5],
        "answers": [1, 2],
    },
}
"""Of the measures that ask again; those of the others are measured on a network made by hand."""


def column(values):
    found = np.array(values)
    return found.astype(object) if found.dtype.kind == "U" else found


def kept_measure(name):
    if name in TABLES:
        table = {key: column(values) for key, values in TABLES[name].items()}
        headline, lines = {}, ("what it says",)
    else:
        net = HandMade(
            lambda z: z @ TURN,
            lambda z, inputs: (inputs % 2 + 1 + (z[:, :1] > 1)).long(),
            halt=lambda z, inputs: z[:, 0] + inputs[:, 0] / 9 - 1,
        )
        inputs = np.full((20, 4), BLANK, np.uint8)
        inputs[:, 0] = np.arange(20) % 9 + 1
        found = MEASURES[name].measure(subject(net, examples_of(inputs, np.full_like(inputs, ANSWER)), 4, own=2))
        table, lines = found.table, found.lines
        headline = {key: value for key, value in found.headline.items() if math.isfinite(value)}
    return KeptMeasure(name=name, title=MEASURES[name].title, table=table, headline=headline, lines=lines, about=ABOUT)


@pytest.fixture(scope="module")
def figures():
    return {name: figures_of_analysis({name: kept_measure(name)}) for name in MEASURES}


def test_every_measure_is_drawn():
    assert set(FIGURES) == set(MEASURES)


@pytest.mark.parametrize("name", MEASURES)
def test_a_figure_is_named_after_its_measure_and_says_what_it_shows(figures, name):
    first, *others = figures[name]
    assert first.name == name
    assert all(one.name.startswith(f"{name}-") for one in others)
    for one in figures[name]:
        assert one.rows
        assert len({tuple(row) for row in one.rows}) == 1
        json.dumps(list(one.rows), allow_nan=False)
        assert "20 held-out puzzles of corpus" in one.says
        assert one.says.endswith((".", "each."))


@pytest.mark.parametrize("name", MEASURES)
def test_a_figure_is_drawn_without_a_warning_and_fits_a_page(figures, name, tmp_path):
    for one in figures[name]:
        path = save_figure(one, tmp_path / f"{one.name}.svg")
        drawn = path.read_text()
        assert "NaN" not in drawn
        assert "undefined" not in drawn
        width, height = (float(size) for size in drawn.split('viewBox="0 0 ')[1].split('"')[0].split())
        assert 140 < width < 800  # A page is 1,100 wide, and narrows what is wider than its column.
        assert 60 < height < 620
        assert drawn.count("<text") > 2


def test_rows_are_the_numbers_of_the_table(figures):
    kept = kept_measure("steps")
    accuracy = figures["steps"][0].rows
    assert [row["right"] for row in accuracy] == kept.table["right"].tolist()
    assert [row["step"] for row in accuracy] == kept.table["step"].tolist()
    bars = {row["asked"]: row["share"] for row in figures["one-blank"][0].rows}
    assert bars == {"the puzzle itself": 0.0, "one blank: all cells": 0.5, "one blank: that cell": 1.0}
    solved = [row["puzzles"] for row in figures["relabelling"][0].rows]
    assert sum(solved) == 3
    assert {row["name"] for row in figures["difficulty"][1].rows} == {"7", "8"}
    assert sum(row["puzzles"] for row in figures["fixed-points"][0].rows) == 20


def test_axes_of_counts_name_no_number_twice(figures):
    for name in ("relabelling", "fixed-points"):
        svg = vl_convert.vegalite_to_svg(figures[name][0].chart.to_dict())
        axes = re.findall(r'aria-label="[XY]-axis titled \'puzzles\'.*?role-axis-title', svg, re.DOTALL)
        assert axes
        for axis in axes:
            words = re.findall(r">(\d+)<", axis.partition("role-axis-label")[2])
            assert words
            assert len(set(words)) == len(words), words


def test_a_measure_that_nobody_draws_is_passed_over():
    assert figures_of_analysis({"of-others": kept_measure("votes")}) == []
