"""What training says at its end: commands that can be pasted, and puzzles by their names."""

import shlex

import pytest

from trmpipe.generators.errors import InputError
from trmpipe.generators.registry import get_task
from trmpipe.shards import Corpus
from trmpipe.trainer.pictures.puzzle_words import puzzle_name, puzzle_to_solve

TINY = ["width=8", "inner=8", "token_inner=8"]


@pytest.fixture
def train(trmpipe, corpus4, monkeypatch):
    """Take one step of a tiny training."""
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    sizes = [f"--set=model.{setting}" for setting in TINY]

    def call(out):
        done = trmpipe("train", corpus4, "--out", out, "--max-steps", 1, *sizes, "--set=batch_size=4", "--device=cpu")
        assert done.code == 0, done.err
        return done

    return call


def last_lines(result):
    return [line.split("next", 1)[-1].strip() for line in result.out.splitlines()[-2:]]


def test_the_hint_after_training_is_a_pair_of_commands_that_work(train, trmpipe, tmp_path):
    """Names with blanks are quoted, and the puzzle is a held-out one."""
    hints = last_lines(train(tmp_path / "my run"))
    assert [shlex.split(line)[:2] for line in hints] == [["trmpipe", "evaluate"], ["trmpipe", "solve"]]
    for line in hints:
        assert trmpipe(*shlex.split(line)[1:]).code == 0


def test_the_hint_takes_a_puzzle_that_begins_like_an_option(train, trmpipe, tmp_path, monkeypatch):
    task = type(get_task("sudoku4"))
    parse, write = task.parse, task.format
    monkeypatch.setattr(task, "format", lambda self, tokens: write(self, tokens).replace(".", "-"))
    monkeypatch.setattr(task, "parse", lambda self, texts: parse(self, [text.replace("-", ".") for text in texts]))
    monkeypatch.setattr("trmpipe.trainer.training.session.puzzle_to_solve", lambda corpus: "-" * 15 + "1")
    hint = last_lines(train(tmp_path / "run"))[1]
    assert trmpipe(*shlex.split(hint)[1:]).code == 0


def test_no_puzzle_is_hinted_at_where_solve_takes_none(train, tmp_path, monkeypatch):
    def refuse(task, texts):
        raise InputError("no text form")

    monkeypatch.setattr(type(get_task("sudoku4")), "parse", refuse)
    done = train(tmp_path / "run")
    assert "trmpipe evaluate" in done.out
    assert "trmpipe solve" not in done.out


def test_pictures_name_the_puzzle_and_the_run(corpus4):
    corpus = Corpus.open(str(corpus4))
    assert puzzle_name(corpus, 3) == "sudoku4, held-out puzzle 3"
    text = get_task("sudoku4").format(corpus.read("test").inputs[0])
    assert puzzle_to_solve(corpus) == text


@pytest.mark.parametrize("option", [["--corpus", "c"], ["--variants", "2"]])
def test_solve_refuses_what_only_named_puzzles_need(train, trmpipe, tmp_path, option):
    train(tmp_path / "run")
    result = trmpipe("solve", tmp_path / "run", "." * 16, *option)
    assert result.code == 2
    assert "sudoku4 puzzles are given as text: no corpus and no number of variants go with one" in result.message
