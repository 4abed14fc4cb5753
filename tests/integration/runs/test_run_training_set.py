"""What a run was trained on is named beside its scores."""

import shutil

from tests.integration.runs.test_run_evaluation import told
from tests.runs import TINY
from trmpipe.pipeline import Recipe, generate


def test_the_training_set_is_found_where_the_run_says(trmpipe, finished, corpus4, tmp_path):
    """Another corpus is scored: the regime is still that of the run's own, which is looked for where it was."""
    generate(Recipe(task="sudoku4", n=5, aug=2, test=3, seed=9), str(tmp_path / "other"))
    regime = {"puzzles": 20, "variants": 1000}
    assert told(trmpipe, finished, "--corpus", tmp_path / "other")["protocol"]["regime"] == regime
    assert trmpipe("train", tmp_path / "other", "--out", tmp_path / "run", *TINY).code == 0
    run = tmp_path / "run"
    shutil.rmtree(tmp_path / "other")
    assert told(trmpipe, run, "--corpus", corpus4)["protocol"]["regime"] == {"puzzles": None, "variants": None}
    assert "trained on a training set that is not at hand" in trmpipe("evaluate", run, "--corpus", corpus4).out


def test_the_training_set_is_what_the_run_took_of_its_corpus(trmpipe, corpus4, tmp_path, train):
    assert train("--out", tmp_path / "run", "--groups", 7, "--variants", 2).code == 0
    scores = told(trmpipe, tmp_path / "run")
    assert scores["protocol"]["regime"] == {"puzzles": 7, "variants": 2}
    assert scores["protocol"]["variants"] == 1, "what it was trained on does not vote"
    assert "trained on 7 puzzles x 2 variants" in trmpipe("evaluate", tmp_path / "run").out
