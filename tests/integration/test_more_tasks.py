"""Queens and nonograms from end to end: made, looked at, verified, made again, trained on, scored, asked."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.runs import quick_training
from trmpipe.generators.errors import OptionError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import PAD
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Silent
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.learners.guesses import digits_of
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.scores.held_out import read_held_out
from trmpipe.trainer.scores.trials import Ways, try_puzzles
from trmpipe.trainer.trained.inference import open_trained
from trmpipe.trainer.trained.solving import solve

TASKS = {
    "queens8": ("queens", "--given", "3:5", "--answers", "1:4"),
    "nonogram6": ("nonogram", "--size", "6", "--logic", "lines"),
}
SMALL = ["model.width=32", "model.inner=32", "model.token_inner=32", "batch_size=32", "evaluation.steps=2"]


@pytest.fixture(scope="module", params=TASKS)
def made(request, tmp_path_factory):
    """A task's name, its corpus, and a run on it."""
    from trmpipe.cli.main import run

    out, (family, *options) = tmp_path_factory.mktemp(request.param), TASKS[request.param]
    numbers = ["--n", "40", "--test", "12", "--aug", "7", "--out", str(out / "corpus")]
    assert run(["generate", family, *options, *numbers]) == 0
    settings = [f"--set={one}" for one in SMALL]
    with quick_training():
        assert run(["train", str(out / "corpus"), "--out", str(out / "run"), "--max-steps", "20", *settings]) == 0
    return request.param, out / "corpus", out / "run"


def test_a_corpus_holds_what_was_asked_for(made):
    name, path, _ = made
    corpus = Corpus.open(path)
    assert corpus.spec == get_task(name).spec
    rows = corpus.read("train")
    assert len(rows.inputs) == corpus.catalog["train"].variants.sum() > 7 * 40
    assert get_task(name).check(rows.inputs, rows.labels).all()
    assert corpus.catalog["train"].difficulty.min() >= 0
    if name == "queens8":
        assert set(corpus.catalog["train"].clues.tolist()) == {3, 4, 5}


def test_it_is_looked_at_verified_and_made_again(made, trmpipe, tmp_path):
    name, path, _ = made
    told = trmpipe("inspect", path, "--puzzles", 1)
    assert (told.code, name in told.out, "difficulty" in told.out) == (0, True, True)
    assert ("♛" if name == "queens8" else "█") in told.out
    assert "is sound" in trmpipe("verify", path).out
    again = trmpipe("regenerate", path, "--out", tmp_path / "again")
    assert (again.code, "content equal" in again.out) == (0, True)


def test_a_run_is_scored_as_the_task_says(made, trmpipe):
    name, _, run = made
    scores = json.loads(trmpipe("evaluate", run, "--json").out)
    assert scores["puzzles"] == 12
    final = scores["steps"][-1]
    assert 0 < final["cell"] <= 1
    assert ("accepted" in final) == (name == "queens8")
    voted = json.loads(trmpipe("evaluate", run, "--variants", 4, "--search", 4, "--json").out)
    assert [one["name"] for one in voted["passes"]][1:] == ["votes", "search"]


def test_a_model_is_asked_about_a_puzzle(made, trmpipe):
    name, _, run = made
    task = get_task(name)
    puzzle = task.format(task.generate(9, 0, 0, 1).inputs[0])
    told = json.loads(trmpipe("solve", run, puzzle, "--json").out)
    assert told["puzzle"] == puzzle
    solution = task.parse([told["solution"]])
    assert task.check(task.parse([puzzle]), solution).all()
    refused = trmpipe("solve", run, puzzle[1:])
    assert (refused.code, "the puzzle cannot be read: " in refused.message) == (2, True)


class KnowsPictures:
    """Right of all images but the puzzles themselves, of which it is surest; around a picture it says anything."""

    def __init__(self, task, puzzles):
        self._task, self._puzzles = task, {puzzle.tobytes() for puzzle in puzzles}
        self._random = torch.Generator().manual_seed(0)

    def answers(self, net, inputs, identifiers, num_steps, keys):
        images = inputs.numpy().astype(np.uint8)
        own = torch.tensor([image.tobytes() in self._puzzles for image in images])
        right = torch.from_numpy(self._task.solve(images).labels.astype(np.int64))
        for _ in range(num_steps):
            noise = torch.randint(1, 4, inputs.shape, generator=self._random)
            tokens = torch.where(right == PAD, noise, torch.where(own[:, None], 2, right))
            halt = torch.where(own, 9.0, 0.0)
            yield Answer(tokens, halt, torch.nn.functional.one_hot(tokens, self._task.spec.vocab_size).float())


def test_what_lies_around_a_picture_has_no_vote_and_does_not_move_an_answer(made):
    name, path, run = made
    if name == "queens8":
        return
    task, corpus = get_task(name), Corpus.open(path)
    examples = read_held_out([corpus])
    trained = replace(open_trained(str(run), "cpu"), learner=KnowsPictures(task, examples.inputs))
    ways = Ways(steps=1, variants=8, task=task)
    with trained.examinee() as examinee:
        found = try_puzzles(examinee, corpus, examples, judge_by_label, ways, Ranks(), Silent())
    _, trial = found
    assert not trial.right["exact"].any()
    assert trial.voted["exact"].all()
    told = solve(trained, task.format(examples.inputs[0]), corpora=(), variants=None, tell=print, progress=Silent())
    assert told.settled_step == 1


def test_a_search_tries_what_a_picture_holds_and_refuses_what_leaves_cells_as_they_are():
    assert digits_of(get_task("nonogram8")) == [2, 3]
    assert digits_of(get_task("queens8")) == [2, 3]
    with pytest.raises(OptionError, match="an answer of maze10 may leave a cell as its puzzle shows it"):
        digits_of(get_task("maze10"))


def test_lists_of_nonograms_are_bases(trmpipe, tmp_path):
    task = get_task("nonogram5")
    groups = task.generate(3, 0, 0, 12)
    lines = [f"{task.format(one)},{task.format(two)}" for one, two in zip(groups.inputs, groups.labels, strict=True)]
    several = "1/1/0/0/0:1/1/0/0/0," + "#----" + "-#---" + "-" * 15
    (tmp_path / "list.csv").write_text("\n".join(["question,answer", *lines, several]) + "\n")
    arguments = ("generate", "nonogram", "--size", 5, "--input", tmp_path / "list.csv", "--test", 2, "--aug", 1)
    refused = trmpipe(*arguments, "--out", tmp_path / "refused")
    assert (refused.code, "several solutions" in refused.message) == (1, True)
    told = json.loads(trmpipe(*arguments, "--drop-improper", "--out", tmp_path / "c", "--json").out)
    assert told["groups"]["train"] + told["groups"]["test"] <= 12
    rows = Corpus.open(tmp_path / "c").read("train")
    assert task.check(rows.inputs, rows.labels).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("queens", "--given", "8:"), "given is '8:'; of 8 queens 0 to 7 can be given"),
        (("queens", "--input", "list.txt"), "No such option '--input'"),
        (("nonogram", "--size", 13), "13"),
        (("nonogram", "--logic", "guess"), "logic is 'guess'; expected one of lines, any"),
    ],
)
def test_mistakes_get_one_line(trmpipe, tmp_path, arguments, words):
    refused = trmpipe("generate", *arguments, "--out", tmp_path / "c")
    assert (refused.code, words in refused.message) == (2, True), refused.err
    assert not (tmp_path / "c").exists()
