"""Choosing bases: order, classes, bounds."""

import numpy as np
import pytest

from tests.blocks_of_variants import augment
from tests.clusters import Here
from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import Examined, Groups, Task
from trmpipe.pipeline import Recipe
from trmpipe.pipeline.bases import Drop, Selection, count_reasons
from trmpipe.pipeline.cluster import open_cluster
from trmpipe.pipeline.puzzle_files import read_puzzle_file
from trmpipe.pipeline.suppliers import made
from trmpipe.pipeline.suppliers.lines import SUPPLIER
from trmpipe.shards.progress import Silent


def examined(**classes):
    """Puzzles, each a letter with a number behind it, by their classes."""
    candidates = np.array([int(name[1:]) for name in classes], np.int64)
    tokens = candidates.astype(np.uint8)[:, None]
    digests = np.repeat(np.array(list(classes.values()), np.uint8)[:, None], 32, axis=1)
    return Examined.plain(Groups.single(candidates, tokens, tokens), digests)


def test_a_selection_takes_the_first_of_each_class_in_order():
    selection = Selection(3)
    selection.offer(examined(p5=1, p6=1, p7=2))
    assert not selection.is_full
    selection.offer(examined(p8=2, p9=3, p10=4))
    chosen = selection.chosen()
    assert chosen.groups.candidates.tolist() == [5, 7, 9]
    assert chosen.digests[:, 0].tolist() == [1, 2, 3]
    assert selection.num_offered == 5
    assert selection.drops == [
        Drop(candidate=6, reason="repeats of another puzzle", twin=5),
        Drop(candidate=8, reason="repeats of another puzzle", twin=7),
    ]


def test_a_selection_leaves_out_the_classes_of_the_test():
    test = Selection(None)
    test.offer(examined(p1=9))
    train = Selection(None, test)
    train.offer(examined(p2=9, p3=8, p4=9))
    assert train.chosen().groups.candidates.tolist() == [3]
    assert count_reasons(train.drops) == {"twins of a held-out puzzle": 2}
    assert {drop.twin for drop in train.drops} == {1}


def test_patience_ends_with_so_many_in_a_row_of_which_none_is_chosen():
    selection = Selection(9, patience=3)
    selection.offer(examined(p1=1, p2=1, p3=1, p4=2, p5=1, p6=2))
    assert (selection.num_in_vain, selection.is_exhausted) == (2, False)
    selection.offer(examined(p7=2, p8=3))
    assert (selection.num_in_vain, selection.is_exhausted) == (3, True)
    assert (selection.count, selection.num_offered) == (2, 7)


@pytest.fixture(scope="module")
def pool():
    task = get_task("sudoku6")
    return task, task.generate(0, 0, 1, 50)


@pytest.fixture
def choose(tmp_path):
    """Choose among groups, each a line of a file that is numbered by its candidate."""

    def call(recipe, task, groups, test_groups=None):
        files = []
        for role, some in {"input": groups, "test_input": test_groups}.items():
            if some is not None:
                lines = dict(zip(some.candidates.tolist(), map(task.format, some.inputs), strict=True))
                (tmp_path / role).write_text("\n".join(lines.get(i, "#") for i in range(1, max(lines) + 1)))
                files.append(read_puzzle_file(str(tmp_path / role), task, role))
        with open_cluster(workers=1) as cluster:
            return SUPPLIER.choose(recipe, files, cluster, Silent())

    return call


def of_files(roles=("input",), **fields):
    return Recipe(task="sudoku6", supplier="lines", sources=tuple((role, "0") for role in roles), **fields)


def test_a_file_gives_a_seeded_nested_sample(pool, choose):
    task, groups = pool
    few = choose(of_files(n=10, test=5), task, groups)
    many = choose(of_files(n=30, test=5), task, groups)
    other = choose(of_files(n=30, test=5, seed=1), task, groups)
    assert few.test.groups.candidates.tolist() == many.test.groups.candidates.tolist()
    assert few.train.groups.candidates.tolist() == many.train.groups.candidates.tolist()[:10]
    assert many.train.groups.candidates.tolist() != other.train.groups.candidates.tolist()
    assert not set(many.train.groups.candidates.tolist()) & set(many.test.groups.candidates.tolist())


def test_all_of_a_file_is_used_and_a_tenth_held_out(pool, choose):
    task, groups = pool
    bases = choose(of_files(n=None), task, groups)
    assert (len(bases.test), len(bases.train)) == (5, 45)


def test_symmetric_copies_in_a_file_are_dropped_and_counted(pool, choose):
    task, groups = pool
    inputs, labels = augment(task, groups.take(slice(0, 20)), 1, 1, 2)
    copies = Groups.single(np.arange(100, 120), inputs[:, 0], labels[:, 0])
    both = Groups.join([groups, copies])
    bases = choose(of_files(n=None, test=10), task, both)
    assert len(bases.test) == 10
    assert len(bases.train) == 40
    assert sum(bases.skipped.values()) == 20
    pairs = {tuple(sorted((drop.candidate, drop.twin))) for drop in bases.drops["input"]}
    assert pairs == {(1 + i, 100 + i) for i in range(20)}


def test_a_test_file_is_kept_whole_and_out_of_training(pool, choose):
    task, groups = pool
    recipe = of_files(("input", "test_input"), n=None)
    bases = choose(recipe, task, groups, groups.take(slice(0, 8)))
    assert sorted(bases.test.groups.candidates.tolist()) == list(range(1, 9))
    assert sorted(bases.train.groups.candidates.tolist()) == list(range(9, 51))
    assert bases.skipped == {"twins of a held-out puzzle": 8}
    assert bases.drops["test_input"] == ()


@pytest.mark.parametrize("options", [{"n": 46, "test": 5}, {"n": 1, "test": 51}, {"n": None, "test": 50}])
def test_more_than_a_file_holds_is_refused(pool, choose, options):
    task, groups = pool
    with pytest.raises(
        ExhaustedError, match=r"asks for .* (of its 50 lines|it has 50)|no puzzle of .* is left .* 50 held out"
    ):
        choose(of_files(**options), task, groups)


def test_lines_that_miss_the_options_are_dropped_and_named(pool, choose):
    task, groups = pool
    bases = choose(of_files(n=None, test=0, options={"clues": ":9"}), task, groups)
    clues = (groups.inputs == groups.labels).sum(axis=1)
    assert 0 < len(bases.train) < 50
    assert sorted(bases.train.groups.candidates.tolist()) == groups.candidates[clues <= 9].tolist()
    dropped = [drop.candidate for drop in bases.drops["input"] if drop.reason == "outside --clues 0:9"]
    assert dropped == groups.candidates[clues > 9].tolist()


class SparseTask(Task):
    """A task of which one candidate in `step` meets the options."""

    spec = get_task("sudoku4").spec

    def __init__(self, step):
        self.step = step

    def generate(self, seed, purpose, start, count):
        assert count >= 1, "the protocol has no candidates of none"
        present = np.array([i for i in range(start, start + count) if i % self.step == self.step - 1], np.int64)
        cells = np.repeat(1 + present[:, None] % 5, 16, axis=1).astype(np.uint8)
        return Groups.single(present, cells, cells)

    def examine(self, groups):
        return Examined.plain(groups, np.repeat(groups.candidates[:, None] // self.step, 32, axis=1).astype(np.uint8))


@pytest.mark.parametrize("batch", [7, 64, 1000])
@pytest.mark.parametrize(("step", "found"), [(512, True), (513, False)])
def test_candidates_may_miss_the_options_so_many_times_in_a_row(monkeypatch, batch, step, found):
    monkeypatch.setattr("trmpipe.pipeline.suppliers.made._LARGEST_BATCH", batch)
    monkeypatch.setattr("trmpipe.pipeline.suppliers.made._FIRST_BATCH", batch)
    task = SparseTask(step)
    monkeypatch.setattr(Recipe, "make_task", lambda recipe: task)
    recipe = Recipe(task="sudoku4", n=3, test=0, options={"difficulty": "7:8"})
    with open_cluster(workers=1) as cluster:
        if found:
            bases = made.SUPPLIER.choose(recipe, (), cluster, Silent())
            assert bases.train.groups.candidates.tolist() == [511, 1023, 1535]
            return
        with pytest.raises(
            ExhaustedError, match=r"512 puzzles of sudoku4 made in a row miss --difficulty 7:8 \(0 were"
        ):
            made.SUPPLIER.choose(recipe, (), cluster, Silent())


class FewTask(SparseTask):
    """A task of three classes; one is rare, and comes in time, once."""

    def __init__(self, rare):
        super().__init__(1)
        self.rare = rare

    def examine(self, groups):
        classes = np.where(groups.candidates == self.rare, 2, groups.candidates % 2)
        return Examined.plain(groups, np.repeat(classes[:, None], 32, axis=1).astype(np.uint8))


@pytest.mark.parametrize(("rare", "found", "made_of_all"), [(20_001, 3, 40_002), (20_002, 2, 20_002)])
def test_a_task_that_runs_out_of_classes_is_given_up_in_few_batches(monkeypatch, rare, found, made_of_all):
    """20,000 in a row that bring no new class, and no fewer, in batches that grow with them."""
    task, batches = FewTask(rare), []

    def observed(recipe, purpose, start, count):
        batches.append(count)
        return made.make_candidates(recipe, purpose, start, count)

    monkeypatch.setattr(Recipe, "make_task", lambda recipe: task)
    recipe = Recipe(task="sudoku4", n=100_000, test=0)
    message = f"{found} distinct training ones were found among {made_of_all:,} that were made, 100,000 were asked for"
    real = Here.map
    monkeypatch.setattr(Here, "map", lambda here, function, arguments: real(here, observed, arguments))
    with pytest.raises(ExhaustedError, match=message) as caught:
        made.SUPPLIER.choose(recipe, (), Here(), Silent())
    assert "candidate" not in str(caught.value)
    assert len(batches) < 120
    assert max(batches) <= 20_000 // 8
