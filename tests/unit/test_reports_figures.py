"""Figures: their numbers are those of the run's lines, their files whole and with their fonts."""

import base64
import io
import re
from pathlib import Path

import altair as alt
import numpy as np
import pytest
import vl_convert
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from trmpipe.reports.figures import SUFFIXES, Figure, fonts, save_figure, save_figures, saving
from trmpipe.reports.figures.curves import MOST_POINTS, thinned
from trmpipe.reports.figures.of_cells import figure_of_errors
from trmpipe.reports.figures.of_run import figure_by_supervision_step, figures_of_run, figures_of_runs, told_apart
from trmpipe.reports.figures.theme import COLOURS, LIGHT, PAGE, themed
from trmpipe.trainer.runs.difficulty_lines import DifficultyLine
from trmpipe.trainer.runs.lines import MetricLine

NAME = "ähnlich & $x$ <run>"


def line(step, split, **values):
    return MetricLine(step=step, split=split, values=values)


LINES = [
    line(10, "train", loss=1.0, halt_loss=0.0, exact=0.1, lr=1e-3),
    line(20, "train", loss=0.5, halt_loss=0.2, exact=0.2, lr=2e-3),
    line(20, "test", exact=0.3, cell=0.8),
    line(20, "monitor", exact=0.25, cell=0.7),
    line(20, "train_eval", exact=0.5, cell=0.9),
]
BY_LEVEL = [
    DifficultyLine(level=NAME, least=0, most=1, step=20, split="test", puzzles=1200, shares={"exact": 0.4}),
    DifficultyLine(level=None, least=2, most=7, step=20, split="test", puzzles=3, shares={"exact": 0.1}),
    DifficultyLine(level="other", least=2, most=7, step=20, split="monitor", puzzles=3, shares={"exact": 0.1}),
]


def every_figure():
    return [
        *figures_of_run(LINES, BY_LEVEL),
        *figures_of_runs({NAME: LINES, "two": LINES[:3]}),
        figure_by_supervision_step({"whole": [0.1, 0.2], "cells": [0.5, 0.6]}, 10),
        figure_of_errors(np.array([[1, 0], [2, 3]]), np.array([[4, 0], [4, 4]])),
        figure_of_errors(np.zeros((12, 12), np.int64), np.ones((12, 12), np.int64)),
    ]


def rows(figures, name):
    return [tuple(row.values()) for row in next(figure for figure in figures if figure.name == name).rows]


def test_the_numbers_are_those_of_the_lines():
    figures = figures_of_run(LINES, BY_LEVEL)
    assert [figure.name for figure in figures] == ["accuracy", "loss", "gap", "difficulty", "learning-rate"]
    assert ("exact, held-out puzzles", 20, 0.3) in rows(figures, "accuracy")
    assert ("exact, training batch", 10, 0.1) in rows(figures, "accuracy")
    # A loss of 0 has no place on a logarithmic axis.
    assert rows(figures, "loss") == [("loss", 10, 1.0), ("loss", 20, 0.5), ("halt loss", 20, 0.2)]
    assert rows(figures, "gap") == [("trained on, less held out", 20, 0.2)]
    assert rows(figures, "difficulty") == [(f"{NAME} (1,200 puzzles)", 20, 0.4), ("rated 2 to 7 (3 puzzles)", 20, 0.1)]
    together = figures_of_runs({NAME: LINES, "two": LINES[:2]})
    assert rows(together, "held-out") == [(NAME, 20, 0.3)]
    assert figures_of_run([]) == []
    assert figures_of_runs({"none": []}) == []


@given(st.integers(1, 1000), st.integers(0, 9))
def test_a_thinned_curve_keeps_its_means_and_its_end(number, seed):
    values = np.random.default_rng(seed).random(number).tolist()
    found = thinned(range(1, len(values) + 1), values)
    assert len(found) == min(len(values), MOST_POINTS)
    assert found[-1][0] == len(values)
    parts = np.split(values, [step for step, _ in found[:-1]])
    np.testing.assert_allclose([value for _, value in found], [part.mean() for part in parts], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("figure", every_figure(), ids=lambda figure: figure.name)
@pytest.mark.parametrize("ground", [LIGHT, PAGE], ids=["paper", "page"])
def test_specs_are_valid_and_tell_what_they_show(figure, ground):
    figure.chart.to_dict()
    spec = themed(figure, ground)
    assert spec["description"] == figure.says
    assert vl_convert.vegalite_to_vega(spec)["marks"]
    assert len(figure.says) > 30


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_figure_is_written_in_every_form(suffix, tmp_path):
    figure = figures_of_runs({NAME: LINES})[0]
    data = save_figure(figure, tmp_path / f"a{suffix}").read_bytes()
    assert data[:4] == {".svg": b"<svg", ".pdf": b"%PDF", ".png": b"\x89PNG"}[suffix]
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


def test_a_pdf_holds_its_fonts(tmp_path):
    data = save_figure(figures_of_run(LINES)[0], tmp_path / "a.pdf").read_bytes()
    names = set(re.findall(rb"/BaseFont\s*/([A-Za-z+-]+)", data))
    assert len(names) == 1
    assert names.pop().endswith(b"+DejaVuSans")
    assert data.count(b"/FontFile") >= 1


def test_an_svg_holds_a_font_with_all_of_its_letters(tmp_path):
    svg = save_figure(figures_of_runs({NAME: LINES})[0], tmp_path / "a.svg").read_text()
    face = re.search(
        r'@font-face{font-family:"DejaVu Sans";font-weight:normal;src:url\(data:font/woff;base64,([^)]+)\)', svg
    )
    with TTFont(io.BytesIO(base64.b64decode(face[1]))) as font:
        letters = set(font.getBestCmap())
    assert 'font-family="DejaVu Sans"' in svg
    shown = set(NAME) | set("exact accuracy training step 02468%")
    assert {ord(letter) for letter in shown} <= letters
    # Of five thousand, so that a figure stays small.
    assert len(letters) < 200
    assert "http" not in svg.replace("http://www.w3.org", "")


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_letters_cut_from_the_usual_ones_are_those_of_the_whole_font(weight, monkeypatch):
    shown = "step AVTo fi fl 0.5 % \N{EN DASH} exact"
    cut = fonts._face(weight, shown)
    monkeypatch.setattr(fonts, "_USUAL", "")
    assert fonts._face(weight, shown) == cut


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    figure = figures_of_run(LINES)[0]
    with pytest.raises(ValueError, match=r"^a\.gif ends in none of \.svg, \.pdf, \.png"):
        save_figure(figure, tmp_path / "a.gif")
    save_figure(figure, tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        save_figure(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == before


def test_several_are_written_under_their_names(tmp_path):
    figures = figures_of_run(LINES)[:2]
    written = save_figures(figures, tmp_path / "new", (".svg", ".png"))
    assert [path.name for path in written] == ["accuracy.svg", "accuracy.png", "loss.svg", "loss.png"]
    assert all(isinstance(path, Path) and path.stat().st_size for path in written)


@pytest.mark.parametrize(
    ("names", "labels", "common"),
    [
        (["s9-cpu-lr=1-seed0", "s9-cpu-lr=2-wide-seed0"], ["lr=1", "lr=2-wide"], "s9-cpu-...-seed0"),
        (["a", "b"], ["a", "b"], ""),
        (["a-b", "a-b-c"], ["b", "b-c"], "a-..."),
        (["only-one"], ["only-one"], ""),
        (["x-1", "y-1"], ["x", "y"], "...-1"),
    ],
)
def test_runs_are_told_apart_by_what_differs(names, labels, common):
    assert told_apart(names) == (labels, common)


@given(st.lists(st.text("ab-", min_size=1), min_size=1, unique=True))
def test_labels_of_different_runs_differ(names):
    labels, _ = told_apart(names)
    assert len(set(labels)) == len(names)


def test_long_names_of_runs_are_read_whole():
    names = [f"sudoku9-cpu-model.width={width}-{'x' * 30}={width}-seed0" for width in (64, 128)]
    figure = figures_of_runs(dict.fromkeys(names, LINES))[0]
    svg = vl_convert.vegalite_to_svg(themed(figure, LIGHT))
    assert "sudoku9-cpu-...-seed0" in figure.says
    assert all(f">model.width={width}-{'x' * 30}={width}<" in svg for width in (64, 128))


def marks(svg):
    """Points that are drawn in the chart, and marks of the legend that are filled or stroked."""
    symbols = re.findall(r'<g class="mark-symbol role-(mark|legend-symbol)[^>]*>(.*?)</g>', svg, re.DOTALL)
    return {role: sum(inner.count("<path") for name, inner in symbols if name == role) for role, _ in symbols}


def test_a_curve_of_one_point_is_seen():
    few = [line(10 * step, "train", exact=0.1, loss=1.0) for step in range(1, 30)]
    figure = figures_of_run([*few, line(290, "test", exact=0.5, cell=0.9)])[0]
    svg = vl_convert.vegalite_to_svg(themed(figure, LIGHT))
    assert len(re.findall(r'class="mark-group role-legend"', svg)) == 1
    # One of puzzles, and one of cells; the long curve of batches has none.
    assert marks(svg)["mark"] == 2


def test_legends_of_bars_have_marks():
    values = [{"a": "x", "b": 1}, {"a": "y", "b": 2}]
    chart = alt.Chart(alt.InlineData(values=values)).mark_bar().encode(x="b:Q", y="a:N", color="a:N")
    svg = vl_convert.vegalite_to_svg(themed(Figure(name="a", title="a", says="a", chart=chart, rows=values), LIGHT))
    shapes = re.findall(r'role-legend-symbol".*?d="([^"]*)"', svg)
    assert len(shapes) == 2
    assert all("Z" in shape for shape in shapes)


@pytest.mark.parametrize("colour", COLOURS)
def test_lines_stand_off_their_ground(colour):
    for ground in ("#ffffff", "#0d1117"):
        assert contrast(colour, ground) >= 3


def contrast(one, other):
    """As WCAG 2 defines it."""
    above, below = sorted((luminance(one), luminance(other)), reverse=True)
    return (above + 0.05) / (below + 0.05)


def test_numbers_on_a_heat_map_are_read_on_every_cell():
    wrong = np.arange(81).reshape(9, 9)
    svg = vl_convert.vegalite_to_svg(themed(figure_of_errors(wrong, np.full((9, 9), 80)), LIGHT))
    cells = re.findall(r'aria-roledescription="rect mark"[^>]* fill="rgb\((\d+), (\d+), (\d+)\)"', svg)
    inks = re.findall(r'aria-roledescription="text mark"[^>]* fill="(#[0-9a-f]{6})">', svg)
    assert len(cells) == len(inks) == 81
    for cell, ink in zip(cells, inks, strict=True):
        assert contrast("#{:02x}{:02x}{:02x}".format(*map(int, cell)), ink) >= 3.5


def luminance(colour):
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
