"""ARC whole: a corpus is trained on and evaluated by vote, by one process and by two."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.arc_corpora import make_arc_corpus, small_tasks
from tests.arc_runs import TINY, VARIANTS, perfect_answers
from trmpipe.generators.errors import InputError
from trmpipe.shards import Corpus, Store
from trmpipe.shards.ownership import owned
from trmpipe.trainer.arc import evaluation as arc_evaluation
from trmpipe.trainer.arc import score
from trmpipe.trainer.errors import RunWriteError
from trmpipe.trainer.evaluators import EvaluationRequest, evaluator_of
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.pictures.puzzle_words import puzzle_name, puzzle_to_solve
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.scores.held_out import held_out_rows, identifiers_before, read_held_out
from trmpipe.trainer.trained.inference import evaluate_run, open_trained
from trmpipe.trainer.trained.loaded import load_run


def test_tasks_are_called_by_their_ids(corpus):
    """In titles, and in the hint after training, as an ARC task has no text form."""
    opened = Corpus.open(str(corpus))
    assert puzzle_to_solve(opened) == "task0"
    assert [puzzle_name(opened, 0), puzzle_name(opened, 1, 1)] == ["arc, task0", "arc, task1, example 2 of 2"]


class Recorder:
    """Progress that is remembered."""

    def __init__(self):
        self.total, self.done, self.finished = 0, 0, False

    def start(self, stage, total):
        self.total = total

    def advance(self, done):
        self.done += done

    def finish(self):
        self.finished = True


def evaluate(run, corpus, ranks, progress):
    """The report of a run's evaluation."""
    trained = open_trained(str(run), "cpu")
    request = EvaluationRequest(folder=run, variants=trained.num_variants)
    return evaluate_run(trained, [corpus], evaluator_of(corpus.spec), request, ranks, progress)


def test_training_picks_the_small_preset_and_embeds_every_variant(run):
    config = json.loads((run / "config.json").read_text())
    assert config["preset"] == "arc-cpu"
    assert config["sizes"]["num_identifiers"] == 1 + 4 * VARIANTS
    trained = open_trained(str(run), "cpu")
    moved = trained.net.puzzle_emb.weights.abs().sum(1) > 0
    assert moved.any()
    assert not moved[0]
    assert (run / "solving.png").read_bytes().startswith(b"\x89PNG")
    scores = json.loads((run / "evaluation.json").read_text())
    assert scores["puzzles"] == 4
    assert 0 < scores["open_cells"] < 4 * 9, "of 3 x 3 mirrored grids the middle column stays"
    assert 0 < scores["guessing"] < 1


def test_evaluate_scores_and_writes_what_is_handed_in(trmpipe, run, tasks):
    table = trmpipe("evaluate", run)
    assert table.code == 0, table.err
    lines = table.out.splitlines()
    assert [line.split()[0] for line in lines[2:8]] == ["1", "2", "5", "10", "100", "1000"]
    assert "1 test input has no known solution" in table.out
    submission = json.loads((run / "submission.json").read_text())
    assert {task: len(attempts) for task, attempts in submission.items()} == {
        task: len(values["test"]) for task, values in tasks.items()
    }
    assert all(set(one) == {"attempt_1", "attempt_2"} for attempts in submission.values() for one in attempts)
    assert (run / "arc.png").read_bytes().startswith(b"\x89PNG")
    (listed,) = json.loads(trmpipe("runs", run, "--json").out)["runs"]
    assert {"pass@1", "pass@2", "pass@1000"} < set(listed["scores"][0])


def test_scores_as_json_name_every_task(trmpipe, run):
    scores = json.loads(trmpipe("evaluate", run, "--json").out)
    assert (scores["rows"], scores["unmatched_rows"], scores["unscored_inputs"]) == (5 * VARIANTS, 0, 1)
    assert list(scores["per_task"]) == ["task0", "task1", "task2", "task3"]
    assert all(one["votes"] == VARIANTS for task in scores["per_task"].values() for one in task["inputs"])
    fewer = json.loads(trmpipe("evaluate", run, "--json", "--limit", 2, "--variants", 5).out)
    assert (fewer["rows"], list(fewer["per_task"])) == (15, ["task0", "task1"])


def test_a_task_without_a_known_solution_is_no_puzzle_that_is_scored(trmpipe, run, monkeypatch):
    add_tests = arc_evaluation._add_tests

    def forget(tests, rows, names):
        add_tests(tests, rows, names)
        for pair in tests.get("task0", {"test": []})["test"]:
            pair["output"] = None

    monkeypatch.setattr(arc_evaluation, "_add_tests", forget)
    scores = json.loads(trmpipe("evaluate", run, "--json").out)
    assert (scores["tasks"], scores["scored_tasks"], scores["protocol"]["puzzles"]) == (4, 3, 3)


def test_what_is_handed_in_has_one_writer_at_a_time(trmpipe, run, monkeypatch):
    """The owner comes to an end while it is waited for, or does not."""
    trmpipe("evaluate", run)
    before = (run / "submission.json").stat().st_mtime_ns
    monkeypatch.setattr("trmpipe.trainer.runs.run_folder._WAIT_SECONDS", 0.0)
    with owned(Store(run), "evaluations"):
        scored, told = trmpipe("evaluate", run), json.loads(trmpipe("evaluate", run, "--json").out)
    assert scored.code == 0, "predictions take long, and their scores are shown whatever can be written"
    why = f"another command is writing {run} (process {os.getpid()} on "
    assert f"no submission and picture written: {why}" in scored.out
    assert scored.out.splitlines()[2].startswith("     1 ")
    assert (told["submission"], told["picture"], told["kept"]) == (None, None, None)
    assert told["not_written"].startswith(why)
    assert (run / "submission.json").stat().st_mtime_ns == before

    begun, ended = threading.Event(), threading.Event()

    def own():
        with owned(Store(run), "evaluations"):
            begun.set()
            ended.wait(60)

    other = threading.Thread(target=own)
    other.start()
    assert begun.wait(60)
    monkeypatch.setattr("trmpipe.trainer.runs.run_folder._WAIT_SECONDS", 60.0)

    def score_at_last(*rows):
        threading.Timer(0.5, ended.set).start()
        return score(*rows)

    monkeypatch.setattr(arc_evaluation, "score", score_at_last)
    assert trmpipe("evaluate", run).code == 0
    other.join()
    assert (run / "submission.json").stat().st_mtime_ns > before


def test_a_picture_that_cannot_be_written_leaves_scores_and_submission(trmpipe, run, monkeypatch):
    def full(*arguments):
        raise RunWriteError("arc.png cannot be written (No space left on device); free some space")

    monkeypatch.setattr(arc_evaluation, "draw_answers", full)
    told = json.loads(trmpipe("evaluate", run, "--json").out)
    assert told["rows"] == 5 * VARIANTS
    assert (told["submission"], told["picture"]) == (str(run / "submission.json"), None)
    said = trmpipe("evaluate", run).out.splitlines()
    assert said[-2:] == [
        f"submission {run / 'submission.json'}",
        "no picture written: arc.png cannot be written (No space left on device); free some space",
    ]


def test_right_answers_under_every_variant_are_right(corpus, run, tasks, monkeypatch):
    opened = Corpus.open(corpus)
    first = opened.catalog["test"].first_identifiers
    # Of task 2 most rows are wrong, of task 3 one row less than half.
    wrong = {*range(first[2] + 1, first[2] + VARIANTS), *range(first[3], first[3] + VARIANTS // 2 - 1)}
    monkeypatch.setattr(arc_evaluation, "final_answers", perfect_answers(opened, wrong))
    recorder = Recorder()
    result = evaluate(run, opened, Ranks(), recorder)
    assert [task.inputs[0].rank for task in result.scores.tasks] == [1, 1, 2, 1]
    assert result.scores.tasks[1].inputs[1].rank is None
    assert (result.scores.fractional(1), result.scores.fractional(2)) == (0.75, 1.0)
    submission = json.loads(result.submission.read_text())
    assert submission["task2"][0]["attempt_2"] == tasks["task2"]["test"][0]["output"]
    assert (recorder.total, recorder.done, recorder.finished) == (5 * VARIANTS, 5 * VARIANTS, True)


def test_shares_of_ranks_together_are_all_rows(corpus, run):
    """Two ranks in turn, whose rows are put together by hand."""
    opened = Corpus.open(corpus)
    shares = []

    class Half(Ranks):
        def gather(self, value):
            shares.append(value)
            return []

    for rank in range(2):
        assert evaluate(run, opened, Half(rank=rank, world_size=2), Recorder()) is None
    whole = evaluate(run, opened, Ranks(), Recorder())
    names = opened.variant_names()
    together = [np.concatenate([getattr(share, name) for share in shares]) for name in ("inputs", "answers")]
    tests = {}
    for rows in held_out_rows(opened):
        arc_evaluation._add_tests(tests, rows, opened.catalog["test"].names)
    found = score(
        [names[key] for share in shares for key in share.identifiers],
        *together,
        np.concatenate([share.probabilities for share in shares]),
        tests,
    )
    assert found.num_rows == whole.scores.num_rows
    # Probabilities differ by the rounding of other batches.
    assert [task.inputs[0].rank for task in found.tasks] == [task.inputs[0].rank for task in whole.scores.tasks]
    assert found.submission() == whole.scores.submission()


@pytest.mark.slow
def test_torchrun_shares_the_rows(run, trmpipe):
    expected = json.loads(trmpipe("evaluate", run, "--json").out)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, "-m", "trmpipe", "evaluate", str(run), "--json", "--device=cpu"],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


def test_held_out_bases_have_known_solutions(corpus):
    held_out = read_held_out([Corpus.open(corpus)])
    assert held_out.groups.tolist() == [0, 1, 2, 3]
    assert not held_out.variants.any()
    assert (held_out.labels > 0).any(1).all()
    assert len(read_held_out([Corpus.open(corpus)], 2)) == 2


def test_identifiers_are_counted_on_over_corpora(corpus, tmp_path):
    make_arc_corpus(tmp_path / "first", small_tasks(3, seed=3), 2)
    corpora = [Corpus.open(tmp_path / "first"), Corpus.open(corpus)]
    assert [identifiers_before(corpora, one) for one in corpora] == [0, 6]
    assert read_held_out(corpora[1:], 2).identifiers.tolist() == [1, 1 + VARIANTS]
    rows = next(held_out_rows(corpora[1], num_groups=2, num_variants=1, offset=6))
    assert rows.identifiers.tolist() == [7, 7 + VARIANTS, 7 + VARIANTS]


def test_a_mixture_is_scored_by_the_votes_of_each_corpus(trmpipe, corpus, tmp_path, monkeypatch):
    """Both have the same name and the same names of tasks."""
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    make_arc_corpus(tmp_path / "other", small_tasks(2, seed=11), 2)
    run = tmp_path / "run"
    assert trmpipe("train", corpus, tmp_path / "other", "--out", run, "--max-steps", 2, *TINY).code == 0
    assert json.loads((run / "evaluation.json").read_text())["puzzles"] == 4 + 2
    told = json.loads(trmpipe("evaluate", run, "--json").out)
    names = [f"arc-{Corpus.open(path).manifest.content_digest[:8]}" for path in (corpus, tmp_path / "other")]
    assert [part["corpus"] for part in told["corpora"]] == names
    assert [part["rows"] for part in told["corpora"]] == [5 * VARIANTS, 2 * 2]
    assert (told["rows"], told["tasks"], told["protocol"]["puzzles"]) == (5 * VARIANTS + 2 * 2, 6, 6)
    shares = [part["pass"][0]["fractional"] for part in told["corpora"]]
    assert told["pass"][0]["fractional"] == pytest.approx((4 * shares[0] + 2 * shares[1]) / 6)
    for name, tasks in zip(names, (4, 2), strict=True):
        assert len(json.loads((run / f"submission-{name}.json").read_text())) == tasks
        assert (run / f"arc-{name}.png").exists()
    said = trmpipe("evaluate", run).out
    assert "on 2 corpora" in said
    assert f"4 tasks of {corpus}" in said
    assert f"2 tasks of {tmp_path / 'other'}" in said
    _ask_about_both(load_run(run, "cpu"), Corpus.open(str(corpus)), Corpus.open(str(tmp_path / "other")), monkeypatch)


def _ask_about_both(run, first, second, monkeypatch):
    """Each corpus counts its identifiers from 1, the run counts on."""
    asked = []

    def record(examinee, inputs, identifiers, restart=0):
        asked.append(identifiers)
        tokens = torch.from_numpy(inputs.astype(np.int64))
        yield Answer(tokens=tokens, halt=None, logits=tokens)

    monkeypatch.setattr("trmpipe.trainer.scores.examinee.Examinee.answers", record)
    for corpus, before in ((first, 0), (second, 4 * VARIANTS)):
        rows = corpus.read("test", limit=2)
        for named in (corpus, corpus.path):
            run.answers(rows, named)
            assert asked.pop().tolist() == (rows.identifiers + before).tolist()
    with pytest.raises(InputError, match="was trained on 2 corpora, each with puzzle identifiers from 1 on; say which"):
        run.answers(rows)
    blank = replace(rows, identifiers=np.zeros_like(rows.identifiers))
    assert np.array_equal(run.answers(blank), rows.inputs)


def test_scores_of_a_run_on_some_variants_are_its_usual_ones(trmpipe, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    run = tmp_path / "few"
    assert trmpipe("train", corpus, "--out", run, "--variants", 3, "--max-steps", 1, *TINY).code == 0
    assert [trmpipe("evaluate", run, *asked).code for asked in ((), ("--variants", 3), ("--variants", 2))] == [0, 0, 0]
    (told,) = json.loads(trmpipe("runs", run, "--json").out)["runs"]
    assert "pass@2" in told["scores"][0]
    assert [one["variants"] for one in told["scores"]] == [None, None, 2]


def test_other_content_does_not_fit_the_embeddings(trmpipe, run, tmp_path):
    make_arc_corpus(tmp_path / "other", small_tasks(4, seed=9), VARIANTS)
    assert "its puzzle embeddings do not fit" in trmpipe("evaluate", run, "--corpus", tmp_path / "other").message
    make_arc_corpus(tmp_path / "fewer", small_tasks(3), VARIANTS)
    assert "puzzle identifiers" in trmpipe("evaluate", run, "--corpus", tmp_path / "fewer").message


def test_any_depth_and_no_restarts_nor_search(trmpipe, run):
    assert json.loads(trmpipe("evaluate", run, "--json", "--steps", 1).out)["protocol"] == {
        "split": "test",
        "checkpoint_step": open_trained(str(run), "cpu").step,
        "puzzles": 4,
        "steps": 1,
        "restarts": 1,
        "choose": None,
        "variants": None,
        "search": None,
        "regime": {"puzzles": 4, "variants": VARIANTS},
        "in_training": {"puzzles": 0, "of": 4},
    }
    for what in ("restarts", "search"):
        refused = trmpipe("evaluate", run, f"--{what}", 3)
        assert refused.code == 2
        assert f"is scored by the votes of variants; leave out the {what}" in refused.message
