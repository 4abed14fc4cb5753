"""Symbolic links in a corpus's folder: nothing outside it is written or deleted; of its notes only our own go."""

import pytest

from tests.clean import assert_equals_clean
from tests.clusters import work_here
from trmpipe.pipeline import Recipe, RecipeError, generate

RECIPE = Recipe(task="sudoku4", n=4, aug=3, test=2, shard_groups=2)


@pytest.fixture
def clean(tmp_path, monkeypatch):
    work_here(monkeypatch)
    return generate(RECIPE, str(tmp_path / "clean"))


@pytest.fixture
def victim(tmp_path):
    folder = tmp_path / "victim"
    (folder / "sub").mkdir(parents=True)
    (folder / "thesis.tex").write_text("x")
    (folder / "plan.json").write_text("{}")
    return folder


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("state", ["whole", "begun", "lacking a shard"])
def test_notes_that_are_a_link_are_refused(tmp_path, clean, victim, state):
    out, before = tmp_path / "clean", contents(victim)
    if state == "begun":
        (out / "manifest.json").unlink()
    if state == "lacking a shard":
        next((out / "train").glob("*.tar")).unlink()
    (out / ".progress").symlink_to(victim)
    with pytest.raises(RecipeError, match=r"clean/\.progress is a symbolic link, and nothing is written outside "):
        generate(RECIPE, str(out))
    assert contents(victim) == before


def test_a_split_that_is_a_link_is_not_written_through(tmp_path, clean, victim):
    out, before = tmp_path / "clean", contents(victim)
    for path in (out / "train").iterdir():
        path.unlink()
    (out / "train").rmdir()
    (out / "train").symlink_to(victim)
    with pytest.raises(RecipeError, match=r"clean/train is a symbolic link"):
        generate(RECIPE, str(out))
    assert contents(victim) == before


def test_the_folder_itself_may_be_a_link(tmp_path, clean):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    generate(RECIPE, str(tmp_path / "link"))
    assert_equals_clean(tmp_path / "elsewhere", clean)


def test_of_the_notes_only_those_of_a_generation_are_taken_away(tmp_path, clean):
    notes = tmp_path / "clean" / ".progress"
    (notes / "writing-0123").mkdir(parents=True)
    ours = ("plan.json", "bases.npz", "train-000000.json", "test-1234567.json", ".plan.json.tmp-0123")
    theirs = ("thesis.tex", "trainer-000000.json", "plan.json.orig")
    for name in (*ours, *theirs):
        (notes / name).write_text("x")
    generate(RECIPE, str(tmp_path / "clean"))
    assert sorted(path.name for path in notes.iterdir()) == sorted(theirs)
