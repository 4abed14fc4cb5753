"""What may be expected: what presets reached, words for every setting, and cells counted without the given ones."""

import dataclasses

import numpy as np
import pytest
import torch

from tests.plug_ins import add_entry
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TEST
from trmpipe.shards import Examples
from trmpipe.trainer.evaluators.check import CheckEvaluator
from trmpipe.trainer.evaluators.puzzle_report import _table
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.parts import Part
from trmpipe.trainer.presets import PRESETS, what_to_expect
from trmpipe.trainer.scores.examinee import Examinee
from trmpipe.trainer.scores.open_cells import count_open, is_open, tokens_of
from trmpipe.trainer.scores.scoring import score_here
from trmpipe.trainer.settings.config import SECTIONS, TrainConfig, flatten, to_json
from trmpipe.trainer.settings.setting_words import settings_in_words


@pytest.mark.parametrize("section", SECTIONS)
def test_no_setting_of_ours_is_without_words(section):
    """Of every entry of the registry, and of the run's own settings each time."""
    for name in SECTIONS[section].names():
        config = dataclasses.replace(TrainConfig(), **{section: SECTIONS[section][name].config()})
        words = settings_in_words(config)
        assert words.keys() == flatten(to_json(config)).keys()
        assert [key for key, text in words.items() if len(text.split()) < 3] == []
        assert not [text for text in words.values() if "`" in text or "\n" in text or text.endswith(".")]


def test_presets_after_papers_say_what_is_not_as_published():
    """To whoever asks for them, not in the sources alone."""
    named = {
        name: one.remark
        for name in PRESETS.names()
        for one in PRESETS[name].expectations
        if "as published" in one.reached
    }
    assert len(named) == 13
    assert {
        name for name, remark in named.items() if "other than published" in remark or "differs in" in remark
    } == set(named)


def test_words_of_a_setting_are_those_of_its_class():
    words = settings_in_words(TrainConfig())
    assert words["evaluation.steps"] == "supervision steps that each held-out puzzle gets"
    assert words["schedule.warmup_steps"] == "steps over which the rates rise linearly"
    assert words["schedule.name"] == "what learning rates do over the steps: constant, cosine, linear, wsd"
    assert words["sampling"].startswith(
        "how variants are drawn: blocks, each once before one comes again, or published"
    )


def test_a_setting_without_words_is_shown_all_the_same(monkeypatch):
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Terse:
        """Nothing is said.

        Attributes:
            lr: rate.

        wd: this is no attribute.
        """

        lr: float = 1.0
        wd: float = 2.0

    add_entry(monkeypatch, SECTIONS["optimiser"], "terse", Part(config=Terse, build=list))
    words = settings_in_words(dataclasses.replace(TrainConfig(), optimiser=Terse()))
    assert (words["optimiser.lr"], words["optimiser.wd"]) == ("rate", "")


@pytest.mark.parametrize("name", PRESETS.names())
def test_every_preset_of_ours_says_what_it_reached_in_which_time_where_and_who_says_so(name):
    preset = PRESETS[name]
    assert preset.expectations
    for one in preset.expectations:
        assert one.task in preset.tasks
        assert all((one.reached, one.time, one.machine, one.source))
        line = what_to_expect(name, one.task, changed=False)
        assert line.startswith(f"expect: {one.reached} in {one.time} on {one.machine}")
        assert line.endswith(f"({one.source})")
        assert "of which you changed some" in what_to_expect(name, one.task, changed=True)
    assert what_to_expect(name, "somebodys", changed=False).startswith("expect: nothing is recorded")


def examples(inputs, labels):
    zeros = np.zeros(len(inputs), np.int64)
    return Examples(
        inputs=np.array(inputs, np.uint8),
        labels=np.array(labels, np.uint8),
        identifiers=zeros,
        groups=zeros,
        variants=zeros,
        examples=zeros,
    )


class Script:
    """A learner that gives written answers, int64 [T, N, S]."""

    def __init__(self, steps):
        self.steps = torch.tensor(steps)

    def answers(self, net, inputs, identifiers, num_steps, keys):
        return (Answer(step, None, None) for step in self.steps)


def scores(held_out, steps, judge=judge_by_label):
    examinee = Examinee(net=None, learner=Script(steps), num_steps=len(steps), device=torch.device("cpu"))
    return score_here(examinee, held_out, judge)


def test_copying_the_puzzle_gets_no_open_cell_right():
    """Pad is never asked for; a cell whose label the input shows is given; the others count, all puzzles together."""
    held_out = examples([[1, 1, 3, 0], [2, 1, 3, 1]], [[2, 2, 3, 0], [2, 4, 3, 2]])
    copied = [[1, 1, 3, 0], [2, 1, 3, 1]]
    better = [[2, 1, 4, 7], [3, 1, 3, 2]]
    found = scores(held_out, [copied, better])
    assert found.open_cells.number == 4
    assert found.open_cells.guessing == 3 / 4
    assert found.open_cells.right == (0, 2 / 4)
    assert found.columns["cell"][0] == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert set(found.last()) == {"cell", "exact"}, "lines of metrics have no other columns than before"
    assert found.to_json()["steps"][1]["open_cell"] == 0.5
    assert found.to_json()["guessing"] == 0.75
    assert found.summary() == "held out: 0.0% exact, 50.0% of open cells right, by guessing 75.0% (2 puzzles)"


def test_on_grids_that_are_changed_the_changed_cells_are_open():
    """ARC: what a task leaves as it is, background and end tokens most of all, is no answer of the network."""
    inputs, labels = np.array([[2, 2, 5, 1, 0]], np.uint8), np.array([[2, 7, 5, 1, 0]], np.uint8)
    asked = is_open(*map(torch.from_numpy, (inputs, labels)))
    assert asked.tolist() == [[False, True, False, False, False]]
    assert count_open(np.array(tokens_of(torch.from_numpy(labels), asked))) == (1, 1.0)


def test_of_a_maze_every_open_cell_counts_whether_its_path_takes_it_or_not():
    """Not those of the path alone, of which marking every cell would get all: here one of three is marked."""
    puzzle, label = [3, 2, 1, 2, 4, 2] + [1] * 19, [3, 5, 1, 2, 4, 2] + [1] * 19
    marked, unmarked = ([3, mark, 1, mark, 4, mark] + [1] * 19 for mark in (5, 2))
    found = scores(
        examples([puzzle], [label]), [[marked], [unmarked], [label]], CheckEvaluator(get_task("maze5").spec).judge
    )
    assert found.open_cells.number == 3
    assert found.open_cells.guessing == pytest.approx(2 / 3)
    assert found.open_cells.right == pytest.approx((1 / 3, 2 / 3, 1))


def test_a_sudoku_s_open_cells_are_its_blanks_by_either_rule():
    groups = get_task("sudoku6").generate(0, TEST, 0, 20)
    inputs, labels = map(torch.from_numpy, (groups.inputs, groups.labels))
    assert torch.equal(is_open(inputs, labels), is_open(inputs, labels, get_task("sudoku6").blank))


def test_puzzles_that_are_given_whole_have_no_open_cells():
    found = scores(examples([[2, 3]], [[2, 3]]), [[[2, 3]]])
    assert found.open_cells is None
    assert "guessing" not in found.to_json()
    assert found.summary() == "held out: 100.0% exact, 100.0% of cells right (1 puzzle)"
    table = _table(found, [1])
    assert table[0].split() == ["supervision", "step", "cells", "exact"]
    assert len(table) == 2
