"""`trmpipe solve` and Python on ARC tasks, by their ids and out of files."""

import json

import numpy as np
import pytest

import trmpipe as trmpipe_package
from tests.arc_runs import VARIANTS, perfect_answers
from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus
from trmpipe.trainer.arc import evaluation as arc_evaluation
from trmpipe.trainer.pictures.puzzle_words import puzzle_to_solve


def answers_of(told):
    return [[answer["grid"] for answer in one["answers"]] for one in told["inputs"]]


def test_solve_gives_the_answers_that_evaluate_hands_in(trmpipe, run, tasks):
    trmpipe("evaluate", run)
    submission = json.loads((run / "submission.json").read_text())
    for name, task in tasks.items():
        told = json.loads(trmpipe("solve", run, name, "--json").out)
        assert (told["task"], told["trained"], told["variants"]) == (name, True, VARIANTS)
        assert [one["input"] for one in told["inputs"]] == [pair["input"] for pair in task["test"]]
        for grids, attempts in zip(answers_of(told), submission[name], strict=True):
            handed_in = [*grids, *(grids[:1] if len(grids) == 1 else []), *([[[0]]] * 2 if not grids else [])]
            assert handed_in == [attempts["attempt_1"], attempts["attempt_2"]]
    fewer = json.loads(trmpipe("solve", run, "task0", "--json", "--variants", 2).out)
    assert (fewer["variants"], fewer["inputs"][0]["votes"]) == (2, 2)


def test_solve_shows_answers_and_solution_side_by_side(trmpipe, run, corpus, tasks, monkeypatch):
    monkeypatch.setattr(arc_evaluation, "final_answers", perfect_answers(Corpus.open(corpus), set()))
    said = trmpipe("solve", run, "task1").out.splitlines()
    first, second = tasks["task1"]["test"]
    solution = np.fliplr(first["input"]).tolist()
    assert said[0].split() == ["input", "1", "answer", "1:", *f"{VARIANTS} of {VARIANTS} votes".split(), "solution"]
    assert [line.split() for line in said[1:4]] == [
        ["".join(map(str, row)) for row in rows] for rows in zip(first["input"], solution, solution, strict=True)
    ]
    assert said[4] == "test input 1 of task1: solved, answer 1 is the solution"
    assert "solution" not in said[6]
    assert said[-1].startswith("test input 2 of task1: ")
    assert "output" not in second


def test_solve_takes_a_task_out_of_a_file(trmpipe, run, tasks, tmp_path):
    (tmp_path / "task2.json").write_text(json.dumps(tasks["task2"]))
    (tmp_path / "stranger.json").write_text(json.dumps(tasks["task2"]))
    by_file, by_id = (trmpipe("solve", run, puzzle, "--json").out for puzzle in (tmp_path / "task2.json", "task2"))
    assert json.loads(by_file) == json.loads(by_id)
    stranger = trmpipe("solve", run, tmp_path / "stranger.json", "--json")
    told = json.loads(stranger.out)
    assert (told["task"], told["trained"], told["variants"]) == ("stranger", False, 1)
    assert "the run was not trained on stranger, so it has no puzzle embeddings" in stranger.err


def test_python_is_answered_as_the_command_is(trmpipe, run, corpus, tasks, tmp_path):
    """By id and by file, with the corpus where it is now and with fewer variants; a stranger is told as one."""
    (tmp_path / "task2.json").write_text(json.dumps(tasks["task2"]))
    (tmp_path / "stranger.json").write_text(json.dumps(tasks["task2"]))
    loaded = trmpipe_package.load_run(run)
    for puzzle, more, wishes in (
        ("task1", [], {}),
        (tmp_path / "task2.json", ["--corpus", corpus], {"corpora": Corpus.open(corpus)}),
        (tmp_path / "stranger.json", [], {}),
        ("task0", ["--variants", 2], {"variants": 2}),
    ):
        told = json.loads(trmpipe("solve", run, puzzle, "--json", *more).out)
        assert loaded.solve(puzzle, **wishes).to_json() == told
        assert trmpipe_package.solve(run, puzzle, **wishes).to_json() == told
    assert "has no puzzle embeddings" in loaded.solve(tmp_path / "stranger.json").remarks()[0]


@pytest.mark.parametrize(
    ("puzzle", "wishes", "words"),
    [
        ("nobody", {}, "is called 'nobody'; give a file of one task"),
        ("task0", {"variants": 0}, "variants is 0; expected 1 or more"),
        ("task0", {"corpora": "nowhere"}, "nowhere"),
        ("task\0", {}, "give a file of one task"),
        ("task\0.json", {}, "null byte; give a file of one task"),
    ],
)
def test_python_is_told_what_is_no_task(run, puzzle, wishes, words):
    with pytest.raises(TrmpipeError, match=words):
        trmpipe_package.solve(run, puzzle, **wishes)


@pytest.mark.parametrize(
    ("puzzle", "code", "words"),
    [
        ("nobody", 2, "is called 'nobody'; give a file of one task"),
        ("1234." * 1000, 2, "; give a file of one task"),
        ("1234." * 1000 + "json", 2, "File name too long; give a file of one task"),
        ("none.json", 2, "none.json: No such file or directory; give a file of one task"),
        ("many.json", 2, "many.json is no task file; give a file of one task"),
        ("bad.json", 1, "bad.json is no JSON"),
        ("ragged.json", 1, "is ragged: row 2 has 1 cells, row 1 has 2"),
    ],
)
def test_what_is_no_task_gets_one_line(trmpipe, run, tasks, tmp_path, monkeypatch, puzzle, code, words):
    monkeypatch.chdir(tmp_path)
    ragged = {"train": [{"input": [[1, 2], [3]], "output": [[1]]}], "test": [{"input": [[1]]}]}
    for name, text in (("many", json.dumps(tasks)), ("bad", "{"), ("ragged", json.dumps(ragged))):
        (tmp_path / f"{name}.json").write_text(text)
    result = trmpipe("solve", run, puzzle)
    assert result.code == code
    assert words in result.message


def test_the_hint_after_training_can_be_pasted(trmpipe, run, corpus):
    puzzle = puzzle_to_solve(Corpus.open(corpus))
    assert puzzle == "task0"
    assert trmpipe("solve", run, puzzle).code == 0
