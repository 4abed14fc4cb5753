"""Accuracy by difficulty while a run trains: its file, its curves, its end; the same however often it is cut."""

import json
import shutil

import numpy as np
import pytest

from tests.runs import OF_ANY_MODEL as TINY
from tests.runs import metrics, stopping_at
from trmpipe.shards import Corpus
from trmpipe.trainer.judging import Judgement, judge_by_label
from trmpipe.trainer.pictures import curves
from trmpipe.trainer.runs.difficulty_lines import read_difficulty
from trmpipe.trainer.runs.lines import read_metrics
from trmpipe.trainer.scores.held_out import read_held_out


def judge(inputs, labels, answers):
    """Right are the puzzles whose solution begins with a small digit, whatever so brief a training has taught."""
    right = labels[:, 0] < 6
    return Judgement(cell=judge_by_label(inputs, labels, answers).cell, exact=right, solved=right)


@pytest.fixture(scope="module", autouse=True)
def judged():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.evaluators.label.judge_by_label", judge)
        yield


@pytest.fixture(scope="module")
def rated(corpus9, tmp_path_factory):
    """A run on puzzles of several bins, and what it printed; not to be changed."""
    from tests.runs import make_run

    return make_run(corpus9, tmp_path_factory.mktemp("runs") / "rated", TINY)


@pytest.fixture(scope="module")
def expected(corpus9):
    """Puzzles and right ones of every bin, by hand."""
    corpus = Corpus.open(corpus9)
    examples = read_held_out([corpus])
    ratings = corpus.catalog["test"].difficulty[examples.groups]
    right = examples.labels[:, 0] < 6
    bins = [(ratings >= low) & (ratings <= high) for low, high in ((0, 0), (1, 3), (4, np.inf))]
    found = [(int(one.sum()), int(right[one].sum())) for one in bins if one.any()]
    assert len(found) > 1
    return found


def test_every_evaluation_is_told_by_difficulty(rated, expected):
    lines = read_difficulty(rated / "difficulty.jsonl")
    assert [(line.step, line.split) for line in lines] == [(step, "test") for step in (4, 8) for _ in expected]
    for step in (4, 8):
        own = [line for line in lines if line.step == step]
        assert [(line.puzzles, round(line.shares["exact"] * line.puzzles)) for line in own] == expected
    assert own[0].level == "easy"


def test_metrics_are_what_they_were(rated):
    """Runs of before and after have the same metrics.jsonl."""
    lines = [json.loads(line) for line in metrics(rated).splitlines()]
    assert {line["split"] for line in lines} == {"train", "test"}
    assert {frozenset(line) for line in lines if line["split"] == "test"} == {
        frozenset({"step", "split", "cell", "exact", "halted"})
    }


@pytest.mark.parametrize("step", [3, 5, 8])
def test_a_run_that_is_cut_has_the_same_file(trmpipe, corpus9, rated, tmp_path, monkeypatch, step):
    command = ["train", corpus9, *TINY, "--out", tmp_path / "cut"]
    with monkeypatch.context() as patch:
        stopping_at(patch, step)
        assert trmpipe(*command).code == 130
    with (tmp_path / "cut" / "difficulty.jsonl").open("a") as file:
        file.write('{"step": 99')
    assert trmpipe(*command, "--resume").code == 0
    assert (tmp_path / "cut" / "difficulty.jsonl").read_bytes() == (rated / "difficulty.jsonl").read_bytes()


def test_the_end_tells_it(trmpipe, corpus9, rated, tmp_path, expected):
    told = trmpipe("train", corpus9, *TINY, "--out", tmp_path / "text").out
    (line,) = [line for line in told.splitlines() if line.startswith("held out by difficulty: ")]
    (number, right), *_ = expected
    assert f"easy: {right / number:.1%} exact ({number} puzzles); " in line
    kept = json.loads((rated / "evaluation.json").read_text())["difficulty"]
    assert [(one["puzzles"], one["exact"]["right"]) for one in kept] == expected
    again = json.loads(trmpipe("train", corpus9, *TINY, "--out", rated, "--resume", "--json").out)
    assert again["difficulty"] == kept
    assert json.loads(trmpipe("evaluate", rated, "--json").out)["difficulty"] == kept


def test_curves_by_difficulty(rated, expected, monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(curves, "save_figure", lambda figure, path: figures.append(figure))
    lines = read_metrics(rated / "metrics.jsonl")
    curves.draw_curves(lines, "a run", tmp_path / "curves.png", read_difficulty(rated / "difficulty.jsonl"))
    curves.draw_curves(lines, "a run", tmp_path / "curves.png")
    assert [len(figure.axes) for figure in figures] == [3, 2]
    drawn = figures[0].axes[2].lines
    assert [line.get_ydata().tolist() for line in drawn] == [[right / number] * 2 for number, right in expected]
    assert drawn[0].get_label() == f"exact, easy ({expected[0][0]} puzzles)"


def test_puzzles_of_one_bin_have_no_such_file(nine):
    assert not (nine / "difficulty.jsonl").exists()
    assert "difficulty" not in json.loads((nine / "evaluation.json").read_text())


def test_a_damaged_line_is_one_line_of_words(trmpipe, corpus9, rated, tmp_path, monkeypatch):
    run = shutil.copytree(rated, tmp_path / "run")
    path = run / "difficulty.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"easy"', b'"hard"', 1))
    result = trmpipe("train", corpus9, *TINY, "--out", run, "--resume")
    assert (result.code, f"{path} is damaged" in result.message) == (1, True)
