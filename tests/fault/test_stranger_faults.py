"""A plan, a recipe and a run's config from a stranger: every value is checked before anything is made of it."""

import hashlib
import io
import json

import numpy as np
import pytest

from tests.shards_corpora import edit_manifest
from trmpipe.generators.registry import get_task
from trmpipe.pipeline import Recipe, RecipeError, generate
from trmpipe.pipeline.cluster import open_cluster
from trmpipe.pipeline.plan import Plan
from trmpipe.pipeline.planning import make_plan
from trmpipe.pipeline.resume import save_plan, saved_plan
from trmpipe.shards import Corpus, DamagedError, Store
from trmpipe.shards.json_files import seal
from trmpipe.shards.progress import Silent
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.settings.config import TrainConfig, from_json, to_json

RECIPE = Recipe(task="sudoku4", n=6, aug=5, test=2)


@pytest.fixture(scope="module")
def plan():
    with open_cluster(workers=1) as cluster:
        return make_plan(RECIPE, (), cluster, Silent())


def rewrite(folder, change):
    """Change the saved arrays, and note their digest as a stranger would."""
    path, notes_path = folder / ".progress" / "bases.npz", folder / ".progress" / "plan.json"
    arrays = dict(np.load(path))
    change(arrays)
    file = io.BytesIO()
    np.savez(file, **arrays)
    path.write_bytes(file.getvalue())
    notes = json.loads(notes_path.read_text())
    notes["bases_sha256"] = hashlib.sha256(file.getvalue()).hexdigest()
    del notes["digest"]
    notes_path.write_bytes(seal(notes))


def put(name, value):
    return lambda arrays: arrays.update({name: value(arrays[name])})


@pytest.mark.parametrize(
    "change",
    [
        put("train_inputs", lambda tokens: tokens[:, :5]),
        put("train_inputs", lambda tokens: np.full_like(tokens, 200)),
        put("train_inputs", lambda tokens: tokens.astype(np.int64)),
        put("train_labels", lambda tokens: tokens[:-1]),
        put("train_labels", lambda tokens: np.full_like(tokens, 200)),
        put("train_sizes", lambda sizes: sizes + 1),
        put("train_sizes", lambda sizes: sizes * 0),
        put("train_sizes", lambda sizes: sizes.reshape(1, -1)),
        put("train_candidates", lambda candidates: candidates[:-1]),
        put("train_candidates", lambda candidates: candidates - 10**6),
        put("train_traits", lambda traits: np.repeat(traits, 3, axis=1)),
        put("train_traits", lambda traits: traits * 0),
        put("train_variants", lambda variants: variants * 1000),
        put("train_variants", lambda variants: variants * 0),
        put("test_digests", lambda digests: digests[:, :8]),
        put("test_ratings", lambda ratings: ratings[:1]),
        put("test_ratings", lambda ratings: ratings - 1000),
        lambda arrays: arrays.pop("test_inputs"),
    ],
)
def test_a_plan_with_wrong_arrays_is_made_anew(tmp_path, plan, change):
    store = Store(tmp_path)
    save_plan(store, RECIPE, plan)
    assert saved_plan(store, RECIPE)[0] is not None
    rewrite(tmp_path, change)
    assert saved_plan(store, RECIPE) == (None, "the saved plan is damaged")


def test_an_array_that_claims_more_than_there_is_takes_no_memory(tmp_path, plan):
    store = Store(tmp_path)
    save_plan(store, RECIPE, plan)
    path, notes_path = tmp_path / ".progress" / "bases.npz", tmp_path / ".progress" / "plan.json"
    data = path.read_bytes().replace(b"'shape': (6, 16)", b"'shape': (9" + b"9" * 5 + b",)", 1)
    path.write_bytes(data)
    notes = json.loads(notes_path.read_text())
    notes["bases_sha256"] = hashlib.sha256(data).hexdigest()
    del notes["digest"]
    notes_path.write_bytes(seal(notes))
    assert saved_plan(store, RECIPE) == (None, "the saved plan is damaged")


def test_compressed_arrays_are_refused(plan):
    file = io.BytesIO()
    np.savez_compressed(file, **np.load(io.BytesIO(plan.to_bytes())))
    with pytest.raises(ValueError, match="an array is compressed"):
        Plan.load(plan.to_json(), file.getvalue(), get_task("sudoku4"), RECIPE.aug)


@pytest.mark.parametrize("names", [["a"], [1] * 6, "abcdef", {"a": 1}, None])
def test_names_that_are_none_are_refused(plan, names):
    value = json.loads(json.dumps(plan.to_json()))
    value["names"]["train"] = names
    with pytest.raises((ValueError, TypeError)):
        Plan.load(value, plan.to_bytes(), get_task("sudoku4"), RECIPE.aug)


@pytest.mark.parametrize(
    "change",
    [
        {"options": 3},
        {"options": []},
        {"options": {"clues": 4}},
        {"supply": {"drop_improper": True}},
        {"supply": None},
        {"sources": 5},
        {"sources": [["input"]]},
        {"sources": [["input", 7]]},
        {"task": ["sudoku4"]},
        {"supplier": {}},
        {"format": None},
        {"n": "5"},
        {"n": 2.5},
        {"aug": True},
        {"seed": None},
        {"shard_groups": "8"},
    ],
)
def test_a_recipe_of_a_stranger_is_refused_in_one_line(change):
    value = {**RECIPE.to_json(), **change}
    with pytest.raises(RecipeError) as caught:
        Recipe.from_json(value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [[], 3, None, "recipe"])
def test_what_is_no_recipe_is_refused(value):
    for ask in (Recipe.from_json, RECIPE.differences):
        with pytest.raises(RecipeError):
            ask(value)


@pytest.mark.parametrize("word", ["classes", "scoring"])
@pytest.mark.parametrize("value", [3, [], None])
def test_a_manifest_whose_words_are_none_is_damaged(tmp_path, word, value):
    generate(Recipe(task="sudoku4", n=2, aug=1, test=1), str(tmp_path / "c"))
    edit_manifest(tmp_path / "c", lambda manifest: manifest["spec"].update({word: value}))
    with pytest.raises(DamagedError, match=rf"Expected `str`, got `\w+` - at `\$.spec.{word}`"):
        Corpus.open(tmp_path / "c")


@pytest.mark.parametrize("section", ["learner", "model", "optimiser", "schedule", "embedding", "evaluation"])
@pytest.mark.parametrize(
    "value", [3, [], None, "adamw", {"name": []}, {"name": "nope"}, {"name": "muon", "lr": "fast"}]
)
def test_settings_of_a_stranger_are_refused_in_one_line(section, value):
    values = {**to_json(TrainConfig()), section: value}
    with pytest.raises(SettingError):
        from_json(values)
