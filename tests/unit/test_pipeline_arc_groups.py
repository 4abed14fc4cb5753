"""Tasks of files as groups: what goes to which split, with which maps."""

import numpy as np
import pytest

from trmpipe.generators.arc import ArcTask, class_digests, crop, encode
from trmpipe.pipeline.arc import ArcPairs, groups_of, read_arc_set


def grid(*rows):
    return np.array(rows, np.uint8)


SOLVED = ArcPairs(
    id="a",
    demonstrations=((grid([1, 2, 2]), grid([3])), (grid([1], [1]), grid([3, 3]))),
    tests=((grid([2, 4]), grid([7])), (grid([2, 2]), grid([0]))),
)
UNSOLVED = ArcPairs(id="b", demonstrations=SOLVED.demonstrations[:1], tests=((grid([2, 4]), None),))


def shown(groups, index):
    """The grids of one group, inputs and labels, as lists."""
    some = slice(groups.offsets[index], groups.offsets[index + 1])
    return [[crop(row).tolist() for row in rows] for rows in (groups.inputs[some], groups.labels[some])]


def test_a_task_for_training_gives_all_that_is_solved_to_the_train_split():
    found = groups_of([SOLVED, UNSOLVED], "train", start=7)
    assert found.train.candidates.tolist() == [7, 8]
    assert found.train.sizes.tolist() == [4, 1]
    assert shown(found.train, 0) == [[[[1, 2, 2]], [[1], [1]], [[2, 4]], [[2, 2]]], [[[3]], [[3, 3]], [[7]], [[0]]]]
    assert shown(found.train, 1) == [[[[1, 2, 2]]], [[[3]]]]
    # Colours 1, 2, 3, 4, 7, and 1, 2, 3: a test input without an answer is no part of the split.
    # The up-down flip leaves every grid as it is, one row or two equal ones; no other move does, whatever the colours.
    assert found.train.traits.tolist() == [[0b10011110, 0b00001111, 1], [0b1110, 0b00001111, 1]]
    assert len(found.test) == 0
    assert found.test.inputs.shape == (0, 900)
    assert found.test.traits.shape == (0, 3)


def test_a_task_for_testing_is_shared_among_the_splits():
    found = groups_of([SOLVED, UNSOLVED], "test")
    assert found.train.sizes.tolist() == [2, 1]
    assert found.test.sizes.tolist() == [2, 1]
    assert found.train.candidates.tolist() == found.test.candidates.tolist() == [0, 1]
    assert shown(found.train, 0) == [[[[1, 2, 2]], [[1], [1]]], [[[3]], [[3, 3]]]]
    assert shown(found.test, 0) == [[[[2, 4]], [[2, 2]]], [[[7]], [[0]]]]
    assert shown(found.test, 1) == [[[[2, 4]]], [[]]]
    assert not found.test.labels[2].any()
    np.testing.assert_array_equal(found.test.inputs[0], encode(grid([2, 4])))
    np.testing.assert_array_equal(found.train.traits[:, :2], found.test.traits[:, :2])
    assert found.train.traits[:, 2].tolist() == [1, 1]
    assert found.test.traits[:, 2].tolist() == [0, 0]


def test_nothing_but_the_labels_depends_on_the_answers_of_a_test():
    other = ArcPairs(
        id="a",
        demonstrations=SOLVED.demonstrations,
        tests=((SOLVED.tests[0][0], grid([9, 8], [5, 6])), SOLVED.tests[1]),
    )
    without = ArcPairs(
        id="a", demonstrations=SOLVED.demonstrations, tests=tuple((given, None) for given, _ in SOLVED.tests)
    )
    one, two, three = (groups_of([task], "test") for task in (SOLVED, other, without))
    for found in (two, three):
        np.testing.assert_array_equal(found.digests, one.digests)
        for name in ("inputs", "traits"):
            np.testing.assert_array_equal(getattr(found.test, name), getattr(one.test, name))
        for name in ("inputs", "labels", "traits"):
            np.testing.assert_array_equal(getattr(found.train, name), getattr(one.train, name))
    # The answer's colours are in no other grid; they are permuted all the same, without two becoming one.
    task = ArcTask()
    _, labels = task.augment(two.test, 0, 0, np.array([20]))
    assert all(len(set(crop(row).ravel().tolist())) == 4 for row in labels[::2])


def test_a_variant_is_the_same_map_in_both_splits():
    found = groups_of([SOLVED, UNSOLVED], "test", start=3)
    task, counts = ArcTask(), np.array([30, 30])
    assert task.variant_names(found.train, ["a", "b"], 5, counts) == task.variant_names(
        found.test, ["a", "b"], 5, counts
    )


def test_digests_are_those_of_whole_tasks():
    found = groups_of([SOLVED, UNSOLVED], "train")
    np.testing.assert_array_equal(found.digests, groups_of([SOLVED, UNSOLVED], "test").digests)
    grids = [encode(some) for some in (grid([1, 2, 2]), grid([1], [1]), grid([2, 4]), grid([2, 2]))]
    answers = [encode(grid([3])), encode(grid([3, 3])), np.zeros(900, np.uint8), np.zeros(900, np.uint8)]
    expected = class_digests(np.array(grids), np.array(answers), np.array([4]), np.array([2]))
    np.testing.assert_array_equal(found.digests[:1], expected)
    assert groups_of([], "train").digests.shape == (0, 32)


@pytest.mark.parametrize("dataset", ["arc-agi-1", "arc-agi-2"])
def test_real_tasks_have_their_maximum_of_variants_and_maps_that_are_undone(dataset):
    found = groups_of(read_arc_set(f"{dataset}:evaluation").tasks, "test")
    task = ArcTask()
    most = task.num_variants(found.train)
    assert most.min() >= 8
    inputs, labels = task.augment(found.train, 0, 0, np.minimum(most, 3))
    assert task.check(inputs, labels).all()


def test_public_sets_share_classes():
    sets = {name: read_arc_set(f"arc-agi-{name}").tasks for name in ("1:training", "1:evaluation", "2:training")}
    ids = {}
    for name, tasks in sets.items():
        digests = map(bytes, groups_of(tasks, "train").digests)
        ids[name] = dict(zip(digests, (task.id for task in tasks), strict=True))
        assert len(ids[name]) == len(tasks)
    old, trained, new = ids["1:evaluation"], ids["1:training"], ids["2:training"]
    # One task of the first set is in both of its halves, under two names; 376 of its evaluation tasks have their id in
    # the second set's training half, one of them with other pairs.
    assert [(old[some], trained[some]) for some in old.keys() & trained.keys()] == [("070dd51e", "40853293")]
    assert len(set(old.values()) & set(new.values())) == 376
    assert len({some for some in old.keys() & new.keys() if old[some] == new[some]}) == 375
