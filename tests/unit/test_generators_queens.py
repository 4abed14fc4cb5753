"""Queens: what is refused, text, uniformity where theory says what is right, and the conformance suite."""

from collections import Counter

import numpy as np
import pytest

from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators.errors import InputError, OptionError, TextError
from trmpipe.generators.queens.boards import EMPTY, OPEN, QUEEN, solutions_of
from trmpipe.generators.queens.task import QueensTask
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TRAIN
from trmpipe.generators.testing import TaskConformance


class TestQueens(TaskConformance):
    @pytest.fixture(params=[7, 8, 14])
    def task(self, request):
        return QueensTask(size=request.param)


class TestQueensWithOptions(TaskConformance):
    @pytest.fixture
    def task(self):
        return get_task("queens9", {"given": "2:4", "answers": "1:2"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"given": "8:"}, "given is '8:'; of 8 queens 0 to 7 can be given"),
        ({"given": "some"}, "given is 'some'; expected a number or MIN:MAX of whole numbers"),
        ({"answers": ":0"}, "answers is '0:0'; a board that can be completed has 1 or more"),
        ({"clues": "3"}, "the task 'queens8' has no option 'clues'; known: given, answers"),
    ],
)
def test_what_no_board_can_be_is_refused_in_one_line(options, words):
    with pytest.raises(OptionError, match=words) as caught:
        get_task("queens8", options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [4, 15])
def test_other_sizes_are_refused(size):
    with pytest.raises(InputError, match=f"no queens of size {size}; expected 5 to 14"):
        QueensTask(size=size)


BOARD = "Q...." + "....." + "....." + "....." + "....."
FIRST = "Q----" + "--Q--" + "----Q" + "-Q---" + "---Q-"


def test_a_board_in_text_is_completed_and_written_again():
    task = QueensTask(size=5)
    boards = task.parse([BOARD, BOARD.lower()])
    assert np.array_equal(*boards)
    assert task.format(boards[0]) == BOARD
    counts, labels = task.solve(boards[:1])
    assert counts.tolist() == [2]
    assert task.format(labels[0]) == FIRST
    barred = task.parse([BOARD[:7] + "-" + BOARD[8:], "Q" + BOARD[1:5] + ".Q..." + BOARD[10:], "." * 20 + "Q.Q.."])
    counts, labels = task.solve(barred)
    assert counts.tolist() == [1, 0, 0]
    assert task.format(labels[0]) != FIRST
    assert not labels[1:].any()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOARD[1:], "a 5x5 board has 25 characters, this one 24"),
        (BOARD[:-1] + "K", "character 25 is 'K'; expected 'Q', '.' or '-'"),
    ],
)
def test_text_that_is_no_board_is_refused(text, words):
    with pytest.raises(TextError, match=words) as caught:
        QueensTask(size=5).parse([BOARD, text])
    assert caught.value.index == 1


def test_every_solution_is_as_likely_and_so_is_every_number_and_choice_of_queens():
    task = get_task("queens6", {"given": "1:3"})
    groups = task.generate(4, TRAIN, 0, 41_000)
    number = (groups.inputs == QUEEN).sum(axis=1)
    # 4 solutions, of which 6 singles, 15 pairs or 20 triples are given.
    for given, choices in ((1, 6), (2, 15), (3, 20)):
        pairs = zip(groups.inputs[number == given], groups.labels[number == given], strict=True)
        found = Counter((board.tobytes(), label.tobytes()) for board, label in pairs)
        assert len(found) == 4 * choices
        assert chi_square(np.array(list(found.values()))) < chi_square_bound(4 * choices - 1)
    assert chi_square(np.bincount(number)[1:]) < chi_square_bound(2)


def test_a_label_is_any_completion_as_likely_as_another():
    task = get_task("queens7", {"given": "1"})
    groups = task.generate(1, TRAIN, 0, 40_000)
    corner = groups.labels[groups.inputs[:, 0] == QUEEN]
    found = Counter(label.tobytes() for label in corner)
    assert len(found) == (solutions_of(7)[:, 0] == 0).sum() == 4
    assert chi_square(np.array(list(found.values()))) < chi_square_bound(3)


def test_boards_have_as_many_completions_as_asked_for():
    for answers, least, most in (("1", 1, 1), ("3:5", 3, 5), ("20:", 20, 93)):
        task = get_task("queens8", {"given": "0:4", "answers": answers})
        groups = task.generate(0, TRAIN, 0, 60)
        assert len(groups) == 60
        assert task.examine(groups).accepted.all()
        for board in groups.inputs.reshape(-1, 8, 8):
            rows, columns = np.nonzero(board == QUEEN)
            number = (solutions_of(8)[:, rows] == columns).all(axis=1).sum()
            assert least <= number <= most
    plain = get_task("queens8").generate(0, TRAIN, 0, 60)
    assert not task.examine(plain).accepted.all()
    # With 7 queens given there is one completion, so that no candidate has two.
    assert not len(get_task("queens8", {"given": "7", "answers": "2:"}).generate(0, TRAIN, 0, 3))


def test_a_board_without_a_queen_is_its_own_image():
    task = get_task("queens5", {"given": "0"})
    groups = task.generate(0, TRAIN, 0, 2)
    assert task.num_variants(groups).tolist() == [1, 1]
    assert (groups.inputs == OPEN).all()
    with pytest.raises(InputError, match=r"queens\d+ puzzle 1 has 1 distinct variants; 2 were asked for"):
        task.augment(groups, 0, 0, np.array([1, 2]))


def test_small_boards_hold_few_out():
    assert [QueensTask(size=size).default_test for size in range(5, 10)] == [4, 4, 50, 250, 1000]


def test_a_picture_tells_queens_from_cells_that_have_none():
    task = QueensTask(size=5)
    label = task.solve(task.parse([BOARD])).labels[0]
    assert task.picture(label).symbols[:6] == ("♛", "·", "·", "·", "·", "·")
    assert task.picture(task.parse([BOARD])[0]).symbols[:2] == ("♛", "")
    assert len(set(task.picture(label).fills)) == 2
    assert EMPTY in label
