"""The plan: saved and read again, made once, each base searched once; layouts by what a task's groups are."""

import io
import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.plug_ins import add_family
from tests.references.reversal import FAMILY, ReversalTask
from trmpipe.generators.sudoku import SudokuTask, forms
from trmpipe.generators.task import Groups, TaskSpec
from trmpipe.pipeline import Recipe, generate
from trmpipe.pipeline.bases import Drop
from trmpipe.pipeline.layouts import layouts_of
from trmpipe.pipeline.plan import Plan
from trmpipe.pipeline.split_plan import SplitPlan
from trmpipe.shards import canonical_json
from trmpipe.shards.json_files import seal

RECIPE = Recipe(task="sudoku6", n=12, aug=60, test=4, shard_groups=2)


def split_plan(candidates, variants, **fields):
    tokens = np.array(candidates, np.uint8)[:, None]
    return SplitPlan(
        groups=Groups.single(np.array(candidates, np.int64), tokens, tokens),
        digests=np.repeat(tokens, 32, axis=1),
        ratings=np.array([np.nan, *range(1, len(candidates))]),
        variants=np.array(variants, np.int64),
        **fields,
    )


PLAN = Plan(
    train=split_plan([5, 2, 7], [3, 1, 4], names=("e", "b", "g")),
    test=split_plan([7, 5], [4, 3], names=("g", "e")),
    distinct_up_to="symmetry",
    skipped={"repeats of another puzzle": 2},
    drops={
        "input": (
            Drop(candidate=3, reason="no solution", twin=None),
            Drop(candidate=4, reason="twins of a test task", twin=7, names=("d", "g")),
        )
    },
    leaks=(Drop(candidate=2, reason="twins of a test task", twin=7, names=("b", "g")),),
)


def arrays(part):
    of_groups = [getattr(part.groups, name) for name in ("candidates", "sizes", "inputs", "labels", "traits")]
    return [*of_groups, part.digests, part.ratings, part.variants]


def test_a_plan_is_saved_and_read_again():
    spec = TaskSpec(
        name="toy", vocabulary="_123456789", grid_shape=(1, 1), num_symmetries=9, classes="symmetry", named_groups=True
    )
    task = SimpleNamespace(spec=spec, trait_ranges=())
    found = Plan.load(json.loads(canonical_json(PLAN.to_json())), PLAN.to_bytes(), task, 3)
    for split, part in PLAN.splits.items():
        assert found.splits[split].names == part.names
        for mine, theirs in zip(arrays(part), arrays(found.splits[split]), strict=True):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
    assert (found.drops, found.leaks, found.guarantees) == (PLAN.drops, PLAN.leaks, PLAN.guarantees)


def test_arrays_hold_no_pickles():
    with np.load(io.BytesIO(PLAN.to_bytes()), allow_pickle=False) as found:
        assert all(found[name].dtype != np.object_ for name in found.files)


class StopError(Exception):
    """The stage was far enough."""


class StopWriting:
    """A listener that breaks the run off when the first unit is written."""

    def start(self, stage, total):
        self.stage = stage

    def advance(self, done):
        if self.stage == "writing variants" and done:
            raise StopError

    def finish(self):
        pass


@pytest.fixture
def begun(tmp_path):
    """A corpus that was broken off while its units were written."""
    break_off(tmp_path / "c")
    return tmp_path / "c"


def break_off(out):
    with pytest.raises(StopError):
        generate(RECIPE, str(out), progress=StopWriting())
    assert not (out / "manifest.json").exists()


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return generate(RECIPE, str(tmp_path_factory.mktemp("clean") / "c")).manifest


@pytest.fixture
def calls(monkeypatch):
    """How often the task was asked for candidates, for what is to be known of them, and for ratings."""
    counts = Counter()

    def count(name):
        original = getattr(SudokuTask, name)

        def counted(task, *arguments):
            counts[name] += 1
            return original(task, *arguments)

        monkeypatch.setattr(SudokuTask, name, counted)

    for name in ("generate", "examine", "rate", "num_variants"):
        count(name)
    return counts


def test_a_resumed_command_searches_nothing_again(begun, clean, calls):
    outcome = generate(RECIPE, str(begun))
    assert outcome.kept > 0
    assert outcome.manifest == clean
    assert calls == Counter()


@pytest.mark.parametrize("harm", ["cut", "lost", "changed"])
def test_damaged_bases_are_made_anew(begun, clean, calls, harm):
    path = begun / ".progress" / "bases.npz"
    content = path.read_bytes()
    path.unlink()
    if harm != "lost":
        path.write_bytes(content[:-100] if harm == "cut" else content[:500] + b"\xff" + content[501:])
    assert generate(RECIPE, str(begun)).manifest == clean
    assert calls["generate"] > 0


@pytest.mark.parametrize("part", ["names", "skipped", "drops"])
def test_a_damaged_plan_is_made_anew(begun, clean, calls, part):
    path = begun / ".progress" / "plan.json"
    notes = json.loads(path.read_text())
    del notes["digest"], notes["plan"][part]
    path.write_bytes(seal(notes))
    outcome = generate(RECIPE, str(begun))
    assert (outcome.manifest, outcome.remade) == (clean, {"the saved plan is damaged": 1})
    assert outcome.kept > 0
    assert calls["generate"] > 0


def test_a_plan_of_other_code_is_made_anew(tmp_path, monkeypatch, clean, calls):
    with monkeypatch.context() as patch:
        patch.setattr("trmpipe.pipeline.resume.code_key", lambda: "older")
        break_off(tmp_path / "c")
    calls.clear()
    outcome = generate(RECIPE, str(tmp_path / "c"))
    assert (outcome.kept, outcome.manifest) == (0, clean)
    assert calls["generate"] > 0


def test_a_folder_with_bases_alone_is_completed(tmp_path, clean):
    """As after a kill between two files."""
    (tmp_path / "c" / ".progress").mkdir(parents=True)
    (tmp_path / "c" / ".progress" / ".plan.json.tmp-0123").write_bytes(b"half")
    assert generate(RECIPE, str(tmp_path / "c")).manifest == clean


@pytest.mark.parametrize("task", ["sudoku6", "sudoku9"])
def test_each_base_is_searched_and_rated_once(tmp_path, monkeypatch, task):
    searched, rated = Counter(), Counter()
    canonical, rate = forms.canonical, SudokuTask.rate

    def counted_canonical(puzzles, size):
        searched.update(puzzle.tobytes() for puzzle in puzzles)
        return canonical(puzzles, size)

    def counted_rate(task, examined):
        rated.update(puzzle.tobytes() for puzzle in examined.groups.inputs)
        return rate(task, examined)

    monkeypatch.setattr(forms, "canonical", counted_canonical)
    monkeypatch.setattr(SudokuTask, "rate", counted_rate)
    outcome = generate(Recipe(task=task, n=20, aug=1000, test=5), str(tmp_path / "c"), workers=2)
    assert outcome.manifest.splits["train"].puzzles == 20 * 1001
    assert len(searched) >= 25
    assert set(searched.values()) == {1}
    assert len(rated) == 25
    assert set(rated.values()) == {1}


@pytest.mark.parametrize("test", [0, 3])
def test_no_candidates_are_asked_for_where_none_are_wanted(tmp_path, monkeypatch, test):
    asked = []
    make = SudokuTask.generate

    def noted(task, seed, purpose, start, count):
        asked.append(count)
        return make(task, seed, purpose, start, count)

    monkeypatch.setattr(SudokuTask, "generate", noted)
    outcome = generate(Recipe(task="sudoku4", n=3, aug=2, test=test), str(tmp_path / "c"))
    assert outcome.manifest.splits["test"].groups == test
    assert min(asked) > 0


class FewTask(ReversalTask):
    default_test = 3


def test_the_task_says_how_many_are_held_out(tmp_path, monkeypatch):
    add_family(monkeypatch, replace(FAMILY, build=lambda size, options: FewTask()))
    outcome = generate(Recipe(task="reversal6", n=5, aug=1), str(tmp_path / "c"))
    assert outcome.manifest.splits["test"].groups == 3


TRAIN_FIRST = [1, 4, 5]


@pytest.mark.parametrize(
    ("properties", "train", "test"),
    [
        ({}, [0, 0, 0], [0, 0]),
        ({"named_groups": True, "test_variants": True, "test_groups_train": True}, [0, 0, 0], [0, 0]),
        ({"variant_identifiers": True}, TRAIN_FIRST, [0, 0]),
        ({"variant_identifiers": True, "test_variants": True}, TRAIN_FIRST, [0, 0]),
        ({"variant_identifiers": True, "test_variants": True, "test_groups_train": True}, TRAIN_FIRST, [5, 1]),
    ],
)
def test_identifiers_hang_on_what_they_are_for(properties, train, test):
    spec = replace(ReversalTask.spec, grid_shape=(1, 1), **properties)
    layouts = layouts_of(PLAN, spec, RECIPE)
    assert layouts["train"].first_identifiers.tolist() == train
    assert layouts["test"].first_identifiers.tolist() == test
    assert layouts["test"].variants.tolist() == [4, 3]


@pytest.mark.parametrize(
    ("properties", "expected"), [({}, 1), ({"test_variants": True}, None), ({"named_groups": True}, 1)]
)
def test_variants_of_the_held_out_hang_on_one_property(tmp_path, monkeypatch, properties, expected):
    class Named(ReversalTask):
        spec = replace(ReversalTask.spec, **properties)

    add_family(monkeypatch, replace(FAMILY, build=lambda size, options: Named()))
    manifest = generate(Recipe(task="reversal6", n=5, aug=9, test=2), str(tmp_path / "c")).manifest
    groups = Named().generate(0, 1, 0, 2)
    wanted = 2 * expected if expected else Named().num_variants(groups).sum()
    assert manifest.splits["test"].puzzles == wanted
