"""A manifest of a stranger, sealed again after its facts were changed: one line, whatever looks at it."""

import pytest

from tests.clusters import work_here
from tests.shards_corpora import edit_manifest
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import json_digest

ARGUMENTS = ("generate", "sudoku", "--size", 4, "--n", 3, "--aug", 2, "--test", 1, "--out")


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    work_here(monkeypatch)
    generate(Recipe(task="sudoku4", n=3, aug=2, test=1), str(tmp_path / "c"))
    return tmp_path / "c"


def change(part, **values):
    return lambda manifest: manifest[part].update(values)


def with_an_input(manifest):
    manifest["recipe"]["supplier"] = ["x"]
    manifest["inputs"] = [{"role": "input", "name": "p.txt", "bytes": 1, "sha256": "0" * 64}]


@pytest.mark.parametrize(
    "lie",
    [
        change("recipe", options=5),
        change("recipe", options=["a"]),
        change("recipe", options={"a": {}}),
        change("recipe", supply="x"),
        change("recipe", supply=None),
        with_an_input,
        change("guarantees", distinct_up_to=[]),
        change("guarantees", distinct_up_to={"a": 1}),
        change("guarantees", skipped=[]),
        change("guarantees", train_twins_of_test="x"),
        lambda manifest: manifest.update(generator={}),
        lambda manifest: manifest["generator"].pop("name"),
    ],
)
def test_a_fact_that_is_none_is_damage(trmpipe, corpus, lie):
    edit(corpus, lie)
    for arguments in (("inspect", corpus), (*ARGUMENTS, corpus)):
        result = trmpipe(*arguments)
        assert result.code == 1
        assert f"{corpus}/manifest.json (" in result.message
        assert "is damaged: " in result.message


def test_a_manifest_without_splits_is_shown_and_reported(trmpipe, corpus):
    edit(corpus, lambda manifest: manifest.update(splits={}))
    assert trmpipe("inspect", corpus, "--puzzles", 0).code == 0
    result = trmpipe(*ARGUMENTS, corpus)
    assert (result.code, "0 training puzzles with 0 variants, 0 held out" in result.out) == (0, True), result.err


def edit(corpus, lie):
    def told(manifest):
        lie(manifest)
        manifest["recipe_digest"] = json_digest(manifest["recipe"])

    edit_manifest(corpus, told)
