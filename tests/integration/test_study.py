"""A study from its file to its table: each run is done once, failures stand in the table, other plans are refused."""

import dataclasses
import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.runs import stopping_at
from tests.study_plans import ARMS, AS_PLANNED, TINY, TUNING, do_here, tiny_plan, without_times, working_here
from trmpipe.shards import Corpus
from trmpipe.studies import How, executing, read_study, run_study, work
from trmpipe.studies.errors import NoStudyError, StudyError, StudyInterrupted
from trmpipe.studies.jobs import OUTCOME, Job, outcome_of
from trmpipe.studies.processes import Worker, do_side_by_side
from trmpipe.studies.summary import groups_of
from trmpipe.trainer.errors import DivergedError
from trmpipe.trainer.scores.intervals import wilson


@pytest.fixture(scope="module")
def finished(corpus4, tmp_path_factory):
    """A study that has come to its end, and the jobs that were done."""
    folder = tmp_path_factory.mktemp("studies") / "tiny"
    with working_here() as done:
        run_study(tiny_plan(TINY + ARMS + TUNING), folder, corpora=[str(corpus4)])
    return folder, list(done)


def test_every_run_is_there_with_its_numbers(finished):
    folder, done = finished
    results = read_study(folder)
    assert [(run.arm, run.seed, run.status) for run in results.runs] == [
        ("TRM", 0, "done"),
        ("TRM", 1, "done"),
        ("other", 0, "done"),
        ("other", 1, "done"),
    ]
    # Two costs, two tries of each of two arms, four runs.
    assert len(done) == 2 + 4 + 4
    for run in results.runs:
        assert run.training_flops == run.steps * run.step_flops > 0
        assert (run.steps, run.puzzles, len(run.solved)) == (12, 8, 3)
        assert run.answer_flops[1] == 3 * run.answer_flops[0]
        assert run.answer_flops_at(2) == 2 * run.answer_flops[0]
        assert (folder / run.run / "config.json").exists()
        evaluation = json.loads((folder / run.run / "evaluation.json").read_text())
        assert [step["exact"] for step in evaluation["steps"]] == pytest.approx(run.exact)
        assert [step["cell"] for step in evaluation["steps"]] == pytest.approx(run.cell)


def test_the_table_says_what_the_rows_say(finished):
    folder, _ = finished
    table = (folder / "table.md").read_text()
    group = groups_of(read_study(folder))[0]
    shares = [run.solved[-1] for run in group.done]
    low, high = wilson(round(8 * sum(shares) / 2), 8)
    assert f"({100 * low:.1f} to {100 * high:.1f})" in table
    assert f"{100 * sum(shares) / 2:.1f} ± " in table
    assert "2 tries of each setup, each 50% as long as its runs, judged by 6 training puzzles" in table


def test_tries_are_judged_by_puzzles_kept_aside(finished):
    folder, done = finished
    tries = read_study(folder).tries
    assert [(one.setup, one.rate, one.steps) for one in tries] == [
        *(("TRM", rate, 6) for rate in ("0.01", "0.03")),
        *(("other", rate, 6) for rate in ("0.01", "0.03")),
    ]
    for arm in ("TRM", "other"):
        own = [one for one in tries if one.setup == arm]
        assert [one.chosen for one in own].count(True) == 1
        assert max(own, key=lambda one: (one.solved, one.cell)).chosen
    for path in (path for path in done if "/tries/" in path):
        outcome = json.loads((Path(path) / OUTCOME).read_text())
        assert outcome["found"]["monitor"]["puzzles"] == 6
        assert set(outcome["found"]) == {"monitor"}
        assert not (Path(path) / "run").exists()


def test_what_is_done_is_done_once(finished, corpus4):
    folder, _ = finished
    before = without_times(folder)
    with working_here() as done:
        run_study(tiny_plan(TINY + ARMS + TUNING), folder, corpora=[str(corpus4)])
    assert done == []
    assert without_times(folder) == before


def test_records_alone_are_enough_to_go_on(finished, corpus4, tmp_path):
    """A study may move to another machine without its networks."""
    for path in [finished[0] / "study.json", *finished[0].rglob(OUTCOME)]:
        (tmp_path / path.relative_to(finished[0])).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / path.relative_to(finished[0]))
    with working_here() as done:
        run_study(tiny_plan(TINY + ARMS + TUNING), tmp_path, corpora=[str(corpus4)])
    assert done == []
    assert (tmp_path / "table.md").read_bytes() == (finished[0] / "table.md").read_bytes()


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"question": "Why?"}, {}, "it differs in question;"),
        ({}, {"seeds": 3}, "it differs in seeds;"),
        ({}, {"budget_seconds": 9.0}, "it differs in --budget;"),
    ],
)
def test_another_plan_is_refused(finished, corpus4, change, options, words):
    plan = dataclasses.replace(tiny_plan(TINY + ARMS + TUNING), **change)
    with pytest.raises(StudyError, match=words), working_here() as done:
        run_study(plan, finished[0], corpora=[str(corpus4)], **options)
    assert done == []


def test_another_corpus_is_refused(finished, corpus6):
    with pytest.raises(StudyError, match="it differs in corpora"), working_here():
        run_study(tiny_plan(TINY + ARMS + TUNING), finished[0], corpora=[str(corpus6)])


def test_a_folder_without_a_study_is_none(tmp_path):
    with pytest.raises(NoStudyError, match=r"is no study: it has no study\.json"):
        read_study(tmp_path)


@pytest.mark.parametrize("name", ["study.json", "results.jsonl", "tuning.jsonl"])
def test_damaged_files_are_refused(finished, tmp_path, name):
    for one in ("study.json", "results.jsonl", "tuning.jsonl"):
        (tmp_path / one).write_bytes((finished[0] / one).read_bytes())
    assert len(read_study(tmp_path).runs) == 4
    text = (tmp_path / name).read_text()
    (tmp_path / name).write_text(
        text.replace('"seed": 1', '"seed": -1').replace('"steps": 6', '"steps": "6"').replace("Does", "Did")
    )
    with pytest.raises(StudyError, match=f"{name}.* is damaged"):
        read_study(tmp_path)


def test_a_run_that_fails_stands_in_the_table_and_is_tried_again_only_if_asked(corpus4, tmp_path, monkeypatch):
    broken, train = [True], work.train

    def diverging(request, watcher):
        if broken[0] and request.seed == 1 and "model.num_layers=1" in request.settings:
            raise DivergedError("training diverged: loss is not finite | after step 3")
        return train(request, watcher)

    monkeypatch.setattr(work, "train", diverging)
    asked = {"corpora": [str(corpus4)]}
    with working_here() as done:
        results = run_study(tiny_plan(), tmp_path, **asked)
        assert [run.status for run in results.runs] == ["done", "done", "done", "failed"]
        table = (tmp_path / "table.md").read_text()
        assert "| other | 4x4 | 1 | training diverged: loss is not finite \\| after step 3 |" in table
        assert "| 1 of 2 |" in table
        broken[0], done[:] = False, []
        assert len(run_study(tiny_plan(), tmp_path, **asked).failed) == 1
        assert done == []
        assert run_study(tiny_plan(), tmp_path, how=How(retry=True), **asked).failed == []
        assert [Path(path).name for path in done] == ["seed-1"]
    assert "## Failed" not in (tmp_path / "table.md").read_text()


def test_equal_flops_are_equal_and_one_run_serves_both_budgets_where_they_agree(corpus4, tmp_path):
    text = TINY.replace("steps = 12", 'equal = ["seconds", "flops"]\nseconds = 0.2\nreference = "TRM"') + ARMS
    with working_here():
        results = run_study(tiny_plan(text), tmp_path, corpora=[str(corpus4)], seeds=1)
    first, *others = results.runs
    assert first.equal == ("seconds", "flops")
    other = next(run for run in others if "flops" in run.equal)
    assert other.training_flops == pytest.approx(first.training_flops, rel=0.05)
    assert other.steps > first.steps


def job_of(corpus, folder, **changes):

    about = {"kind": "run", "folder": str(folder), "corpus": str(corpus), "preset": "trm-sudoku6-cpu", "device": "cpu"}
    content = Corpus.open(corpus).manifest.content_digest
    more = {"settings": ("model.width=16", "model.inner=16", "model.token_inner=16", "batch_size=8"), "steps": 3}
    return Job(content=content, **{**about, **more, **changes})


def test_an_outcome_of_another_job_is_not_taken(corpus4, tmp_path):
    job = job_of(corpus4, tmp_path)
    work.do(job)
    assert outcome_of(job).found["steps"] == 3
    for change in ({"steps": 4}, {"seed": 1}, {"settings": (*job.settings, "ema_decay=0.5")}, {"variants": 2}):
        with pytest.raises(StudyError, match="is the outcome of another job"):
            outcome_of(dataclasses.replace(job, **change))
    moved = dataclasses.replace(job, corpus="elsewhere")
    assert outcome_of(moved) == outcome_of(job)


@pytest.mark.parametrize("is_sound", [True, False])
def test_a_run_that_was_stopped_goes_on_where_its_checkpoint_is_sound(corpus4, tmp_path, monkeypatch, is_sound):
    trained, train = [], work.train

    def counting(request, watcher):
        result = train(request, watcher)
        trained.append(result.clock.steps)
        return result

    monkeypatch.setattr(work, "train", counting)
    settings = (*job_of(corpus4, tmp_path).settings, "checkpoint_every=2")
    whole, stopped = (job_of(corpus4, tmp_path / name, steps=8, settings=settings) for name in ("whole", "stopped"))
    work.do(whole)
    with monkeypatch.context() as patch:
        stopping_at(patch, 5)
        with pytest.raises(StudyInterrupted):
            work.do(stopped)
    assert outcome_of(stopped) is None
    if not is_sound:
        for path in (stopped.run / "checkpoints").iterdir():
            path.write_bytes(b"nothing")
    work.do(stopped)
    assert trained == [8, 5, 3 if is_sound else 8]
    found = [outcome_of(job).found for job in (whole, stopped)]
    assert found[0]["scores"] == found[1]["scores"]


def test_a_killed_process_fails_its_job_and_the_rest_goes_on(corpus4, tmp_path):
    """Of real workers: the one that trains a long run is killed by the system, and another takes its place."""
    long = job_of(corpus4, tmp_path / "long", steps=1_000_000)
    short = job_of(corpus4, tmp_path / "short")
    worker = Worker(tmp_path / "log")

    def kill():
        while not (tmp_path / "long" / "run" / "config.json").exists():
            time.sleep(0.05)
        os.kill(worker._process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    done = list(do_side_by_side([long, short], [worker]))
    killer.join()
    assert [job.folder for job in done] == [long.folder, short.folder]
    assert outcome_of(long).reason == "its process was killed by SIGKILL, as where memory runs out"
    assert not outcome_of(short).failed


@pytest.mark.parametrize("times", [1, 3])
def test_a_job_whose_process_another_asks_to_stop_is_done_again(corpus4, tmp_path, monkeypatch, times):
    """As a system does that is short of memory; after three times it has failed. Nothing is lost without a word."""
    job, worker, left = job_of(corpus4, tmp_path / "job"), Worker(tmp_path / "log"), [times]
    do = Worker.do

    def terminated(self, job):
        if left[0] == 0:
            return do(self, job)
        left[0] -= 1
        self._process = self._start()
        self._process.terminate()
        return do(self, job)

    monkeypatch.setattr(Worker, "do", terminated)
    assert [one.folder for one in do_side_by_side([job], [worker])] == [job.folder]
    reason = outcome_of(job).reason
    assert reason == ("" if times == 1 else "its process was asked to stop 3 times, and not by this study")


def test_a_stage_that_was_stopped_elsewhere_is_not_taken_for_done(corpus4, tmp_path, monkeypatch):
    """As where the process of a worker of Dask's is asked to stop."""
    monkeypatch.setattr(executing, "do_side_by_side", lambda jobs, workers: (job for job in do_here(jobs[1:], workers)))
    with pytest.raises(StudyError, match=r"1 of 2 in this stage \(measuring\) were stopped by another process"):
        run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)])


@pytest.mark.slow
def test_closing_early_saves_what_is_trained(corpus4, tmp_path, monkeypatch):
    """As after Ctrl-C: the run is stopped, saved, and is no failure."""
    long = job_of(corpus4, tmp_path / "long", steps=1_000_000)

    def interrupted(_answers):
        while not (tmp_path / "long" / "run" / "metrics.jsonl").exists():
            time.sleep(0.05)
        raise KeyboardInterrupt

    monkeypatch.setattr("trmpipe.studies.processes._next", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(do_side_by_side([long], [Worker(tmp_path / "log")]))
    assert list((tmp_path / "long" / "run" / "checkpoints").iterdir())
    assert outcome_of(long) is None


def test_ctrl_c_says_what_is_done(corpus4, tmp_path, monkeypatch):
    def stopping(jobs, workers):
        yield next(do_here(jobs, workers))
        raise KeyboardInterrupt

    monkeypatch.setattr(executing, "do_side_by_side", stopping)
    with pytest.raises(StudyInterrupted, match=r"interrupted; 1 of 2 in this stage \(measuring\) are done and kept"):
        run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)])


def test_the_command(corpus4, tmp_path, trmpipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(AS_PLANNED)
    with working_here():
        done = trmpipe("study", "mine.toml", corpus4, "--seeds", 1)
        again = trmpipe("study", "mine.toml", corpus4, "--seeds", 1, "--json", "--pictures", "none")
        other = trmpipe("study", "mine.toml", corpus4)
    assert done.code == 0, done.err
    assert "table     study-tiny/table.md" in done.out
    drawn = {path.name for path in (tmp_path / "study-tiny" / "figures").iterdir()}
    assert drawn >= {"4x4-arms.svg", "4x4-parameters.svg"}
    assert "2 setups, 1 seed each" in done.err
    found = json.loads(again.out)
    assert [run["arm"] for run in found["runs"]] == ["TRM", "other"]
    assert (other.code, "it differs in seeds" in other.message) == (1, True)


@pytest.mark.parametrize("name", ["recursion-vs-scale", "puzzles-vs-variants", "difficulty", "depth", "all-models"])
def test_the_command_lists_ours(trmpipe, name):
    assert name in trmpipe("study", "--list").out
    assert trmpipe("study").out == trmpipe("study", "--list").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("study", "depths"), "there is no study 'depths'; expected 'depth'"),
        (("study", "depth", "--budget", "3 hours"), "--budget is 3 hours; expected a span of time such as 3h, 45m"),
        (("study", "depth", "--budget", "0s"), "--budget is 0s; expected a span"),
        (("study", "depth", "a", "b"), "2 paths given, and the study has 1 data (6x6 Sudoku)"),
    ],
)
def test_wrong_arguments_get_one_line(trmpipe, arguments, words):
    assert words in trmpipe(*arguments).message
