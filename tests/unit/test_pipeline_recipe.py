"""Recipes: names, ranges, comparison."""

import dataclasses
import json

import numpy as np
import pytest

from trmpipe.generators.errors import InputError, OptionError
from trmpipe.pipeline import ArgumentError, Recipe, RecipeError


def test_the_name_holds_every_option_that_is_not_the_default():
    assert Recipe(task="sudoku9").name == "sudoku9-n1000-aug1000-seed0"
    recipe = Recipe(
        task="sudoku6",
        n=None,
        aug=5,
        test=7,
        seed=3,
        options={"difficulty": "2:3.5", "clues": "8:"},
        format="zarr",
        supplier="lines",
        supply={"drop_improper": "yes"},
        sources=(("input", "ab" * 32), ("test_input", "cd" * 32)),
        shard_groups=2,
        shard_variants=9,
    )
    assert recipe.name == (
        "sudoku6-nall-aug5-seed3-clues8to-difficulty2to3.5-test7-zarr-inputabababab-testinputcdcdcdcd-proper-sg2-sv9"
    )
    sets = Recipe(
        task="arc", n=None, supplier="sets", supply={"exclude_test_twins": "yes"}, sources=(("test_set", "ab" * 32),)
    )
    assert sets.name == "arc-nall-aug1000-seed0-testsetabababab-notwins"


def test_two_recipes_never_share_a_name():
    changes = {"task": "sudoku4", "n": 7, "aug": 7, "test": 7, "seed": 7, "format": "zarr"}
    changes |= {
        "options": {"difficulty": "hard"},
        "sources": (("input", "7" * 64),),
        "shard_groups": 7,
        "shard_variants": 7,
    }
    changes |= {"supply": {"drop_improper": "yes"}}
    # The roles of the sources tell the supplier.
    assert {*changes, "supplier"} == set(Recipe(task="sudoku9").to_json())
    base = Recipe(task="sudoku9", supplier="lines", sources=(("input", "0" * 64),))
    names = [dataclasses.replace(base, **{field: value}).name for field, value in changes.items()]
    assert len({*names, base.name}) == len(changes) + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "--n is 0; expected 1 to 2147483647"),
        ({"aug": -1}, "--aug is -1; expected 0 to 2147483647"),
        ({"test": -1}, "--test is -1; expected 0 to 2147483647"),
        ({"seed": 2**63}, f"--seed is {2**63}; expected 0 to {2**63 - 1}"),
        ({"shard_groups": 0}, "--shard-groups is 0; expected 1 to 2147483647"),
        ({"shard_variants": 0}, "--shard-variants is 0; expected 1 to 2147483647"),
        ({"n": None}, "--n is missing"),
        ({"supply": {"drop_improper": "yes"}}, "the supplier 'made' has no option 'drop_improper'; known: none"),
        ({"supplier": "sets"}, "the supplier of sudoku9 is 'sets'; expected one of made, lines"),
        ({"sources": (("input", "0"),)}, "the supplier 'made' takes no sources"),
        ({"format": "tfrecord"}, "no shard format is called 'tfrecord'; known: webdataset, zarr"),
    ],
)
def test_values_outside_their_range_are_refused(options, message):
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        Recipe(task="sudoku9", **options)


NUMBERS = ("n", "aug", "test", "seed", "shard_groups", "shard_variants")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [2.0, 2.5, True, "2", np.float64(2), np.True_, [2], b"2"])
def test_a_number_that_is_no_whole_one_is_refused(name, value):
    with pytest.raises(
        ArgumentError, match=rf"--{name.replace('_', '-')} is .*; expected a whole number, [01] to [0-9]"
    ):
        Recipe(task="sudoku4", **{name: value})


@pytest.mark.parametrize("name", ["aug", "seed"])
def test_a_number_that_every_recipe_has_is_not_left_out(name):
    with pytest.raises(ArgumentError, match=f"--{name} is None; expected a whole number"):
        Recipe(task="sudoku4", **{name: None})


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.array])
def test_numbers_of_numpy_are_taken(kind):
    recipe = Recipe(task="sudoku4", **{name: kind(2) for name in NUMBERS})
    assert recipe == Recipe(task="sudoku4", **dict.fromkeys(NUMBERS, 2))
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize("text", ["Col\nB", "a\x1b[2J", "\u202e", "x" * 1001])
def test_a_text_that_no_recipe_can_keep_is_refused(text):
    asked = {"task": "sudoku4", "supplier": "lines", "sources": (("input", "0" * 64),)}
    with pytest.raises(OptionError, match=r"column is .*; expected text of one line without contr") as error:
        Recipe(**asked, supply={"column": text})
    assert len(str(error.value)) < 250
    kept = Recipe(**asked, supply={"column": "x\xa0" * 500})
    assert Recipe.from_json(kept.to_json()) == kept


def test_what_is_held_out_of_sets_is_no_option():
    with pytest.raises(OptionError, match="--test does not apply"):
        Recipe(task="arc", n=None, test=5, supplier="sets", sources=(("test_set", "0"),))


def test_json_and_back():
    recipe = Recipe(task="sudoku9", n=5, seed=2**63 - 1, options={"clues": "22:24"})
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_an_option_of_another_version_is_refused():
    with pytest.raises(RecipeError, match="options that this trmpipe does not know: colour"):
        Recipe.from_json({**Recipe(task="sudoku9").to_json(), "colour": "red"})


def test_an_option_that_the_task_does_not_know_is_refused():
    with pytest.raises(InputError, match="colour"):
        Recipe(task="sudoku9", options={"colour": "red"})


def test_options_are_kept_in_one_spelling():
    assert Recipe(task="sudoku9", options={"difficulty": "05:10.0"}) == Recipe(
        task="sudoku9", options={"difficulty": "5:10"}
    )


def test_differences_name_the_options():
    there = Recipe(task="sudoku9", n=5).to_json()
    assert Recipe(task="sudoku9", n=5).differences(there) == ""
    assert Recipe(task="sudoku9", n=6, seed=1).differences(there) == "n 5 there, 6 asked for, seed 0 there, 1 asked for"
    hard = Recipe(task="sudoku9", n=5, options={"difficulty": "hard"})
    assert hard.differences(there) == "difficulty None there, hard asked for"


def former(**fields):
    """A recipe's JSON as format version 1 had it."""
    value = Recipe(task="sudoku9").to_json()
    del value["supplier"], value["supply"]
    return {**value, "drop_improper": False, "exclude_test_twins": False, **fields}


@pytest.mark.parametrize(
    ("there", "recipe"),
    [
        ({}, {}),
        ({"sources": [["input", "0" * 64]]}, {"supplier": "lines", "sources": [["input", "0" * 64]]}),
        (
            {"sources": [["input", "0" * 64], ["test_input", "1" * 64]], "drop_improper": True},
            {
                "supplier": "lines",
                "supply": {"drop_improper": "yes"},
                "sources": [["input", "0" * 64], ["test_input", "1" * 64]],
            },
        ),
        (
            {"task": "arc", "n": None, "sources": [["train_set", "0" * 64]], "exclude_test_twins": True},
            {
                "task": "arc",
                "n": None,
                "supplier": "sets",
                "supply": {"exclude_test_twins": "yes"},
                "sources": [["train_set", "0" * 64]],
            },
        ),
    ],
)
def test_recipes_of_earlier_versions_are_the_same_recipes(there, recipe):
    recipe = Recipe(**{"task": "sudoku9", **recipe})
    assert Recipe.from_json(former(**there)) == recipe
    assert recipe.differences(former(**there)) == ""


def test_a_supplier_that_needs_sources_says_so():
    with pytest.raises(RecipeError, match="the supplier 'lines' needs sources; give some with --input or --test-input"):
        Recipe(task="sudoku4", supplier="lines", n=5)
