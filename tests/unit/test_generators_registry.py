"""Tasks by name: ours, and those that an installed package brings."""

import sys
from pathlib import Path

import pytest

from trmpipe.generators import registry
from trmpipe.generators.errors import InputError, OptionError
from trmpipe.generators.rng import (
    AUGMENT,
    HALT,
    INIT,
    ORDER,
    PUBLISHED,
    RATE,
    SAMPLE,
    TRANSLATE,
    VARIANT_ORDER,
)
from trmpipe.generators.sudoku import SIZES, SudokuTask, Target
from trmpipe.generators.task import PAD, TEST, TRAIN, Task
from trmpipe.generators.testing import TaskConformance

GENERATORS = Path(registry.__file__).resolve().parent


@pytest.fixture
def fresh():
    """The registry without what it remembers of the packages installed, before and after."""
    registry.forget()
    yield
    registry.forget()


@pytest.fixture
def plug_in(tmp_path, monkeypatch, fresh):
    """A package installed in a folder of its own, with an entry point for a task."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "reversal_plug_in"
    (package / "deep").mkdir(parents=True)
    for folder in (package, package / "deep"):
        (folder / "__init__.py").write_text("")
    (package / "deep" / "tasks.py").write_text("from tests.references.reversal import FAMILY, OPTIONAL\n")
    metadata = tmp_path / "reversal_plug_in-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: reversal-plug-in\nVersion: 1.0\n")
    entry = "[trmpipe.tasks]\nreversal = reversal_plug_in.deep.tasks:FAMILY\n"
    (metadata / "entry_points.txt").write_text(entry)
    yield package
    for name in ("reversal_plug_in", "reversal_plug_in.deep", "reversal_plug_in.deep.tasks"):
        sys.modules.pop(name, None)


OPTIONAL = "reversal = reversal_plug_in.deep.tasks:OPTIONAL\n"


class TestPluggedInWithOptions(TaskConformance):
    @pytest.fixture
    def task(self, plug_in):
        add_entry_points(plug_in, OPTIONAL)
        return registry.get_task("reversal6", {"first": "b"})

    def test_options_reach_it(self, task):
        assert task.first == "b"
        accepted = task.examine(task.generate(0, TRAIN, 0, 30)).accepted
        assert 0 < accepted.sum() < 30

    def test_it_is_made_once_for_the_same_options(self, task):
        assert registry.get_task("reversal6", {"first": "b"}) is task
        assert registry.get_task("reversal6", {"first": "a"}).first == "a"
        assert registry.get_task("reversal6").first is None

    def test_options_that_it_does_not_take_are_refused(self, task):
        with pytest.raises(OptionError) as caught:
            registry.get_task("reversal6", {"second": "b"})
        assert str(caught.value) == "the task 'reversal6' has no option 'second'; known: first"
        with pytest.raises(OptionError, match="first is 'z'; expected one of a, b, c"):
            registry.get_task("reversal6", {"first": "z"})


def test_a_plug_in_without_options_says_so(plug_in):
    with pytest.raises(OptionError, match="has no option 'clues'; known: none"):
        registry.get_task("reversal6", {"clues": "3:4"})


class TestPluggedIn(TaskConformance):
    @pytest.fixture
    def task(self, plug_in):
        return registry.get_task("reversal6")


@pytest.mark.parametrize("size", SIZES)
def test_our_tasks_have_the_names_of_their_specs(size):
    task = registry.get_task(f"sudoku{size}")
    assert task == SudokuTask(size=size)
    assert task.spec.name == f"sudoku{size}"
    assert isinstance(task, Task)


def test_options_reach_our_tasks():
    task = registry.get_task("sudoku6", {"difficulty": "hard", "clues": "10"})
    assert task == SudokuTask(size=6, target=Target.parse({"clues": "10:10", "difficulty": "hard"}))
    assert registry.get_task("sudoku6", task.target.options) is task
    with pytest.raises(InputError) as caught:
        registry.get_task("sudoku6", {"colour": "red"})
    assert str(caught.value) == "the task 'sudoku6' has no option 'colour'; known: clues, pattern, difficulty"


def test_an_unknown_task_is_refused_with_those_there_are(fresh):
    with pytest.raises(InputError) as caught:
        registry.get_task("sudoku5")
    assert (
        str(caught.value)
        == "no task is called 'sudoku5'; known: arc, maze5 to maze64, nonogram5 to nonogram12, queens5 to queens14, "
        "sudoku16, sudoku4, sudoku6, sudoku9"
    )


def test_an_entry_point_adds_a_task(plug_in):
    ours = ["arc", "maze5 to maze64", "nonogram5 to nonogram12", "queens5 to queens14"]
    assert registry.task_names() == [*ours, "reversal6", "sudoku16", "sudoku4", "sudoku6", "sudoku9"]
    assert registry.get_task("reversal6").spec.name == "reversal6"
    with pytest.raises(InputError, match="queens5 to queens14, reversal6, sudoku16, sudoku4"):
        registry.get_task("reversal7")


def test_code_folders_are_our_package_and_those_of_plug_ins(plug_in):
    assert set(registry.code_folders()) == {GENERATORS, plug_in}


def test_code_folders_without_plug_ins_are_ours(fresh):
    assert registry.code_folders() == (GENERATORS,)


def test_purposes_keep_their_numbers():
    # Another number would give other bytes for every seed; two alike would share a stream.
    numbers = [TRAIN, TEST, AUGMENT, ORDER, SAMPLE, VARIANT_ORDER, INIT, HALT, PUBLISHED, RATE, TRANSLATE]
    assert numbers == list(range(11))
    assert PAD == 0


def add_entry_points(plug_in, lines):
    path = plug_in.parent / "reversal_plug_in-1.0.dist-info" / "entry_points.txt"
    path.write_text("[trmpipe.tasks]\n" + lines)
    registry.forget()


def test_a_plug_in_cannot_replace_our_family(plug_in):
    add_entry_points(plug_in, "sudoku = reversal_plug_in.deep.tasks:FAMILY\n")
    assert registry.get_task("sudoku9") == SudokuTask(size=9)
    assert registry.FAMILIES.names() == ["sudoku", "maze", "queens", "nonogram", "arc"]


def test_a_broken_plug_in_harms_its_own_family_alone(plug_in):
    add_entry_points(plug_in, "lost = nowhere.at_all:FAMILY\n")
    assert registry.get_task("sudoku4") == SudokuTask(size=4)
    assert "lost" in registry.task_names()
    with pytest.raises(InputError, match=r"family 'lost' cannot be loaded from nowhere.at_all:FAMILY: ModuleNot"):
        registry.get_task("lost")


def test_a_misnamed_plug_in_is_refused(plug_in):
    add_entry_points(plug_in, "other = reversal_plug_in.deep.tasks:FAMILY\n")
    with pytest.raises(InputError, match="gives a family called 'reversal'; name the entry like its family"):
        registry.get_task("other6")


def test_a_family_whose_task_has_another_name_is_refused(plug_in):
    (plug_in / "deep" / "tasks.py").write_text(
        "from dataclasses import replace\nfrom tests.references.reversal import FAMILY\n"
        "SHORT = replace(FAMILY, sizes=(5, 6))\n"
    )
    add_entry_points(plug_in, "reversal = reversal_plug_in.deep.tasks:SHORT\n")
    assert registry.get_task("reversal6").spec.name == "reversal6"
    with pytest.raises(InputError, match="gives a task called 'reversal6' for the name 'reversal5'"):
        registry.get_task("reversal5")
