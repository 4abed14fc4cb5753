"""`trmpipe evaluate` keeps its scores in the run, and `trmpipe runs` shows them."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

import trmpipe as trmpipe_package


def test_evaluate_keeps_its_scores_and_runs_shows_them(trmpipe, nine, corpus4):
    shown = json.loads(trmpipe("evaluate", nine, "--json", "--limit", 5).out)
    assert Path(shown["kept"]).parent == nine / "evaluations"
    for _ in range(2):
        assert trmpipe("evaluate", nine, "--corpus", corpus4).code == 0
    assert len(list((nine / "evaluations").iterdir())) == 2
    listed = trmpipe("runs", nine.parent)
    assert listed.code == 0, listed.err
    head, row = listed.out.splitlines()
    assert head.split() == ["run", "preset", "seed", "steps", "scores", "changed"]
    assert re.match(r"nine +sudoku4-cpu +0 +9/9 +\d+\.\d% exact +model.width=16", row)
    (told,) = json.loads(trmpipe("runs", nine.parent, "--json").out)["runs"]
    assert told["settings"]["model.width"] == "16"
    of_all, *others = told["scores"]
    assert (of_all["corpus"], of_all["limit"]) == (corpus4.name, None)
    assert [one["limit"] for one in others] == [8, 5], "over most puzzles first: those at the run's end are all 8"
    assert others[1]["exact"] == shown["steps"][-1]["exact"]


def test_what_was_asked_for_beside_the_runs_own_answers_is_not_its_score(trmpipe, nine):
    """Deeper answers of a task that is scored by vote have a headline of their own."""
    assert trmpipe("evaluate", nine).code == 0
    assert trmpipe("evaluate", nine, "--steps", 3).code == 0
    (told,) = json.loads(trmpipe("runs", nine.parent, "--json").out)["runs"]
    assert [(one["steps"], one["limit"]) for one in told["scores"]] == [(None, None), (None, 8), (3, None)]


def test_the_runs_own_way_is_the_usual_one_though_it_is_asked_for(trmpipe, nine):
    own = trmpipe_package.load_run(nine).trained.config.evaluation.steps
    for asked in ((), ("--variants", 1), ("--steps", own)):
        assert trmpipe("evaluate", nine, *asked).code == 0
    assert len(list((nine / "evaluations").iterdir())) == 1
    (told,) = json.loads(trmpipe("runs", nine.parent, "--json").out)["runs"]
    assert [(one["steps"], one["variants"]) for one in told["scores"]] == [(None, None)] * 2


def test_a_corpus_that_the_user_names_is_not_the_runs(trmpipe, nine, tmp_path):
    refused = trmpipe("evaluate", nine, "--corpus", tmp_path / "nosuch")
    assert refused.code == 1
    assert "nosuch" in refused.message
    assert "was trained on" not in refused.message


def test_scores_are_kept_beside_a_training_and_not_against_an_owner(trmpipe, nine, monkeypatch):
    from trmpipe.shards import Store
    from trmpipe.shards.ownership import owned

    monkeypatch.setattr("trmpipe.trainer.runs.run_folder._WAIT_SECONDS", 0.0)
    with owned(Store(nine)):
        assert trmpipe("evaluate", nine).code == 0
    assert len(list((nine / "evaluations").iterdir())) == 1
    with owned(Store(nine), "evaluations"):
        result = trmpipe("evaluate", nine, "--limit", 3)
        assert result.code == 0
        assert "the scores are not kept in the run: another command is writing" in result.err
    assert len(list((nine / "evaluations").iterdir())) == 1


class Killed(BaseException):
    """What no handler of errors takes for one."""


def test_a_kill_while_scores_are_kept_leaves_what_was_there(trmpipe, nine, monkeypatch):
    assert trmpipe("evaluate", nine).code == 0
    (path,) = (nine / "evaluations").iterdir()
    before, act, left = path.read_bytes(), os.replace, nine.parent / "left"

    def killed(*arguments, **options):
        if "step-" not in str(arguments):
            return act(*arguments, **options)
        shutil.copytree(nine, left)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(Killed):
            trmpipe("evaluate", nine)
    assert len(list((left / "evaluations").iterdir())) > 1
    assert (left / "evaluations" / path.name).read_bytes() == before
    assert trmpipe("evaluate", left).code == 0
    assert [one.name for one in (left / "evaluations").iterdir()] == [path.name]


def test_a_damaged_run_gets_a_line_and_does_not_end_the_list(trmpipe, nine):
    broken = shutil.copytree(nine, nine.parent / "broken")
    (broken / "config.json").write_text("{}")
    (nine / "evaluations").mkdir()
    (nine / "evaluations" / "step-000009-0.json").write_text("{")
    result = trmpipe("runs", nine.parent)
    assert result.code == 1
    assert "9/9" in result.out
    assert f"{broken} is left out: " in result.err
    assert "step-000009-0.json is damaged" in result.err
    assert len(result.err.splitlines()) == 2


def test_a_folder_without_runs_is_told(trmpipe, tmp_path):
    assert "there is no run in" in trmpipe("runs", tmp_path).message
