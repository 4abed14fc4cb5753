"""A task that says its spec and how puzzles are made, and no more: all commands work, and say what is not promised."""

import json
import shlex

import numpy as np
import pytest

from tests.plug_ins import add_family
from trmpipe.generators.family import Family
from trmpipe.generators.rng import below, open_stream
from trmpipe.generators.task import Groups, Solutions, Task, TaskSpec
from trmpipe.shards import Corpus
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.evaluators.check import CheckEvaluator

NOTES = (
    "only equal puzzles count as the same: copies in disguise (turned, renamed) are not looked for",
    "a puzzle has no variant but itself, whatever --aug says",
    "an answer is right if it equals the stored label: another right answer counts as wrong",
)


class SortingTask(Task):
    """Put six letters in order."""

    spec = TaskSpec(name="sorting", vocabulary="_abcd", grid_shape=(1, 6))

    def generate(self, seed, purpose, start, count):
        words = np.empty((count, 6), np.uint8)
        for i in range(count):
            stream = open_stream(seed, purpose, 0, 0, start + i)
            words[i] = [1 + below(stream, 4) for _ in range(6)]
        return Groups.single(np.arange(start, start + count), words, np.sort(words, axis=1))


class SolvingTask(SortingTask):
    """The same with a solver, which is then asked whether an answer is right."""

    def solve(self, inputs):
        return Solutions(np.ones(len(inputs), np.int64), np.sort(inputs, axis=1))


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    add_family(monkeypatch, Family(name="sorting", help="Put letters in order.", build=lambda *_: SortingTask()))


@pytest.fixture
def run(trmpipe, tmp_path, monkeypatch):
    """A run of a few steps."""
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    assert trmpipe("generate", "sorting", "--n", 40, "--test", 8, "--out", tmp_path / "c").code == 0
    small = ("--set", "model.width=32", "--set", "batch_size=8", "--set", "evaluation.steps=2")
    done = trmpipe("train", tmp_path / "c", "--max-steps", 3, "--out", tmp_path / "run", *small)
    assert done.code == 0, done.err
    return tmp_path / "run", shlex.split(done.out.splitlines()[-1])


def test_what_is_not_promised_is_told(trmpipe, tmp_path):
    made = trmpipe("generate", "sorting", "--n", 40, "--test", 8, "--out", tmp_path / "c")
    assert [line.strip() for line in made.out.splitlines() if "note:" in line] == [f"note: {note}" for note in NOTES]
    assert Corpus.open(tmp_path / "c").manifest.splits["train"].puzzles == 40
    told = trmpipe("inspect", tmp_path / "c").out
    assert "no two puzzles are equal, within and across the splits" in told
    assert [line.split("note  ")[1] for line in told.splitlines() if "note  " in line] == list(NOTES)
    assert json.loads(trmpipe("inspect", tmp_path / "c", "--json").out)["caveats"] == list(NOTES)
    again = json.loads(trmpipe("generate", "sorting", "--n", 40, "--test", 8, "--out", tmp_path / "c", "--json").out)
    assert again["caveats"] == list(NOTES)


def test_our_own_tasks_need_no_note(trmpipe, corpus4):
    told = trmpipe("inspect", corpus4)
    assert (told.code, "note" in told.out) == (0, False)


def test_it_is_trained_and_scored(trmpipe, run):
    assert json.loads(trmpipe("evaluate", run[0], "--json").out)["puzzles"] == 8
    for wish, said in (
        ("--search", "sorting does not say what is right (Task.check); leave out the search"),
        ("--variants", "sorting does not say how an answer to a variant is mapped back"),
    ):
        refused = trmpipe("evaluate", run[0], wish, 2)
        assert (refused.code, said in refused.message) == (2, True)


def test_a_puzzle_is_typed_in_by_its_characters(trmpipe, run):
    assert trmpipe(*run[1][1:]).code == 0
    solved = trmpipe("solve", run[0], "dcbaab")
    assert "nobody can say whether the model's answer is right" in solved.out
    assert json.loads(trmpipe("solve", run[0], "dcbaab", "--json").out)["accepted"] is None
    refused = trmpipe("solve", run[0], "dcb")
    assert "it has 3 characters, expected 6, one for each cell, row by row" in refused.message
    assert "it holds 'x', expected characters of '_abcd'" in trmpipe("solve", run[0], "dcbaax").message


def test_a_solver_says_whether_an_answer_is_right(trmpipe, run, monkeypatch):
    add_family(monkeypatch, Family(name="sorting", help="Put letters in order.", build=lambda *_: SolvingTask()))
    found = json.loads(trmpipe("solve", run[0], "dcbaab", "--json").out)
    assert found["solution"] == "aabbcd"
    assert found["accepted"] == (found["answer"] == "aabbcd")


def test_an_evaluator_that_asks_a_task_without_a_checker_is_refused():
    with pytest.raises(RunError, match="which does not say what is right; mend the package that brings it"):
        CheckEvaluator(SortingTask.spec)
