"""Choosing bases: order, classes, bounds."""

import numpy as np
import pytest

from tests.blocks_of_variants import augment
from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import Examined, Groups
from trmpipe.pipeline import Recipe
from trmpipe.pipeline.bases import Drop, Selection, count_reasons, generate_bases
from trmpipe.pipeline.cluster import open_cluster
from trmpipe.pipeline.file_bases import Lines, choose_from_file, examine
from trmpipe.pipeline.progress import Silent
from trmpipe.pipeline.puzzle_files import Solved


def groups_of(*values):
    array = np.array(values, np.uint8)[:, None]
    return Groups.single(np.array(values, np.int64), array, array)


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
    assert selection.drops == [
        Drop(candidate=6, reason="repeats of another puzzle", twin=5),
        Drop(candidate=8, reason="repeats of another puzzle", twin=7),
    ]


def test_a_selection_leaves_out_the_classes_of_the_test():
    test = Selection(None)
    test.offer(groups_of(1), digests_of(9))
    train = Selection(None, test)
    train.offer(groups_of(2, 3, 4), digests_of(9, 8, 9))
    assert train.chosen()[0].candidates.tolist() == [3]
    assert count_reasons(train.drops) == {"twins of a held-out puzzle": 2}
    assert {drop.twin for drop in train.drops} == {1}


@pytest.fixture(scope="module")
def pool():
    task = get_task("sudoku6")
    return task, task.generate(0, 0, 0, 50)


def lines_of(task, groups):
    return Lines(groups=groups, digests=task.examine(groups).digests, drops=())


def test_a_file_gives_a_seeded_nested_sample(pool):
    task, groups = pool
    lines = lines_of(task, groups)
    few = choose_from_file(Recipe(task="sudoku6", n=10, test=5), lines, None)
    many = choose_from_file(Recipe(task="sudoku6", n=30, test=5), lines, None)
    other = choose_from_file(Recipe(task="sudoku6", n=30, test=5, seed=1), lines, None)
    assert few.test[0].candidates.tolist() == many.test[0].candidates.tolist()
    assert few.train[0].candidates.tolist() == many.train[0].candidates.tolist()[:10]
    assert many.train[0].candidates.tolist() != other.train[0].candidates.tolist()
    assert not set(many.train[0].candidates.tolist()) & set(many.test[0].candidates.tolist())


def test_all_of_a_file_is_used_and_a_tenth_held_out(pool):
    task, groups = pool
    bases = choose_from_file(Recipe(task="sudoku6", n=None, sources=(("input", "0"),)), lines_of(task, groups), None)
    assert (len(bases.test[0]), len(bases.train[0])) == (5, 45)


def test_symmetric_copies_in_a_file_are_dropped_and_counted(pool):
    task, groups = pool
    inputs, labels = augment(task, groups.take(slice(0, 20)), 1, 1, 2)
    copies = Groups.single(np.arange(100, 120), inputs[:, 0], labels[:, 0])
    both = Groups.join([groups, copies])
    bases = choose_from_file(
        Recipe(task="sudoku6", n=None, test=10, sources=(("input", "0"),)), lines_of(task, both), None
    )
    assert len(bases.test[0]) == 10
    assert len(bases.train[0]) == 40
    assert sum(bases.skipped.values()) == 20
    pairs = {tuple(sorted((drop.candidate, drop.twin))) for drop in bases.drops["input"]}
    assert pairs == {(i, 100 + i) for i in range(20)}


def test_a_test_file_is_kept_whole_and_out_of_training(pool):
    task, groups = pool
    recipe = Recipe(task="sudoku6", n=None, sources=(("input", "0"), ("test_input", "1")))
    bases = choose_from_file(recipe, lines_of(task, groups), lines_of(task, groups.take(slice(0, 8))))
    assert sorted(bases.test[0].candidates.tolist()) == list(range(8))
    assert sorted(bases.train[0].candidates.tolist()) == list(range(8, 50))
    assert bases.skipped == {"twins of a held-out puzzle": 8}
    assert bases.drops["test_input"] == ()


@pytest.mark.parametrize("options", [{"n": 46, "test": 5}, {"n": 1, "test": 51}, {"n": None, "test": 50}])
def test_more_than_a_file_holds_is_refused(pool, options):
    task, groups = pool
    with pytest.raises(ExhaustedError, match="asks for"):
        choose_from_file(Recipe(task="sudoku6", sources=(("input", "0"),), **options), lines_of(task, groups), None)


def test_lines_that_miss_the_options_are_dropped_and_named(pool):
    task, groups = pool
    recipe = Recipe(task="sudoku6", n=None, test=0, sources=(("input", "0"),), options={"clues": ":9"})
    with open_cluster(workers=1) as cluster:
        lines = examine(recipe, Solved(groups=groups, counts=np.ones(50), lines=groups.candidates), cluster, Silent())
    clues = (groups.inputs == groups.labels).sum(axis=1)
    assert 0 < len(lines.groups) < 50
    assert lines.groups.candidates.tolist() == groups.candidates[clues <= 9].tolist()
    assert lines.digests.tolist() == task.examine(groups).digests[clues <= 9].tolist()
    bases = choose_from_file(recipe, lines, None)
    dropped = [drop.candidate for drop in bases.drops["input"] if drop.reason == "outside --clues 0:9"]
    assert dropped == groups.candidates[clues > 9].tolist()


class SparseTask:
    """A task of which one candidate in `step` meets the options."""

    def __init__(self, step):
        self.step = step
        self.spec = get_task("sudoku4").spec

    def generate(self, seed, purpose, start, count):
        present = np.array([i for i in range(start, start + count) if i % self.step == self.step - 1], np.int64)
        cells = np.repeat(present[:, None], 16, axis=1).astype(np.uint8)
        return Groups.single(present, cells, cells)

    def examine(self, groups):
        return Examined.plain(groups, np.repeat(groups.candidates[:, None] // self.step, 32, axis=1).astype(np.uint8))


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
@pytest.mark.parametrize(("step", "found"), [(512, True), (513, False)])
def test_candidates_may_miss_the_options_so_many_times_in_a_row(monkeypatch, block, step, found):
    monkeypatch.setattr("trmpipe.pipeline.bases._LARGEST_BLOCK", block)
    monkeypatch.setattr("trmpipe.pipeline.bases._FIRST_BLOCK", block)
    task = SparseTask(step)
    monkeypatch.setattr(Recipe, "make_task", lambda recipe: task)
    recipe = Recipe(task="sudoku4", n=3, test=0, options={"difficulty": "7:8"})
    with open_cluster(workers=1) as cluster:
        if found:
            bases = generate_bases(task, recipe, cluster, Silent())
            assert bases.train[0].candidates.tolist() == [511, 1023, 1535]
            return
        with pytest.raises(ExhaustedError, match=r"512 candidates of sudoku4 in a row miss --difficulty 7:8 \(0 puzz"):
            generate_bases(task, recipe, cluster, Silent())
