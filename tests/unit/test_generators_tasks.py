"""Every task passes the conformance suite; and what is particular to some."""

import numpy as np
import pytest

from tests.references.reversal import ReversalTask
from tests.references.stories import StoryTask, stories_of
from trmpipe.generators.errors import InputError
from trmpipe.generators.sudoku import SIZES, SudokuTask, Target, solve
from trmpipe.generators.task import TRAIN, Groups
from trmpipe.generators.testing import TaskConformance
from trmpipe.generators.testing.base import same


class TestSudoku(TaskConformance):
    # A puzzle of 16x16 takes a second.
    @pytest.fixture(
        params=[pytest.param(size, id=f"sudoku{size}", marks=pytest.mark.slow if size == 16 else ()) for size in SIZES]
    )
    def task(self, request):
        return SudokuTask(size=request.param)


class TestSudokuWithOptions(TaskConformance):
    @pytest.fixture(params=[4, 6])
    def task(self, request):
        return SudokuTask(size=request.param, target=Target.parse({"pattern": "left-right"}))


class TestReversal(TaskConformance):
    @pytest.fixture
    def task(self):
        return ReversalTask()


class TestStories(TaskConformance):
    @pytest.fixture
    def task(self):
        return StoryTask()


@pytest.mark.parametrize("size", SIZES)
def test_check_knows_the_rules(size):
    task = SudokuTask(size=size)
    groups = task.generate(0, TRAIN, 0, 4)
    assert task.check(groups.inputs, groups.labels).all()
    swapped = groups.labels.copy()
    swapped[:, [0, 1]] = swapped[:, [1, 0]]
    blank = np.ones_like(groups.inputs)
    assert not task.check(blank, swapped).any()
    padded = groups.labels.copy()
    padded[:, -1] = 0
    assert not task.check(blank, padded).any()
    # Right by the rules, but the clues are another puzzle's.
    assert not task.check(groups.inputs, np.roll(groups.labels, 1, axis=0)).any()
    # Rows and columns of shifted lines are right, boxes are not.
    latin = (np.arange(size)[:, None] + np.arange(size)) % size + 2
    assert not task.check(blank[:1], latin.reshape(1, -1).astype(np.uint8)).any()


@pytest.mark.parametrize("size", [0, 5, 25, -9])
def test_a_size_without_tables_is_refused(size):
    with pytest.raises(InputError, match=f"no Sudoku of size {size}; expected one of 4, 6, 9, 16"):
        SudokuTask(size=size)


def test_the_published_vocabulary():
    task = SudokuTask(size=9)
    assert (task.spec.vocab_size, task.spec.seq_len, task.spec.vocabulary) == (11, 81, "_.123456789")
    puzzle = np.zeros((1, 81), np.uint8)
    groups = task.groups_of(np.arange(1), puzzle, solve(puzzle)[1])
    assert groups.inputs.max() == 1
    assert (groups.labels.min(), groups.labels.max()) == (2, 10)


def test_groups_are_taken_in_the_order_asked_for():
    groups = SudokuTask(size=4).generate(0, TRAIN, 10, 5)
    taken = groups.take(np.array([3, 0, 3]))
    assert taken.candidates.tolist() == [13, 10, 13]
    np.testing.assert_array_equal(taken.inputs, groups.inputs[[3, 0, 3]])
    np.testing.assert_array_equal(taken.labels, groups.labels[[3, 0, 3]])
    assert len(groups.take(slice(1, 3))) == 2


@pytest.mark.parametrize("index", [np.array([3, 0, 3, 7]), slice(2, 6), slice(0, 0), np.array([], np.int64)])
def test_groups_of_several_examples_are_taken_whole(index):
    groups = StoryTask().generate(0, TRAIN, 10, 9)
    assert len(set(groups.sizes.tolist())) > 1
    taken = groups.take(index)
    stories = stories_of(groups)
    wanted = [stories[i] for i in np.arange(9)[index]]
    assert taken.candidates.tolist() == groups.candidates[index].tolist()
    assert taken.traits.tolist() == groups.traits[index].tolist()
    assert taken.sizes.tolist() == [len(story) for story in wanted]
    assert taken.inputs.tolist() == [word for story in wanted for word in story.tolist()]
    assert taken.labels.tolist() == [word[::-1] for story in wanted for word in story.tolist()]
    whole = Groups.join([groups.take(slice(0, 4)), groups.take(slice(4, None))])
    assert same(whole, groups)


def test_how_many_groups_are_held_out_is_declared_and_no_matter_of_symmetries():
    assert SudokuTask(size=4).default_test == 8
    assert {SudokuTask(size=size).default_test for size in (6, 9, 16)} == {1000}
    # Six symmetries, and as many words as anyone wants.
    assert ReversalTask().default_test == 1000
