"""What a study refuses first, and what it does again when it is asked to."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.study_plans import AS_PLANNED, TINY, TUNING, tiny_plan, working_here
from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus
from trmpipe.studies import How, read_so_far, record, run_study, work
from trmpipe.studies.errors import PlanError, StudyError
from trmpipe.studies.jobs import RUN, Job
from trmpipe.studies.record import write_record
from trmpipe.trainer.errors import DivergedError, RunWriteError
from trmpipe.trainer.files import write_sealed


@pytest.fixture
def failing(monkeypatch):
    """Gives a list of what fails: kinds of jobs with a setting or the name of a folder."""
    broken = []

    def failing(kind, way):
        def do(job):
            if any((kind, word) in broken for word in ("all", Path(job.folder).name, *job.settings)):
                raise DivergedError("it diverged")
            return way(job)

        return do

    for kind, way in list(work._WAYS.items()):
        monkeypatch.setitem(work._WAYS, kind, failing(kind, way))
    return broken


def test_what_cannot_be_measured_fails_with_its_runs_and_no_others(corpus4, tmp_path, failing):
    failing.append(("costs", "model.num_layers=1"))
    with working_here():
        results = run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)], seeds=1)
    assert [(run.arm, run.status, run.reason) for run in results.runs] == [
        ("TRM", "done", ""),
        ("other", "failed", "it diverged"),
    ]


FALLING = """
[[arms]]
name = "TRM"
[[arms.axes]]
name = "layers"
key = "model.num_layers"
values = [2, 1]
"""


def test_the_order_of_a_plan_outlives_its_process(corpus4, tmp_path):
    """What is read back from study.json has the same first setup, whose FLOPs all others get."""
    plan = tiny_plan(TINY.replace("steps = 12", 'equal = "flops"\nseconds = 0.3\nreference = "TRM"', 1) + FALLING)
    with working_here() as done:
        first = run_study(plan, tmp_path, corpora=[str(corpus4)], seeds=1)
        assert [run.point["layers"] for run in first.runs] == ["2", "1"]
        (tmp_path / "results.jsonl").unlink()
        done[:] = []
        assert run_study(plan, tmp_path, corpora=[str(corpus4)], seeds=1).runs == first.runs
    assert done == []


def test_tries_done_again_may_choose_otherwise(corpus4, tmp_path, failing):
    plan, asked = tiny_plan(AS_PLANNED + TUNING), {"corpora": [str(corpus4)], "seeds": 1}
    failing.append(("try", "try-0.03"))
    with working_here() as done:
        first = run_study(plan, tmp_path, **asked)
        assert {run.rate for run in first.runs} == {"0.01"}
        failing.clear()
        done[:] = []
        again = run_study(plan, tmp_path, how=How(retry=True), **asked)
        chosen = {one.setup: one.rate for one in again.tries if one.chosen}
        assert {run.arm: run.rate for run in again.runs} == chosen
        assert [one.status for one in again.tries] == ["done"] * 4
        assert sum("/runs/" in path for path in done) == sum(rate == "0.03" for rate in chosen.values())
        done[:] = []
        assert run_study(plan, tmp_path, **asked).runs == again.runs
    assert done == []


def test_costs_that_could_not_be_measured_are_with_retry(corpus4, tmp_path, failing):
    plan, asked = tiny_plan(), {"corpora": [str(corpus4)], "seeds": 1}
    failing.append(("costs", "all"))
    with working_here():
        assert [run.status for run in run_study(plan, tmp_path, **asked).runs] == ["failed", "failed"]
        failing.clear()
        assert [run.status for run in run_study(plan, tmp_path, **asked).runs] == ["failed", "failed"]
        again = run_study(plan, tmp_path, how=How(retry=True), **asked)
    assert [run.status for run in again.runs] == ["done", "done"]


def test_a_corpus_that_no_run_fits_is_refused_first(corpus4, tmp_path, monkeypatch):
    axis = '[[axes]]\nname = "puzzles"\nkey = "groups"\nvalues = [10, 21]\n'
    most = int(Corpus.open(corpus4).catalog["train"].variants.max())
    variants = f'[[axes]]\nname = "variants"\nkey = "variants"\nvalues = [1, {most + 1}]\n'
    with working_here() as done:
        for text, words in (
            (AS_PLANNED + axis, "'TRM, puzzles 21' asks for 21 training puzzles, and the data '4x4' has 20"),
            (
                AS_PLANNED + variants,
                f"'TRM, variants {most + 1}' asks for {most + 1:,} variants of each puzzle, and none of the data '4x4'",
            ),
            (
                AS_PLANNED + TUNING.replace("puzzles = 6", "puzzles = 20"),
                "tuning.puzzles is 20, and the data '4x4' has",
            ),
        ):
            with pytest.raises(PlanError, match=re.escape(words)):
                run_study(tiny_plan(text), tmp_path / "a", corpora=[str(corpus4)])
        monkeypatch.setattr(Corpus, "num_groups", lambda self, split: 20 if split == "train" else 0)
        with pytest.raises(PlanError, match="holds no held-out puzzles to score on; generate it with --test"):
            run_study(tiny_plan(), tmp_path / "a", corpora=[str(corpus4)])
    assert done == []


@pytest.mark.parametrize("recipe", ["augs = 10", 'difficulty = "harder"', "seed = 99999999999999999999"])
def test_a_recipe_that_makes_nothing_is_refused_with_its_data(tmp_path, recipe):
    text = AS_PLANNED.replace('name = "4x4"', f'name = "4x4"\nrecipe = {{ task = "sudoku4", test = 2, {recipe} }}')
    with pytest.raises(PlanError, match="recipe of the data '4x4': "):
        run_study(tiny_plan(text), tmp_path / "a")


def test_a_file_from_elsewhere_does_not_say_where_corpora_lie(corpus4, tmp_path):
    """study.json may be anybody's: what is opened is what the command names."""
    plan, asked = tiny_plan(), {"corpora": [str(corpus4)], "seeds": 1}
    with working_here() as done:
        found = run_study(plan, tmp_path, **asked)
        elsewhere = {name: replace(place, path="/nowhere") for name, place in found.record.corpora.items()}
        write_record(tmp_path, replace(found.record, corpora=elsewhere))
        shutil.rmtree(tmp_path / "runs")
        done[:] = []
        assert run_study(plan, tmp_path, **asked).failed == []
    assert len(done) == 2


def test_a_corpus_may_lie_elsewhere_when_a_study_goes_on(corpus4, tmp_path):
    moved = shutil.copytree(corpus4, tmp_path / "moved")
    with working_here() as done:
        first = run_study(tiny_plan(), tmp_path / "study", corpora=[str(corpus4)], seeds=1)
        done[:] = []
        again = run_study(tiny_plan(), tmp_path / "study", corpora=[str(moved)], seeds=1)
    assert (done, again.runs) == ([], first.runs)


def test_a_corpus_that_was_made_by_a_recipe_may_be_given_when_a_study_goes_on(tmp_path):
    recipe = 'recipe = { task = "sudoku4", n = 20, test = 8 }'
    plan = tiny_plan(AS_PLANNED.replace('name = "4x4"', f'name = "4x4"\n{recipe}'))
    with working_here() as done:
        first = run_study(plan, tmp_path / "study", seeds=1)
        moved = shutil.move(tmp_path / "study" / "corpora" / "4x4", tmp_path / "moved")
        done[:] = []
        again = run_study(plan, tmp_path / "study", corpora=[str(moved)], seeds=1)
    assert (done, again.runs) == ([], first.runs)
    assert again.record.plan.data[0].recipe == first.record.plan.data[0].recipe


def test_another_device_is_refused_and_costs_no_run(corpus4, tmp_path, monkeypatch):
    """What is begun on a GPU does not go on without one, whatever `auto` comes to."""
    asked = {"corpora": [str(corpus4)], "seeds": 1}
    with working_here() as done:
        first = run_study(tiny_plan(), tmp_path, **asked)
        done[:] = []
        monkeypatch.setattr(record, "pick_device", lambda device: torch.device("cuda"))
        for retry in (False, True):
            with pytest.raises(StudyError, match=r"holds a study on cpu, .* give --device cpu"):
                run_study(tiny_plan(), tmp_path, how=How(retry=retry), **asked)
        assert read_so_far(tmp_path).runs == first.runs
    assert done == []
    assert all((tmp_path / run.run).exists() for run in first.runs)


def test_retry_throws_no_run_away_that_tuning_cannot_have_changed(corpus4, tmp_path):
    asked = {"corpora": [str(corpus4)], "seeds": 1}
    with working_here():
        found = run_study(tiny_plan(), tmp_path, **asked)
        place = (tmp_path / found.runs[0].run).with_name("result.json")
        write_sealed(place, {**json.loads(place.read_text()), "asked": "0" * 64, "digest": None})
        with pytest.raises(StudyError, match="is the outcome of another job"):
            run_study(tiny_plan(), tmp_path, how=How(retry=True), **asked)
    assert (tmp_path / found.runs[0].run).exists()


def test_a_run_without_a_score_has_failed(corpus4, tmp_path, monkeypatch):
    run = work._run
    monkeypatch.setitem(work._WAYS, RUN, lambda job: {**run(job), "scores": None})
    with working_here():
        found = run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)], seeds=1)
    assert {run.reason for run in found.failed} == {
        "no held-out puzzle has a known solution, so there is nothing to score it on"
    }
    assert "## Failed" in (tmp_path / "table.md").read_text()


def test_a_url_out_of_a_study_file_is_told_before_it_is_opened(tmp_path):
    told = []
    listener = SimpleNamespace(note=told.append, start=None, advance=None, finish=None)
    plan = tiny_plan(AS_PLANNED.replace('name = "4x4"', 'name = "4x4"\npath = "memory://nobody/corpus"'))
    with pytest.raises(TrmpipeError):
        run_study(plan, tmp_path / "a", listener=listener)
    assert told == ["opening memory://nobody/corpus, which the data '4x4' of the study names"]
    with pytest.raises(TrmpipeError):
        run_study(tiny_plan(), tmp_path / "a", corpora=["memory://nobody/corpus"], listener=listener)
    assert len(told) == 1


def test_a_time_that_was_too_short_may_be_given_anew(corpus4, tmp_path):
    with working_here():
        with pytest.raises(StudyError, match="does not fit"):
            run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)], budget_seconds=0.1)
        found = run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)], budget_seconds=600)
    assert (found.record.budget_seconds, found.failed) == (600, [])
    with pytest.raises(StudyError, match="it differs in --budget"):
        run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)], budget_seconds=601)


def test_a_full_disk_costs_no_checkpoint(corpus4, tmp_path, monkeypatch):
    """A run that goes on and cannot write is not begun anew, which would delete what it had."""
    job = Job(kind=RUN, folder=str(tmp_path), corpus=str(corpus4), content="0" * 64, preset="", settings=(), steps=3)
    job.run.mkdir()
    (job.run / "config.json").write_text("{}")

    def full(request, listener):
        raise RunWriteError("no space left")

    monkeypatch.setattr(work, "train", full)
    with pytest.raises(RunWriteError):
        work.do(job)
    assert (job.run / "config.json").exists()
