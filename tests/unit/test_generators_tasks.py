"""Every task passes the conformance suite, and tasks with a fault do not."""

import dataclasses

import numpy as np
import pytest

from tests.conformance.task import TaskConformance, assert_same_groups
from tests.references.reversal import OptionalTask, ReversalTask
from tests.references.stories import StoryTask, stories_of
from trmpipe.generators.errors import InputError
from trmpipe.generators.options import Range
from trmpipe.generators.sudoku import SIZES, SudokuTask, Target, solve
from trmpipe.generators.task import TRAIN, Examined, Groups, with_traits


class TestSudoku(TaskConformance):
    @pytest.fixture(params=SIZES, ids=lambda size: f"sudoku{size}")
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


class Picky(OptionalTask):
    """Accepts none of the words that it makes."""

    def examine(self, groups):
        return dataclasses.replace(super().examine(groups), accepted=np.zeros(len(groups), np.bool_))


class Moody(ReversalTask):
    """Rates by the company that a word keeps."""

    def rate(self, examined):
        return dataclasses.replace(examined, ratings=np.arange(len(examined), dtype=np.float64))


class Forgetful(OptionalTask):
    """Loses what it found out of words that it does not accept."""

    def examine(self, groups):
        examined = super().examine(groups)
        return examined.take(slice(0, len(groups) - 1))


class Inventive(OptionalTask):
    """Rates anew what was rated."""

    def examine(self, groups):
        return dataclasses.replace(super().examine(groups), ratings=np.full(len(groups), 9.0))


class Changed(ReversalTask):
    """Takes a word that was examined for another one."""

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed + groups.traits.shape[1], start, counts)

    def examine(self, groups):
        examined = super().examine(groups)
        return dataclasses.replace(examined, groups=with_traits(groups, np.ones((len(groups), 1), np.uint16)))


class Chunky(ReversalTask):
    """Makes another puzzle where another chunk begins."""

    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, 0, count)
        return Groups.single(groups.candidates + start, groups.inputs, groups.labels)


class Deaf(ReversalTask):
    """Does not hear the seed."""

    def generate(self, seed, purpose, start, count):
        return super().generate(0, purpose, start, count)


class DeafVariants(ReversalTask):
    def augment(self, groups, seed, start, counts):
        return super().augment(groups, 0, start, counts)


class Repeating(ReversalTask):
    def augment(self, groups, seed, start, counts):
        return groups.inputs.repeat(counts, axis=0), groups.labels.repeat(counts, axis=0)


class Shifted(ReversalTask):
    """Counts variants from the beginning of each slice."""

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed, 0, counts)


class Headless(ReversalTask):
    """Variant 0 is not the base."""

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed, start + (start < 2), counts)


class WrongLabels(ReversalTask):
    def augment(self, groups, seed, start, counts):
        inputs, labels = super().augment(groups, seed, start, counts)
        return inputs, labels[::-1]


class Uniform(ReversalTask):
    """Gives every group as many variants as the first."""

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed, start, counts * 0 + counts[0])


class Boastful(ReversalTask):
    """Claims more variants than there are."""

    def num_variants(self, groups):
        return super().num_variants(groups) * 0 + 6


class Forward(ReversalTask):
    """Leaves answers to variants as they are."""

    def map_back(self, groups, seed, start, counts, answers):
        return answers


class Topsy(ReversalTask):
    """Has the harder level first."""

    @property
    def levels(self):
        return {"hard": Range(3, 5), "easy": Range(0, 2)}


class Lenient(ReversalTask):
    def check(self, inputs, labels):
        return np.ones(len(inputs), np.bool_)


class Literal(ReversalTask):
    """Promises to know symmetric copies and knows equal ones."""

    def examine(self, groups):
        return Examined.plain(groups, np.pad(groups.inputs, ((0, 0), (0, 26))))


class Blind(ReversalTask):
    """Takes all puzzles for one."""

    def examine(self, groups):
        return Examined.plain(groups, np.zeros((len(groups), 32), np.uint8))


class Wide(ReversalTask):
    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        return Groups.single(groups.candidates, groups.inputs.astype(np.int64), groups.labels)


@pytest.mark.parametrize(
    ("faulty", "test"),
    [
        (Picky, "test_puzzles_are_examined_and_rated"),
        (Forgetful, "test_puzzles_are_examined_and_rated"),
        (Inventive, "test_puzzles_are_examined_and_rated"),
        (Moody, "test_what_is_found_out_of_a_puzzle_does_not_hang_on_its_company"),
        (Changed, "test_examined_puzzles_have_the_same_variants"),
        (Chunky, "test_a_group_is_a_function_of_its_position_alone"),
        (Deaf, "test_seeds_and_purposes_have_streams_of_their_own"),
        (DeafVariants, "test_variants_depend_on_the_seed"),
        (Repeating, "test_variants_are_right_and_distinct"),
        (Shifted, "test_a_variant_is_a_function_of_its_position_alone"),
        (Headless, "test_variant_zero_is_the_base"),
        (Uniform, "test_groups_may_be_asked_for_different_numbers_of_variants"),
        (Forward, "test_answers_to_variants_are_mapped_back"),
        (Topsy, "test_levels_are_ranges_of_ratings"),
        (WrongLabels, "test_variants_are_right_and_distinct"),
        (Lenient, "test_labels_are_right_and_others_are_wrong"),
        (Literal, "test_digests_tell_twins"),
        (Blind, "test_digests_tell_different_puzzles"),
        (Wide, "test_groups_have_their_shapes"),
    ],
)
def test_the_suite_finds_a_faulty_task(faulty, test):
    getattr(TaskConformance(), test)(ReversalTask())
    getattr(TaskConformance(), test)(OptionalTask())
    with pytest.raises(AssertionError):
        getattr(TaskConformance(), test)(faulty())


def test_the_suite_finds_a_wrong_number_of_variants(monkeypatch):
    # A word of one letter has three variants, and one of them asked too many ends in the task's own refusal.
    monkeypatch.setattr(Boastful, "generate", lambda *_: Groups.single(np.arange(1), ONES[:1], ONES[:1]))
    monkeypatch.setattr("tests.conformance.task.COUNT", 1)
    with pytest.raises(InputError, match="has 3 distinct variants"):
        TaskConformance().test_too_many_variants_are_refused(Boastful())


ONES = np.ones((2, 6), np.uint8)


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
    assert_same_groups(whole, groups)


def test_how_many_groups_are_held_out_is_declared_and_no_matter_of_symmetries():
    assert SudokuTask(size=4).default_test == 8
    assert {SudokuTask(size=size).default_test for size in (6, 9, 16)} == {1000}
    # Six symmetries, and as many words as anyone wants.
    assert ReversalTask().default_test == 1000
