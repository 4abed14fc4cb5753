"""Pictures: what is drawn for which cell, whatever the task."""

import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex

from tests.plug_ins import add_family
from trmpipe.generators import registry
from trmpipe.generators.picture import Picture, cropped, used_part
from trmpipe.generators.registry import get_task, look_of
from trmpipe.shards import Examples
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.pictures import run_pictures as pictures
from trmpipe.trainer.pictures.drawing import draw_legend, draw_picture
from trmpipe.trainer.pictures.figures import make_figure
from trmpipe.trainer.pictures.run_pictures import Solving, draw_solving, instructive
from trmpipe.trainer.scores.examinee import Examinee

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


def lines_of(axes):
    """Whether lines lie across or down, where, and how thick they are."""
    return {
        (int(start[0] == stop[0]), (start[0] if start[0] == stop[0] else start[1]) + 0.5, line.get_linewidth()[0])
        for line in axes.collections
        for start, stop in line.get_segments()
    }


def test_lines_between_boxes_and_around_them_are_thicker_than_those_between_cells():
    rules = axes_of(Picture(shape=(4, 4), symbols=("1",) * 16, row_rules=(2,), column_rules=(2,)))
    lines = lines_of(rules)
    thin, thick = sorted({width for _, _, width in lines})
    assert thick >= 2 * thin
    assert {(way, place) for way, place, width in lines if width == thick} == {
        (w, p) for w in (0, 1) for p in (0, 2, 4)
    }
    assert {(way, place) for way, place, width in lines if width == thin} == {(w, p) for w in (0, 1) for p in range(5)}
    assert len({width for _, _, width in lines_of(axes_of(Picture(shape=(2, 2), symbols=("1",) * 4)))}) == 1


def legend_of(*pictures):
    _, axes = make_figure(1, 1, (2, 2))
    draw_legend(axes, pictures)
    legend = axes.get_legend()
    if legend is None:
        return []
    handles = zip(legend.get_texts(), legend.legend_handles, strict=True)
    return [(text.get_text(), handle.get_marker(), to_hex(handle.get_color())) for text, handle in handles]


def test_the_legend_says_what_the_colours_mean_that_are_there():
    plain = Picture(shape=(1, 2), symbols=("1", "2"))
    filled = Picture(shape=(1, 2), symbols=("1", "2"), fills=("#ff0000",) * 2)
    assert legend_of(plain, filled) == []
    given, wrong = plain.toned(("given", "right")), plain.toned(("given", "wrong"))
    assert legend_of(given) == [("given by the puzzle", "s", DARK), ("right", "s", GREEN)]
    assert legend_of(given, wrong)[2:] == [("wrong", "s", RED)]
    assert legend_of(filled.toned(("right", "wrong"))) == [("wrong", "o", RED)]


def test_pictures_are_cut_to_what_is_used():
    used = np.zeros((4, 5), bool)
    assert used_part(used) == (slice(None), slice(None))
    used[[1, 3], [1, 2]] = True
    assert used_part(used) == (slice(1, 4), slice(1, 3))
    whole = Picture(
        shape=(4, 5),
        symbols=tuple("abcdefghijklmnopqrst"),
        fills=tuple(f"#0000{cell:02d}" for cell in range(20)),
        row_rules=(1, 2),
        column_rules=(3,),
        tones=("right",) * 20,
    )
    assert cropped(whole, (slice(1, 4), slice(1, 4))) == Picture(
        shape=(3, 3),
        symbols=tuple("ghilmnqrs"),
        fills=tuple(f"#0000{cell:02d}" for cell in (6, 7, 8, 11, 12, 13, 16, 17, 18)),
        row_rules=(1,),
        column_rules=(2,),
        tones=("right",) * 9,
    )
    assert cropped(whole, used_part(np.ones((4, 5), bool))) == whole


def test_names_are_no_formulas():
    figure, _ = make_figure(1, 1, (2, 2), "$x_1$ and $")
    assert figure.get_suptitle() == "$x_1$ and $"
    assert not figure._suptitle.get_parse_math()


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
    solving = Solving(group=0, example=0, inputs=inputs, labels=labels, answers=answers, solved=solved)
    draw_solving(solving, task.spec, "a $name", tmp_path / "p.png")
    puzzle, solution, first, second = drawn
    assert puzzle.symbols == task.picture(inputs).symbols
    assert solution.symbols == task.picture(labels).symbols
    assert (puzzle.tones[:3], solution.tones[:3]) == (("", "", "given"), ("right", "right", "given"))
    assert [picture.tones[:3] for picture in (first, second)] == [
        ("right", "wrong", "given"),
        ("right", "right", "given"),
    ]
    assert "wrong" not in first.tones[2:]
    assert second.symbols == task.picture(np.where(labels == 0, 0, answers[1])).symbols
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_boards_are_drawn_without_the_padding(tmp_path, monkeypatch):
    """An ARC grid of 3x4 cells, with the end tokens around it, is no board of 30x30."""
    task = get_task("arc")
    inputs, labels = np.zeros((2, 900), np.uint8)
    inputs.reshape(30, 30)[2:5, 3:7] = 4
    labels.reshape(30, 30)[2:4, 3:5] = 5
    drawn = []
    monkeypatch.setattr(pictures, "draw_picture", lambda axes, picture: drawn.append(picture.shape))
    answers = np.full((1, 900), 6)
    solving = Solving(group=0, example=0, inputs=inputs, labels=labels, answers=answers, solved=np.array([False]))
    draw_solving(solving, task.spec, "name", tmp_path / "p.png")
    assert drawn == [(3, 4)] * 3


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

    def answers(self, net, inputs, identifiers, num_steps, keys):
        return (Answer(step, None, None) for step in self.steps)


def test_the_puzzle_that_is_solved_last_and_for_good_is_shown():
    zeros, numbers = np.zeros(4, np.int64), np.arange(10, 14)
    held_out = Examples(
        inputs=np.ones((4, 2), np.uint8),
        labels=np.full((4, 2), 5, np.uint8),
        identifiers=zeros,
        groups=numbers,
        variants=zeros,
        examples=numbers % 2,
    )
    right, wrong = [5, 5], [5, 6]
    # Solved at once; after two steps; solved and lost; solved, lost and solved again.
    steps = [[right, wrong, right, right], [right, right, right, wrong], [right, right, wrong, right]]
    examinee = Examinee(net=None, learner=Script(steps), num_steps=3, device=torch.device("cpu"))
    shown = instructive(examinee, held_out, judge_by_label)
    assert shown.answers.tolist() == [right, wrong, right]
    assert shown.solved.tolist() == [True, False, True]
    assert (shown.group, shown.example) == (13, 1)
