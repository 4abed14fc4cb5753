"""Pictures: what is drawn for which cell, whatever the task."""

import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from tests.plug_ins import add_family
from trmpipe.generators import registry
from trmpipe.generators.picture import Picture
from trmpipe.generators.registry import get_task, look_of
from trmpipe.shards import Examples
from trmpipe.trainer import pictures
from trmpipe.trainer.drawing import draw_picture
from trmpipe.trainer.examinee import Examinee
from trmpipe.trainer.figures import make_figure
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.pictures import Solving, draw_solving, instructive

DARK, GREEN, RED = "#333333", "#1a7f37", "#cf222e"


def axes_of(picture):
    _, axes = make_figure(1, 1, (2, 2))
    draw_picture(axes, picture)
    return axes


def test_symbols_are_coloured_by_their_tone():
    tones = ("given", "right", "wrong", "")
    axes = axes_of(Picture(shape=(2, 2), symbols=("1", "2", "3", ""), column_rules=(1,), tones=tones))
    shown = [(text.get_text(), to_hex(text.get_color()), text.get_weight()) for text in axes.texts]
    assert shown == [("1", DARK, "bold"), ("2", GREEN, "normal"), ("3", RED, "normal")]
    assert [text.get_position() for text in axes.texts] == [(0, 0), (1, 0), (0, 1)]
    assert not axes.images


def test_filled_cells_show_their_colour_and_a_dot_where_they_are_wrong():
    fills = ("#ff0000", "#00ff00", "#0000ff", "")
    tones = ("right", "wrong", "", "wrong")
    axes = axes_of(Picture(shape=(2, 2), symbols=("a", "b", "c", "d"), fills=fills, tones=tones))
    assert [to_hex(colour) for colour in axes.images[0].get_array().reshape(-1, 3)] == [*fills[:3], "#ffffff"]
    assert [(text.get_text(), to_hex(text.get_color())) for text in axes.texts] == [("d", RED)]
    (dots,) = [one for one in axes.collections if isinstance(one, PathCollection)]
    assert dots.get_offsets().tolist() == [[1, 0]]


def test_unjudged_cells_are_plain():
    axes = axes_of(Picture(shape=(1, 2), symbols=("1", "2"), row_rules=()))
    assert [(to_hex(text.get_color()), text.get_weight()) for text in axes.texts] == [(DARK, "normal")] * 2


@pytest.mark.parametrize("name", ["sudoku6", "arc"])
def test_every_task_is_drawn_by_the_same_renderer(name, tmp_path, monkeypatch):
    """Tones say what is given, right and wrong; cells whose label is pad show pad and are not judged."""
    task = get_task(name)
    length = task.spec.seq_len
    labels = np.full(length, 3, np.uint8)
    inputs = labels.copy()
    inputs[:2] = 1
    labels[-1] = 0
    answers = np.full((2, length), 3, np.int64)
    answers[0, 1] = 4
    drawn = []
    monkeypatch.setattr(pictures, "draw_picture", lambda axes, picture: drawn.append(picture))
    solved = np.array([False, True])
    draw_solving(Solving(inputs, labels, answers, solved), task.spec, tmp_path / "p.png")
    assert [picture.tones[:3] for picture in drawn] == [("right", "wrong", "given"), ("right", "right", "given")]
    assert "wrong" not in drawn[0].tones[2:]
    assert drawn[1].symbols == task.picture(np.where(labels == 0, 0, answers[1])).symbols
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_task_without_code_looks_like_its_vocabulary(monkeypatch):
    from tests.outside.shades.family import FAMILY

    with monkeypatch.context() as patch:
        add_family(patch, FAMILY)
        spec = get_task("shades4").spec
        assert look_of(spec)(np.full(16, 2)).fills
    registry._build.cache_clear()
    assert look_of(spec)(np.full(16, 2)) == Picture(shape=(4, 4), symbols=("a",) * 16)


class Script:
    """A learner that gives written answers, int64 [T, N, S]."""

    def __init__(self, steps):
        self.steps = torch.tensor(steps)

    def answers(self, net, inputs, identifiers, num_steps):
        return (Answer(step, None) for step in self.steps)


def test_the_puzzle_that_is_solved_last_and_for_good_is_shown():
    zeros = np.zeros(4, np.int64)
    held_out = Examples(
        inputs=np.ones((4, 2), np.uint8),
        labels=np.full((4, 2), 5, np.uint8),
        identifiers=zeros,
        groups=zeros,
        variants=zeros,
        examples=zeros,
    )
    right, wrong = [5, 5], [5, 6]
    # Solved at once; after two steps; solved and lost; solved, lost and solved again.
    steps = [[right, wrong, right, right], [right, right, right, wrong], [right, right, wrong, right]]
    examinee = Examinee(net=None, learner=Script(steps), num_steps=3, device=torch.device("cpu"))
    shown = instructive(examinee, held_out, judge_by_label)
    assert shown.answers.tolist() == [right, wrong, right]
    assert shown.solved.tolist() == [True, False, True]
