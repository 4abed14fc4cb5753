"""The first hour of a stranger, from an empty folder: what is typed one after the other, and what comes back."""

import json
import re

import pytest

from tests.runs import OF_ANY_MODEL as TINY

PUZZLES = "1234341221434321"


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty folder, in which one stands."""
    monkeypatch.chdir(tmp_path)
    # Pictures have tests of their own and take seconds.
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    return tmp_path


def run_of(result):
    """The folder that a training says it writes to."""
    assert result.code == 0, result.err
    return re.search(r"^run +(\S+)", result.out, re.MULTILINE)[1]


def test_where_nothing_is_yet_each_command_says_so(trmpipe, empty):
    for arguments in (("train", "shards/"), ("inspect", "shards/"), ("evaluate", "runs/x"), ("verify", "shards/x")):
        assert trmpipe(*arguments).code in (1, 2)
    assert "there is no run in runs" in trmpipe("runs").message
    assert list(empty.iterdir()) == []


def test_from_an_empty_folder_to_a_model_that_is_compared_and_gone_on_with(trmpipe, empty):
    # Two corpora, of which the second is the newest.
    for size, groups in ((6, 8), (4, 12)):
        made = trmpipe("generate", "sudoku", "--size", size, "--n", groups, "--aug", 9, "--test", 4)
        assert made.code == 0, made.err
    corpora = sorted(path.name for path in (empty / "shards").iterdir())
    assert corpora == ["sudoku4-n12-aug9-seed0-test4", "sudoku6-n8-aug9-seed0-test4"]
    shown = trmpipe("inspect", "shards/sudoku4-n12-aug9-seed0-test4", "--puzzles", 1)
    assert shown.code == 0, shown.err

    # The README's second command, as it is.
    trained = trmpipe("train", "shards/", *TINY)
    run = run_of(trained)
    assert "shards/ holds corpora of 2 tasks; taking sudoku4, that of the newest" in trained.err
    assert "to take another: --task sudoku6" in trained.err
    assert run.startswith("runs/sudoku4-n12-aug9-seed0-test4-sudoku4-cpu-")
    assert run.endswith("-seed0")
    assert "expect: " in trained.err
    assert "% of open cells right, by guessing " in trained.out

    # Scores are kept, runs are listed and told apart.
    assert trmpipe("evaluate", run).code == 0
    other = run_of(trmpipe("train", "shards/", "--task", "sudoku6", *TINY))
    listed = json.loads(trmpipe("runs", "--json").out)
    assert {entry["run"] for entry in listed["runs"]} == {run, other}
    assert trmpipe("runs").code == 0

    # The same command does not write over a run; a finished one is made longer; another begins with its weights.
    again = trmpipe("train", "shards/", *TINY)
    assert again.code in (1, 2)
    assert "--resume" in again.message
    longer = trmpipe("train", "shards/", *TINY, "--resume", "--max-steps", 12, "--out", run)
    assert "extended from 9 to 12 steps" in longer.err, longer.err
    begun = trmpipe("train", "shards/", *TINY, "--from", run, "--task", "sudoku4")
    assert "begins with the averaged weights of" in begun.err, begun.err

    # A puzzle of one's own.
    solved = trmpipe("solve", run, PUZZLES.replace("4", "."))
    assert solved.code == 0, solved.err
    assert "supervision step" in solved.out


def test_mistakes_of_the_first_hour_are_arguments(trmpipe, empty):
    (empty / "list.csv").write_text(f"id,riddle,reply\n1,{PUZZLES.replace('4', '.')},{PUZZLES}\n")
    for arguments in (
        ("generate", "sudoku", "--size", 5),
        ("generate", "sudoku", "--n", 0),
        ("generate", "sudoku", "--aug", -1),
        ("generate", "sudoku", "--format", "hdf5"),
        ("generate", "arc", "--dataset", "mytasks"),
        ("generate", "arc", "--dataset", "arc-agi-1:training"),
        ("train", ".", "--device", "tpu"),
        ("train", ".", "--out", "s3://bucket/run"),
        ("presets", "nosuch"),
    ):
        result = trmpipe(*arguments)
        assert (result.code, len(result.message) > 0) == (2, True), arguments
    named = trmpipe("generate", "sudoku", "--size", 4, "--input", "list.csv")
    assert "riddle" in named.message
    assert "--column" in named.message
    assert trmpipe("generate", "sudoku", "--size", 4, "--input", "list.csv", "--column", "riddle", "--n", 1).code == 0
