"""Analyses of runs with puzzle identifiers: votes against a single pass, identifiers exchanged and removed."""

import numpy as np

from tests.arc_runs import VARIANTS, perfect_answers
from trmpipe.shards import Corpus
from trmpipe.trainer.analysis import read_analysis, read_summary
from trmpipe.trainer.arc import evaluation as arc_evaluation
from trmpipe.trainer.evaluators import Polled


def test_votes_against_a_single_pass(trmpipe, run, corpus, monkeypatch, tmp_path):
    opened = Corpus.open(corpus)
    first = opened.catalog["test"].first_identifiers
    # The bases of tasks 0 and 2 are wrong, and so are most variants of task 3; there are five inputs, one unsolved.
    wrong = {int(first[0]), int(first[2]), *range(first[3] + 1, first[3] + VARIANTS)}
    monkeypatch.setattr(arc_evaluation, "final_answers", perfect_answers(opened, wrong))
    done = trmpipe("analyse", run, "--only=votes,identifiers", "--out", tmp_path, "--pictures=svg")
    assert done.code == 0, done.err
    table = read_analysis(tmp_path)["votes"].table
    assert table["single"].tolist() == [False, True, False, True]
    assert table["first"].tolist() == [True, True, True, False]
    assert table["second"].tolist() == [True, True, True, True]
    assert set(table["votes"].tolist()) == {VARIANTS}
    assert table["answers"].tolist() == [2, 1, 2, 2]
    assert "50.0% of 4 test inputs right in a single pass, 75.0% by the votes of 6 variants" in done.out
    assert read_analysis(tmp_path)["identifiers"].table["identifier"].tolist() == ["own", "exchanged", "blank"]
    assert {path.name for path in tmp_path.glob("*.svg")} == {"votes.svg", "identifiers.svg"}
    assert not (tmp_path / "submission.json").exists()


def test_votes_where_no_solution_is_known(trmpipe, run, tmp_path, monkeypatch):
    """The other measures, whose puzzles have solutions, are kept."""
    nobody = Polled(single=np.zeros(0, bool), **dict.fromkeys(("rank", "votes", "answers"), np.zeros(0, np.int64)))
    monkeypatch.setattr(arc_evaluation.VotesEvaluator, "poll", lambda *arguments: nobody)
    done = trmpipe("analyse", run, "--only=votes,steps", "--out", tmp_path, "--steps=2", "--pictures=none")
    assert done.code == 0, done.err
    assert "not measured: no solution of the test inputs that were asked is known; give a larger --limit" in done.out
    assert list(read_analysis(tmp_path)) == ["steps"]


def test_variants_with_names_are_not_asked_as_labellings(trmpipe, run, tmp_path):
    assert trmpipe("analyse", run, "--out", tmp_path, "--steps=2", "--pictures=none").code == 0
    reasons = read_summary(tmp_path).not_measured
    assert set(reasons) == {"relabelling", "one-blank", "restarts"}
    assert "`votes` asks them" in reasons["relabelling"]
    assert "no token of this task asks for a cell" in reasons["one-blank"]
