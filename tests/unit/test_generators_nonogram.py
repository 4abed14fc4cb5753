"""Nonograms: what is refused, text, the distribution where theory says what is right, and the conformance suite."""

from collections import Counter

import numpy as np
import pytest

from tests.references.nonogram import clues_of, solutions
from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators.errors import InputError, OptionError, TextError
from trmpipe.generators.nonogram.grids import FILLED, margin_of, picture_of
from trmpipe.generators.nonogram.maker import make_all
from trmpipe.generators.nonogram.solver import new_desk
from trmpipe.generators.nonogram.task import Asked, NonogramTask
from trmpipe.generators.picture import as_text
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TRAIN
from trmpipe.generators.testing import TaskConformance


class TestNonogram(TaskConformance):
    @pytest.fixture(params=[5, 8, 11])
    def task(self, request):
        return NonogramTask(size=request.param)


class TestNonogramWithOptions(TaskConformance):
    @pytest.fixture
    def task(self):
        return get_task("nonogram7", {"fill": "45:55", "logic": "lines", "rounds": "4:6"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fill": "101:"}, "fill is '101:'; expected per cent, 0 to 100"),
        ({"rounds": ":0"}, "rounds is '0:0'; every puzzle takes 1 or more"),
        ({"logic": "none"}, "logic is 'none'; expected one of lines, any"),
        ({"given": "3"}, "the task 'nonogram8' has no option 'given'; known: fill, logic, rounds"),
    ],
)
def test_what_no_puzzle_can_be_is_refused_in_one_line(options, words):
    with pytest.raises(OptionError, match=words) as caught:
        get_task("nonogram8", options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [4, 13])
def test_other_sizes_are_refused(size):
    with pytest.raises(InputError, match=f"no nonogram of size {size}; expected 5 to 12"):
        NonogramTask(size=size)


CLUES = "5/1.1/1.1.1/0/2:3/1.1/1.1/1.1/3"
"""Those of no picture."""
PICTURE = "#####" + "#---#" + "#-#-#" + "-----" + "-##--"
ITS_CLUES = "5/1.1/1.1.1/0/2:3/1.1/1.1.1/1/3"


def test_clues_and_pictures_in_text_are_read_solved_and_written_again():
    task = NonogramTask(size=5)
    puzzle, label = task.parse([ITS_CLUES, PICTURE])
    assert task.format(puzzle) == ITS_CLUES
    assert task.format(label) == PICTURE
    counts, labels = task.solve(puzzle[None])
    assert counts.tolist() == [1]
    np.testing.assert_array_equal(labels[0], label)
    assert task.solve(task.parse([CLUES])).counts.tolist() == [0]
    assert task.format(task.parse([CLUES])[0]) == CLUES
    ambiguous = task.parse(["1/1/0/0/0:1/1/0/0/0"])
    assert task.solve(ambiguous).counts.tolist() == [2]
    answer = label.copy()
    answer[-1], answer[-2] = 0, 7
    assert task.format(answer) == PICTURE[:-2] + "??"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1/2/3", r"expected the clues of 5 rows and 5 columns, as in 1\.1/3/0:2/1/1, or a picture of 25 characters"),
        (ITS_CLUES + ":1", "expected the clues of 5 rows and 5 columns"),
        (ITS_CLUES.replace("5/1.1", "5/1-1"), r"row 2 has the clues '1-1'; expected numbers with '\.' between them"),
        (ITS_CLUES.replace("5/1.1", "5/"), "row 2 has the clues ''; expected numbers"),
        (
            ITS_CLUES.replace("2:3", "2:3.2"),
            "column 1 has the clues '3.2'; expected 0 alone, or runs that fit into 5 cells",
        ),
        (ITS_CLUES[:-1] + "3.2", r"column 5 has the clues '3\.2'; expected 0 alone, or runs that fit into 5 cells"),
        (ITS_CLUES[:-1] + "1.0", "column 5 has the clues '1.0'; expected 0 alone"),
        (PICTURE[1:], "or a picture of 25 characters '#' and '-'"),
    ],
)
def test_text_that_is_no_puzzle_is_refused(text, words):
    if text == ITS_CLUES:
        pytest.fail("nothing was replaced")
    with pytest.raises(TextError, match=words) as caught:
        NonogramTask(size=5).parse([ITS_CLUES, text])
    assert caught.value.index == 1


def test_clues_lie_in_the_middle_of_their_margin_and_the_picture_says_so():
    task = NonogramTask(size=5)
    puzzle, label = task.parse([ITS_CLUES, PICTURE])
    assert [margin_of(size) for size in range(5, 13)] == [3, 3, 5, 5, 5, 5, 7, 7]
    lines = as_text(task.picture(label)).splitlines()
    assert lines[:3] == ["       |   1 1", "       | 3   1 1 3", "       |   1 1"]
    assert lines[4:7] == ["   5   | █ █ █ █ █", " 1   1 | █ · · · █", " 1 1 1 | █ · █ · █"]
    assert as_text(task.picture(puzzle)).splitlines()[4] == "   5   |"
    assert len(task.spec.vocabulary) == task.spec.vocab_size == 10


def test_every_picture_is_as_likely_as_another_with_as_many_filled_cells():
    """Of two filled cells in 5 x 5: those pictures that are alone with their clues, counted by plain Python."""
    cells = [(a, b) for a in range(25) for b in range(a)]
    alone = []
    for pair in cells:
        picture = tuple(tuple(int(5 * row + column in pair) for column in range(5)) for row in range(5))
        if len(solutions(clues_of(picture), 5)) == 1:
            alone.append(picture)
    task = get_task("nonogram5", {"fill": "8"})
    groups = task.generate(2, TRAIN, 0, 300 * len(alone))
    found = Counter((picture_of(label, 5) == FILLED).astype(int).tobytes() for label in groups.labels)
    assert set(found) == {np.array(picture).tobytes() for picture in alone}
    assert len(alone) == 100, "two in one row or column"
    assert chi_square(np.array(list(found.values()))) < chi_square_bound(len(alone) - 1)


def test_every_number_of_filled_cells_is_as_likely_before_puzzles_are_passed_over():
    task, count = get_task("nonogram5", {"fill": "0:100"}), 26 * 400
    wanted = task.asked.wanted(5)._replace(attempts=1)
    rows, made = np.empty((2, count, 64), np.uint8), np.empty(count, np.bool_)
    make_all(6, TRAIN, 0, wanted, *task._listed, new_desk(5), rows[0], rows[1], made)
    numbers = np.bincount((rows[1] == FILLED).sum(axis=1), minlength=26)
    assert chi_square(numbers) < chi_square_bound(25)
    assert 0.5 < made.mean() < 1


def test_rounds_fill_and_logic_are_as_asked_for():
    hard = get_task("nonogram8", {"fill": "40:45", "logic": "lines", "rounds": "9:"})
    groups = hard.generate(0, TRAIN, 0, 30)
    assert len(groups) == 30
    examined = hard.examine(groups)
    assert examined.accepted.all()
    assert examined.ratings.min() >= 9
    filled = (groups.labels == FILLED).sum(axis=1)
    assert (filled.min(), filled.max()) == (26, 29)
    assert not NonogramTask(size=8, asked=Asked.parse({"rounds": ":8"})).examine(groups).accepted.any()
    assert not NonogramTask(size=8, asked=Asked.parse({"fill": "50:"})).examine(groups).accepted.any()
    guessed = get_task("nonogram8", {"fill": "40"})
    others = guessed.generate(0, TRAIN, 0, 60)
    by_lines = get_task("nonogram8", {"fill": "40", "logic": "lines"}).examine(others).accepted
    assert 0 < by_lines.sum() < 60
    # A picture that nobody can draw in so few rounds.
    assert not len(get_task("nonogram5", {"rounds": "100:"}).generate(0, TRAIN, 0, 1))


def test_the_maker_counts_the_rounds_of_the_class_after_guesses_too():
    task = get_task("nonogram8", {"fill": "40", "rounds": "20:24"})
    groups = task.generate(1, TRAIN, 0, 40)
    assert len(groups) == 40
    assert task.examine(groups).accepted.all()


def test_a_puzzle_that_is_its_own_mirror_image_has_fewer_variants():
    task = NonogramTask(size=5)
    [label] = task.parse(["-###-#---#-###-#---#-###-".replace("#---#", "#-#-#")])
    group = task.generate(0, TRAIN, 0, 1)
    same = type(group).single(group.candidates, label[None], label[None])
    assert task.num_variants(same).tolist() == [2]
    with pytest.raises(InputError, match="nonogram5 puzzle 0 has 2 distinct variants; 3 were asked for"):
        task.augment(same, 0, 0, np.array([3]))
