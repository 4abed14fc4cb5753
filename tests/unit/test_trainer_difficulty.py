"""Accuracy by difficulty: puzzles of several corpora and ranks in one order, and the lines that a run keeps."""

import json
import re

import numpy as np
import pytest
import torch

from tests.shards_corpora import make_corpus
from trmpipe.shards import Corpus
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.judging import Judgement
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.pictures.curves import draw_curves
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.runs.difficulty_lines import read_difficulty
from trmpipe.trainer.runs.lines import MetricLine
from trmpipe.trainer.scores import difficulty, scoring
from trmpipe.trainer.scores.difficulty import Bin, held_out_bins, scores_of_bins
from trmpipe.trainer.scores.examinee import Examinee
from trmpipe.trainer.scores.held_out import read_held_out_parts
from trmpipe.trainer.scores.scoring import score_parts

LINE = {"step": 4, "split": "test", "level": None, "least": 0.0, "most": 2.0, "puzzles": 3, "exact": 0.5}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    for number, name in enumerate(("first", "second")):
        make_corpus(root / name, "webdataset", (2, 3, 1, 2, 2, 1, 3), seed=number)
    return [Corpus.open(root / name) for name in ("first", "second")]


@pytest.fixture(scope="module")
def parts(corpora):
    found = read_held_out_parts(corpora)
    assert len(found) == 2
    return found


def right_ones(inputs):
    return inputs[:, 4] > 3


def judge(inputs, labels, answers):
    """Right are some puzzles, whatever the answers."""
    right = right_ones(inputs)
    return Judgement(cell=right.float(), exact=right, solved=right, more={"other": ~right})


class Parrot:
    """Both network and learner: its answers are the puzzles."""

    def eval(self):
        return self

    def answers(self, net, inputs, identifiers, num_steps, keys):
        for _ in range(num_steps):
            yield Answer(inputs, None, torch.zeros(*inputs.shape, 2))


def examinee():
    return Examinee(net=Parrot(), learner=Parrot(), num_steps=2, device=torch.device("cpu"))


class OneOfTwo(Ranks):
    """The second of two ranks leaves what it found to the first, which is asked after it."""

    others = []  # noqa: RUF012

    def gather(self, found):
        if self.rank:
            self.others.append(found)
            return None
        return [found, self.others.pop(0)]


def test_outcomes_are_in_the_order_of_the_puzzles(parts, monkeypatch):
    monkeypatch.setattr(scoring, "EVALUATION_BATCH", 1)
    expected = np.concatenate([right_ones(examples.inputs) for examples in parts.values()])
    assert set(expected.tolist()) == {True, False}
    assert score_parts(examinee(), parts, judge, OneOfTwo(rank=1, world_size=2)) is None
    for ranks in (None, OneOfTwo(world_size=2)):
        outcomes = score_parts(examinee(), parts, judge, ranks).outcomes
        assert {name: column.tolist() for name, column in outcomes.items()} == {
            "exact": expected.tolist(),
            "other": (~expected).tolist(),
        }


def test_bins_are_over_all_corpora(corpora, parts, monkeypatch):
    ratings = {
        id(corpus): np.arange(len(examples)) % 3 + place
        for place, (corpus, examples) in enumerate(zip(corpora, parts.values(), strict=True))
    }
    monkeypatch.setattr(difficulty, "ratings_of", lambda corpus, examples: ratings[id(corpus)].astype(float))
    monkeypatch.setattr(difficulty, "levels_of", lambda corpora: {})
    every = np.concatenate(list(ratings.values()))
    for one in held_out_bins(corpora, parts):
        assert every[one.members].tolist() == every[(every >= one.least) & (every <= one.most)].tolist()
    assert sum(len(one.members) for one in held_out_bins(corpora, parts)) == len(every)


@pytest.mark.parametrize("rating", [0.0, 5.0, np.nan])
def test_one_bin_is_none(corpora, parts, monkeypatch, rating):
    monkeypatch.setattr(difficulty, "ratings_of", lambda corpus, examples: np.full(len(examples), rating))
    assert held_out_bins(corpora, parts) == []
    assert held_out_bins(corpora, {}) == []


def test_what_came_of_a_bin():
    bins = [
        Bin(level="easy", least=0, most=0, members=np.array([0, 2, 3])),
        Bin(level=None, least=1, most=4.5, members=np.array([1])),
    ]
    easy, other = scores_of_bins(bins, {"exact": np.array([True, True, False, True])})
    assert (easy.name, easy.puzzles, easy.shares["exact"].right) == ("easy", 3, 2)
    assert (other.name, other.puzzles, other.shares["exact"].value) == ("rated 1 to 4.5", 1, 1.0)
    assert other.flat() == {"level": None, "least": 1, "most": 4.5, "puzzles": 1, "exact": 1.0}
    assert easy.to_json()["exact"]["low"] < 2 / 3


def written(path, *lines):
    path.write_text("\n".join([*(json.dumps(line) for line in lines), '{"step": 6, "cut o']))
    return path


def test_lines_are_read_as_they_were_written(tmp_path):
    (line,) = read_difficulty(written(tmp_path / "difficulty.jsonl", LINE))
    assert (line.step, line.split, line.name, line.puzzles, line.shares) == (
        4,
        "test",
        "rated 0 to 2",
        3,
        {"exact": 0.5},
    )
    assert read_difficulty(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"split": "other"}, "its split is none of train, test"),
        ({"step": -1}, "line 2 (step)"),
        ({"puzzles": 0}, "line 2 (puzzles)"),
        ({"level": 3}, "line 2 (level)"),
        ({"least": "0"}, "line 2 (least)"),
        ({"exact": 1.5}, "line 2"),
        ({"exact": "much"}, "line 2"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, change, words):
    with pytest.raises(RunError, match=re.escape(words)):
        read_difficulty(written(tmp_path / "difficulty.jsonl", LINE, {**LINE, **change}))


def test_a_line_that_says_nothing_is_damage(tmp_path):
    nothing = {name: value for name, value in LINE.items() if name != "exact"}
    with pytest.raises(RunError, match="line 1 is damaged: it has no exact"):
        read_difficulty(written(tmp_path / "difficulty.jsonl", nothing))


def test_names_out_of_a_file_are_no_formulas(tmp_path):
    """A dollar sign in a stranger's file ended a training in a traceback when its curves were drawn."""
    path = tmp_path / "difficulty.jsonl"
    line = {"step": 1, "split": "test", "level": "$x^{$", "least": 0, "most": 1, "puzzles": 3, "exact": 0.5}
    path.write_text(json.dumps(line) + "\n")
    lines = [MetricLine(step=1, split="train", values={"$x^{$_loss": 1.0, "exact": 0.5})]
    assert draw_curves(lines, "run", tmp_path / "curves.png", read_difficulty(path)).stat().st_size > 0


def test_curves_are_drawn_without_a_line_of_training(tmp_path):
    """An evaluation may be logged before the first one; warnings are errors here."""
    lines = [MetricLine(step=1, split="test", values={"exact": 0.5, "cell": 0.75})]
    assert draw_curves(lines, "run", tmp_path / "curves.png").stat().st_size > 0
