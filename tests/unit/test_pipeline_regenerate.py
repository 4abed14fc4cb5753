"""Which manifest `regenerate` is given: a file by any name, a folder, or a URL of either."""

import pytest

from tests.clusters import work_here
from trmpipe.pipeline import Recipe, generate, regenerate
from trmpipe.shards import NoCorpusError

RECIPE = Recipe(task="sudoku4", n=2, aug=1, test=1)


@pytest.fixture
def place(tmp_path, monkeypatch):
    work_here(monkeypatch)
    generate(RECIPE, str(tmp_path / "c"))
    data = (tmp_path / "c" / "manifest.json").read_bytes()
    for name in ("my-manifest.json", "kept.json"):
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "c",
        "c/",
        "c/manifest.json",
        "kept.json",
        "my-manifest.json",
        "./my-manifest.json",
        "{}/my-manifest.json",
        "{}/c/manifest.json",
        "file://{}/c",
        "file://{}/c/manifest.json",
    ],
)
def test_a_manifest_is_found(place, path):
    assert regenerate(path.format(place), str(place / "again")).is_same


def test_a_manifest_in_the_folder_where_one_is(place, monkeypatch):
    monkeypatch.chdir(place / "c")
    for path in ("manifest.json", "."):
        assert regenerate(path, str(place / f"again-{path}")).is_same


def test_a_file_that_is_not_there_is_named_as_it_was_given(place):
    with pytest.raises(NoCorpusError, match=r"/no-manifest\.json is no corpus: there is no such folder"):
        regenerate("no-manifest.json")
