"""Held-out puzzles of other corpora that a run was trained on are told, and counted in JSON."""

import json
import shutil

import pytest

from tests.integration.runs.test_run_evaluation import told
from tests.runs import TINY, make_run, reseal
from trmpipe.pipeline import Recipe, generate
from trmpipe.trainer.trained.loaded import load_run


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Two corpora of the 36 puzzles with four rows that there are, and a run on the first."""
    folder = tmp_path_factory.mktemp("four")
    for seed, name in enumerate("ab"):
        generate(Recipe(task="sudoku4", n=28, aug=5, test=8, seed=seed), str(folder / name))
    make_run(folder / "a", folder / "run")
    return folder


def in_other(trmpipe, folder):
    """Held-out puzzles of the second corpus that the first trains on, as `inspect` counts them."""
    done = trmpipe("inspect", folder / "b", "--against", folder / "a", "--json")
    pairs = json.loads(done.out)["against"]["shared"]
    return next(pair["classes"] for pair in pairs if (pair["split"], pair["other_split"]) == ("test", "train"))


def test_held_out_puzzles_that_were_trained_on_are_counted(trmpipe, four):
    assert in_other(trmpipe, four) == 5
    done = trmpipe("evaluate", four / "run", "--corpus", four / "b")
    assert f"5 of 8 held-out puzzles of {four / 'b'} are in the training set of {four / 'run'}" in done.err
    asked = told(trmpipe, four / "run", "--corpus", four / "b")
    assert asked["protocol"]["in_training"] == {"puzzles": 5, "of": 8}
    with pytest.warns(UserWarning, match="5 of 8 held-out puzzles"):
        load_run(four / "run").evaluate(four / "b")


def test_of_its_own_corpus_there_are_none_and_nothing_is_told(trmpipe, four):
    assert told(trmpipe, four / "run")["protocol"]["in_training"] == {"puzzles": 0, "of": 8}
    assert "in the training set" not in trmpipe("evaluate", four / "run", "--corpus", four / "a").err


@pytest.mark.parametrize("options", [("--groups=1", "--set=evaluation.monitor=3"), ("--set=evaluation.monitor=27",)])
def test_puzzles_that_a_run_left_out_were_not_trained_on(trmpipe, four, tmp_path, options):
    assert trmpipe("train", four / "a", "--out", tmp_path / "one", *TINY, *options).code == 0
    assert told(trmpipe, tmp_path / "one", "--corpus", four / "b")["protocol"]["in_training"]["puzzles"] <= 1


def test_where_the_training_set_is_gone_that_is_told(trmpipe, four, tmp_path):
    run = shutil.copytree(four / "run", tmp_path / "run")
    reseal(run / "config.json", paths=[str(tmp_path / "gone")])
    done = trmpipe("evaluate", run, "--corpus", four / "b", "--json")
    assert f"not checked whether {run} was trained on held-out puzzles of {four / 'b'}: " in done.err
    assert json.loads(done.out)["protocol"]["in_training"] == {"puzzles": None, "of": 8}
    assert "not checked" not in trmpipe("evaluate", run, "--corpus", four / "a").err


def test_training_from_such_a_run_tells_it(trmpipe, four, tmp_path):
    done = trmpipe("train", four / "b", "--from", four / "run", "--out", tmp_path / "on", *TINY)
    assert done.code == 0, done.err
    assert f"5 of 8 held-out puzzles of {four / 'b'} are in the training set of {four / 'run'}" in done.err
    again = trmpipe("train", four / "a", "--from", four / "run", "--out", tmp_path / "same", *TINY)
    assert "in the training set" not in again.err


def test_analyses_and_reports_tell_it_too(trmpipe, four, tmp_path):
    says = f"5 of 8 held-out puzzles of {four / 'b'} are in the training set of {four / 'run'}"
    options = ("--corpus", four / "b", "--out", tmp_path / "out", "--only", "steps", "--pictures", "none")
    assert says in trmpipe("analyse", four / "run", *options, "--steps", 2).err
    page = tmp_path / "page.html"
    done = trmpipe("report", four / "run", "--corpus", four / "b", "--out", page, "--puzzles", 2)
    assert done.code == 0, done.err
    assert says in done.err
    assert says in page.read_text()
