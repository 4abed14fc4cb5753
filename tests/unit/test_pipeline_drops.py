"""Candidates that were passed over: kept with the plan however many they are, and refused where they cannot be."""

import numpy as np
import pytest

from trmpipe.pipeline import RecipeError, generate
from trmpipe.pipeline.asking import generate_asked
from trmpipe.pipeline.bases import Drop
from trmpipe.pipeline.cluster import open_cluster
from trmpipe.pipeline.drops import pack, unpack
from trmpipe.pipeline.planning import make_plan
from trmpipe.pipeline.recipe import Recipe
from trmpipe.pipeline.resume import save_plan
from trmpipe.shards import Store
from trmpipe.shards.progress import Silent

SMALL = 10_000
GOOD = ("12343412214343..", "123434122143432.", "1234341.21434321")
DROPS = (
    Drop(candidate=3, reason="no solution", twin=None),
    Drop(candidate=2**40, reason="twins of a test task", twin=0, names=("d", "g")),
    Drop(candidate=0, reason="no solution", twin=2**40),
)


@pytest.fixture
def small(monkeypatch):
    """No JSON file is read that is larger than this."""
    for module in ("pipeline.resume", "shards.json_files", "shards.manifest"):
        monkeypatch.setattr(f"trmpipe.{module}.MOST_BYTES", SMALL)


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("\n".join([*GOOD, *["1..............."] * 500]) + "\n")
    return path


def test_a_file_of_which_most_lines_are_dropped_becomes_a_corpus(tmp_path, lines, small):
    wishes = {"input": str(lines), "drop_improper": True}
    outcome, _ = generate_asked("sudoku4", wishes, n=1, aug=1, test=1, out=str(tmp_path / "c"), workers=1)
    assert len(outcome.drops["input"]) >= 500
    assert outcome.manifest.splits["train"].groups == 1


def test_a_plan_that_could_not_be_read_is_not_saved(tmp_path, monkeypatch):
    recipe = Recipe(task="sudoku4", n=2, aug=1, test=1)
    with open_cluster(workers=1) as cluster:
        plan = make_plan(recipe, (), cluster, Silent())
    monkeypatch.setattr("trmpipe.pipeline.resume.MOST_BYTES", 100)
    with pytest.raises(RecipeError, match=r"the plan has [0-9,]+ bytes of names and other words, expected 100 at most"):
        save_plan(Store(tmp_path), recipe, plan)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecipeError, match="give fewer puzzles or shorter names"):
        generate(recipe, str(tmp_path / "c"), workers=1)


@pytest.mark.parametrize("drops", [DROPS, DROPS[:1], ()])
def test_drops_are_packed_and_unpacked(drops):
    assert unpack(*pack(drops)) == drops


@pytest.mark.parametrize(
    "change",
    [
        {"candidates": np.array([1, 2])},
        {"candidates": np.array([1, 2, -1])},
        {"candidates": np.array([1.0, 2.0, 3.0])},
        {"reasons": np.array([0, 1, 2])},
        {"reasons": np.array([0, 1, -1])},
        {"twins": np.array([-2, 0, 0])},
        {"twins": np.array([[-1, 0, 0]])},
    ],
)
def test_columns_that_do_not_fit_are_refused(change):
    words, columns = pack(DROPS)
    with pytest.raises(ValueError, match="are"):
        unpack(words, {**columns, **change})


def test_names_that_do_not_fit_are_refused():
    words, columns = pack(DROPS)
    with pytest.raises(ValueError, match="names are 2, there are 3 drops"):
        unpack(type(words)(reasons=words.reasons, names=words.names[:2]), columns)
