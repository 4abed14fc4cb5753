"""What `trmpipe train` says of tasks that judge answers themselves: every figure by what they accept."""

import re

import pytest

from trmpipe.cli.train import _BarTraining, _means_in_words, _others_in_words
from trmpipe.cli.train_report import _bin_in_words, _scores_in_words
from trmpipe.cli.train_seeds import _in_words
from trmpipe.trainer.pictures import curves
from trmpipe.trainer.runs.best import after_evaluation
from trmpipe.trainer.runs.difficulty_lines import DifficultyLine
from trmpipe.trainer.runs.lines import MetricLine
from trmpipe.trainer.scores.difficulty import BinScore
from trmpipe.trainer.scores.intervals import Share
from trmpipe.trainer.scores.scoring import Scores
from trmpipe.trainer.training.result import BestScores, FinalScores


def scores(exact, accepted=None, **more):
    columns = {"cell": (0.95,), "exact": (exact,)} | ({} if accepted is None else {"accepted": (accepted,)})
    return Scores(num_puzzles=10, columns=columns, **more)


HELD_OUT, TRAINED = scores(0.5, 0.9), scores(0.75, 1.0)
BEST = BestScores(step=4, monitor=0.8, column="accepted", worse=1, held_out=None)


def test_the_gap_is_the_difference_of_two_shares_that_are_printed():
    held_out, trained, best = _scores_in_words(FinalScores(held_out=HELD_OUT, training=TRAINED, best=BEST))
    shares = [float(re.search(r"([0-9.]+)% accepted", line)[1]) for line in (held_out, trained)]
    gap = float(re.search(r"the gap to held-out puzzles is (.*) points", trained)[1])
    assert gap == pytest.approx(shares[1] - shares[0])
    assert trained.startswith("trained on: 100.0% accepted (10 puzzles)")
    assert best.startswith("best after step 4: 80.0% accepted of the puzzles kept aside")


def test_by_label_where_nothing_else_is_told():
    _, trained = _scores_in_words(FinalScores(held_out=scores(0.5), training=scores(0.75)))
    assert trained == "trained on: 75.0% exact (10 puzzles); the gap to held-out puzzles is 25.0 points"


def test_progress_goes_by_what_is_accepted():
    assert _others_in_words({"monitor": TRAINED}) == ["kept aside 100.0% accepted"]
    assert _means_in_words({"loss": 1.0, "exact": 0.5, "accepted": 0.9})[0].endswith("90.0% accepted")
    bar = _BarTraining(None)
    bar._scored = True
    bar.evaluated(3, {"test": HELD_OUT, "train_eval": TRAINED})
    assert bar._test == ["held out 90.0% accepted", "trained on 100.0% accepted"]


def test_bins_and_parts_go_by_what_is_accepted():
    shares = {name: Share(right=right, number=10) for name, right in (("exact", 5), ("accepted", 9))}
    one = BinScore(level="easy", least=0.0, most=1.0, shares=shares)
    assert _bin_in_words(one) == "easy: 90.0% accepted (10 puzzles)"
    assert scores(0.5, 0.9, parts={"a": TRAINED}).summary().endswith("; a 100.0% accepted")


def test_the_gap_of_several_seeds_names_what_it_is_of():
    assert _in_words("gap", ["exact", "accepted", "gap"]) == "gap (accepted)"
    assert [_in_words(name, ["exact", "gap"]) for name in ("exact", "gap")] == ["exact", "gap"]


def test_the_best_evaluation_knows_what_it_goes_by():
    best = after_evaluation(None, 2, {"cell": 0.9, "exact": 0.5, "accepted": 0.8})
    assert (best.exact, best.column) == (0.8, "accepted")
    assert after_evaluation(None, 2, {"cell": 0.9, "exact": 0.5}).column == "exact"


def test_curves_show_what_is_accepted_and_its_gap(monkeypatch, tmp_path):
    def line(step, split, exact, accepted):
        return MetricLine(
            step=step, split=split, values={"loss": 1.0, "cell": 0.9, "exact": exact, "accepted": accepted}
        )

    lines = [line(2, "train", 0.1, 0.2), line(2, "test", 0.5, 0.9), line(2, "train_eval", 0.75, 1.0)]
    about = {"level": "easy", "least": 0.0, "most": 1.0, "puzzles": 3}
    bins = [DifficultyLine(step=2, split="test", shares={"exact": 0.5, "accepted": 0.9}, **about)]
    figures = []
    monkeypatch.setattr(curves, "save_figure", lambda figure, path: figures.append(figure))
    curves.draw_curves(lines, "a run", tmp_path / "curves.png", bins)
    _, right, third = figures[0].axes
    drawn = {one.get_label(): one.get_ydata().tolist() for one in (*right.lines, *third.lines)}
    assert drawn["accepted, training batch"] == [0.2]
    assert drawn["accepted, held out"] == [0.9]
    assert drawn["accepted, puzzles trained on"] == [1.0]
    assert drawn["accepted, easy (3 puzzles)"] == [0.9]
    (shade,) = right.collections
    heights = shade.get_paths()[0].vertices[:, 1]
    assert (min(heights), max(heights)) == (0.9, 1.0)
