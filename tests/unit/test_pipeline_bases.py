"""Choosing bases: order, classes, bounds."""

import numpy as np
import pytest

from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import Groups
from trmpipe.pipeline import Recipe
from trmpipe.pipeline.bases import Selection, choose_from_file


def groups_of(*values):
    array = np.array(values, np.uint8)[:, None]
    return Groups(candidates=np.array(values, np.int64), inputs=array, labels=array)


def digests_of(*classes):
    return np.repeat(np.array(classes, np.uint8)[:, None], 32, axis=1)


def test_a_selection_takes_the_first_of_each_class_in_order():
    selection = Selection(3)
    selection.offer(groups_of(5, 6, 7), digests_of(1, 1, 2))
    assert not selection.is_full
    selection.offer(groups_of(8, 9, 10), digests_of(2, 3, 4))
    groups, digests = selection.chosen()
    assert groups.candidates.tolist() == [5, 7, 9]
    assert digests[:, 0].tolist() == [1, 2, 3]
    assert selection.examined == 5
    assert selection.skipped == {"repeats of another puzzle": 2, "twins of a held-out puzzle": 0}


def test_a_selection_leaves_out_the_classes_of_the_test():
    test = Selection(None)
    test.offer(groups_of(1), digests_of(9))
    train = Selection(None, test)
    train.offer(groups_of(2, 3, 4), digests_of(9, 8, 9))
    assert train.chosen()[0].candidates.tolist() == [3]
    assert train.skipped["twins of a held-out puzzle"] == 2


@pytest.fixture(scope="module")
def pool():
    task = get_task("sudoku6")
    return task, task.generate(0, 0, 0, 50)


def test_a_file_gives_a_seeded_nested_sample(pool):
    task, groups = pool
    few = choose_from_file(task, Recipe(task="sudoku6", n=10, test=5), groups, None)
    many = choose_from_file(task, Recipe(task="sudoku6", n=30, test=5), groups, None)
    other = choose_from_file(task, Recipe(task="sudoku6", n=30, test=5, seed=1), groups, None)
    assert few.test[0].candidates.tolist() == many.test[0].candidates.tolist()
    assert few.train[0].candidates.tolist() == many.train[0].candidates.tolist()[:10]
    assert many.train[0].candidates.tolist() != other.train[0].candidates.tolist()
    assert not set(many.train[0].candidates.tolist()) & set(many.test[0].candidates.tolist())


def test_all_of_a_file_is_used_and_a_tenth_held_out(pool):
    task, groups = pool
    bases = choose_from_file(task, Recipe(task="sudoku6", n=None, input_sha256="0"), groups, None)
    assert (len(bases.test[0]), len(bases.train[0])) == (5, 45)


def test_symmetric_copies_in_a_file_are_dropped_and_counted(pool):
    task, groups = pool
    inputs, labels = task.augment(groups.take(slice(0, 20)), 1, 1, 2)
    copies = Groups(candidates=np.arange(100, 120), inputs=inputs[:, 0], labels=labels[:, 0])
    both = Groups(
        candidates=np.concatenate([groups.candidates, copies.candidates]),
        inputs=np.concatenate([groups.inputs, copies.inputs]),
        labels=np.concatenate([groups.labels, copies.labels]),
    )
    bases = choose_from_file(task, Recipe(task="sudoku6", n=None, test=10, input_sha256="0"), both, None)
    assert len(bases.test[0]) == 10
    assert len(bases.train[0]) == 40
    assert sum(bases.skipped.values()) == 20


def test_a_test_file_is_kept_whole_and_out_of_training(pool):
    task, groups = pool
    recipe = Recipe(task="sudoku6", n=None, input_sha256="0", test_input_sha256="1")
    bases = choose_from_file(task, recipe, groups, groups.take(slice(0, 8)))
    assert sorted(bases.test[0].candidates.tolist()) == list(range(8))
    assert sorted(bases.train[0].candidates.tolist()) == list(range(8, 50))
    assert bases.skipped["twins of a held-out puzzle"] == 8


@pytest.mark.parametrize("options", [{"n": 46, "test": 5}, {"n": 1, "test": 51}, {"n": None, "test": 50}])
def test_more_than_a_file_holds_is_refused(pool, options):
    task, groups = pool
    with pytest.raises(ExhaustedError, match="asks for"):
        choose_from_file(task, Recipe(task="sudoku6", input_sha256="0", **options), groups, None)
