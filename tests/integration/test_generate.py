"""Corpora as a user makes them: the same recipe gives the same content, whatever the machine does."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.blocks_of_variants import augment
from trmpipe.generators.registry import get_task
from trmpipe.generators.sudoku import BLANK
from trmpipe.generators.sudoku.rating import rate
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus, json_digest
from trmpipe.shards.json_files import seal


def digest(tmp_path, name="c", workers=None, **options):
    recipe = Recipe(**{"task": "sudoku6", "n": 30, "aug": 40, "test": 10, **options})
    return generate(recipe, str(tmp_path / name), workers=workers).manifest.content_digest


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return digest(tmp_path_factory.mktemp("expected"), workers=1)


@pytest.mark.parametrize("workers", [2, 4, 5])
def test_any_number_of_workers(tmp_path, expected, workers):
    """Five make a second process, as more than four do."""
    assert digest(tmp_path, workers=workers, shard_groups=3) == expected


@pytest.mark.parametrize("codec", ["webdataset", "zarr"])
@pytest.mark.parametrize(
    ("groups", "variants"),
    [(None, None), pytest.param(1, 1, marks=pytest.mark.slow), (7, 5), (30, 41), (100, 1000)],
)
def test_any_format_and_any_block_size(tmp_path, expected, codec, groups, variants):
    assert digest(tmp_path, format=codec, shard_groups=groups, shard_variants=variants) == expected


@pytest.mark.parametrize("change", [{"seed": 1}, {"n": 29}, {"aug": 39}, {"test": 9}])
def test_another_recipe_is_another_content(tmp_path, expected, change):
    assert digest(tmp_path, **change) != expected


@pytest.mark.parametrize("task", ["sudoku6", "sudoku9"])
def test_a_smaller_corpus_is_a_prefix_of_a_larger_one(tmp_path, task):
    few = generate(Recipe(task=task, n=12, aug=7, test=5), str(tmp_path / "few"))
    many = generate(Recipe(task=task, n=40, aug=7, test=5), str(tmp_path / "many"))
    few, many = Corpus.open(few.store.url), Corpus.open(many.store.url)
    assert few.catalog["test"].digests == many.catalog["test"].digests
    assert few.catalog["train"].digests == many.catalog["train"].digests[:12]
    more = generate(Recipe(task=task, n=12, aug=9, test=5), str(tmp_path / "more"))
    rows, longer = few.read("train"), Corpus.open(more.store.url).read("train")
    kept = longer.variants < 8
    np.testing.assert_array_equal(rows.inputs, longer.inputs[kept])


@pytest.mark.parametrize("name", ["corpus4", "corpus6", "corpus9"])
def test_every_example_is_right_and_no_two_puzzles_are_twins(request, name):
    corpus = Corpus.open(request.getfixturevalue(name))
    task = get_task(corpus.spec.name)
    train, test = corpus.read("train"), corpus.read("test")
    assert task.check(train.inputs, train.labels).all()
    assert task.check(test.inputs, test.labels).all()
    assert len(np.unique(train.inputs, axis=0)) == len(train)
    classes = [*corpus.catalog["train"].canonical, *corpus.catalog["test"].canonical]
    assert len(set(classes)) == len(classes)


def test_groups_with_automorphisms_get_all_variants_that_they_have(corpus4):
    variants = Corpus.open(corpus4).catalog["train"].variants
    assert set(variants.tolist()) == {768, 1000}


def test_real_puzzles_as_bases(trmpipe, tmp_path):
    task = get_task("sudoku9")
    groups = task.generate(7, 0, 0, 30)
    lines = ["".join("." if token == 1 else str(token - 1) for token in row) for row in groups.inputs]
    (tmp_path / "list.txt").write_text("# mine\n" + "\n".join([*lines, lines[3]]) + "\n")
    arguments = ["generate", "sudoku", "--input", tmp_path / "list.txt", "--aug", "2", "--json"]
    told = json.loads(trmpipe(*arguments, "--out", tmp_path / "all").out)
    assert told["groups"] == {"train": 27, "test": 3}
    assert told["skipped"] == {"repeats of another puzzle": 1}
    (drop,) = told["dropped"]["input"]
    assert sorted((drop["line"], drop["twin_of_line"])) == [5, 32]
    said = trmpipe(*arguments[:-1], "--out", tmp_path / "said").out
    assert f"1 line of --input dropped, {drop['reason']}: {drop['line']} (like line {drop['twin_of_line']})" in said
    told = json.loads(trmpipe(*arguments, "--n", 10, "--test", 2, "--out", tmp_path / "ten").out)
    assert told["groups"] == {"train": 10, "test": 2}
    manifest = json.loads((tmp_path / "ten" / "manifest.json").read_text())
    assert manifest["inputs"][0]["name"] == "list.txt"
    bases = Corpus.open(tmp_path / "ten").read("test").inputs
    assert {row.tobytes() for row in bases} <= {row.tobytes() for row in groups.inputs}


def test_regenerating_gives_the_same_bytes(trmpipe, corpus6, tmp_path):
    result = trmpipe("regenerate", corpus6 / "manifest.json", "--out", tmp_path / "again", "--json")
    assert result.code == 0
    told = json.loads(result.out)
    assert told["same_content"]
    assert told["same_files"]
    # What is there is not compared with itself: neither that one nor the corpus that it was made from.
    for out in (tmp_path / "again", corpus6):
        result = trmpipe("regenerate", corpus6, "--out", out)
        assert (result.code, "holds the whole corpus already, so nothing was made" in result.message) == (1, True)


def test_regenerating_says_what_differs(trmpipe, corpus6, tmp_path):
    text = (corpus6 / "manifest.json").read_text()
    content = json.loads(text)["content_digest"]
    value = json.loads(text.replace(content, "0" * 64).replace('"0.1.0"', '"0.0.9"'))
    del value["digest"]
    (tmp_path / "manifest.json").write_bytes(seal(value))
    result = trmpipe("regenerate", tmp_path, "--out", tmp_path / "again")
    assert result.code == 1
    assert content[:16] in result.out
    assert "run `pip install trmpipe==0.0.9`" in result.out


def test_regenerating_wants_the_very_input_file(trmpipe, tmp_path):
    (tmp_path / "p.txt").write_text("1234341221434.2.\n123434122143432.\n")
    made = trmpipe(
        "generate", "sudoku", "--size", 4, "--input", tmp_path / "p.txt", "--aug", 1, "--out", tmp_path / "c"
    )
    assert made.code == 0
    (tmp_path / "other.txt").write_text("1234341221434321\n")
    result = trmpipe("regenerate", tmp_path / "c", "--input", tmp_path / "other.txt", "--out", tmp_path / "d")
    assert result.code == 1
    assert "was made from p.txt" in result.message
    result = trmpipe("regenerate", tmp_path / "c", "--input", tmp_path / "p.txt", "--out", tmp_path / "d")
    assert (result.code, "content equal" in result.out) == (0, True)


def test_inspect_shows_recipe_counts_and_puzzles(trmpipe, corpus6):
    result = trmpipe("inspect", corpus6, "--puzzles", 1)
    assert result.code == 0
    assert "40 puzzles with 31 variants each, 1,240 in all" in result.out
    assert "20 puzzles, 1 shard" in result.out
    assert "no two puzzles are symmetric copies" in result.out
    grid = result.out.split(" clues, difficulty ")[1].splitlines()[1:]
    assert len(grid) == 6 + 2
    told = json.loads(trmpipe("inspect", corpus6, "--json").out)
    assert told["splits"]["train"]["groups"] == 40
    assert told["recipe"]["aug"] == 30


def test_the_catalog_knows_how_hard_puzzles_are(corpus9):
    corpus = Corpus.open(corpus9)
    bases = corpus.read("test").inputs
    assert corpus.catalog["test"].difficulty.tolist() == rate(bases - BLANK, 9).tolist()


def test_puzzles_as_asked_for(trmpipe, tmp_path):
    options = ["--difficulty", "0.25:2", "--clues", "8:10", "--size", 6, "--n", 20, "--test", 10, "--aug", 5]
    made = trmpipe("generate", "sudoku", *options, "--out", tmp_path / "c")
    assert made.code == 0, made.err
    corpus = Corpus.open(tmp_path / "c")
    for split in ("train", "test"):
        catalog = corpus.catalog[split]
        assert catalog.difficulty.min() >= 0.25
        assert catalog.difficulty.max() <= 2
        assert catalog.clues.max() <= 10
    again = trmpipe("regenerate", tmp_path / "c", "--out", tmp_path / "again", "--workers", 1)
    assert (again.code, "content equal" in again.out) == (0, True)


def test_inspect_against_counts_shared_classes(trmpipe, tmp_path):
    task = get_task("sudoku6")
    groups = task.generate(3, 0, 0, 12)
    copies, _ = augment(task, groups.take(slice(0, 4)), 5, 1, 2)
    for name, rows in (("mine", groups.inputs), ("theirs", copies[:, 0])):
        text = "\n".join("".join(str(max(0, token - 1)) for token in row) for row in rows.tolist())
        (tmp_path / f"{name}.txt").write_text(text)
        made = trmpipe(
            *("generate", "sudoku", "--size", 6, "--input", tmp_path / f"{name}.txt"),
            *("--aug", 1, "--test", 0, "--out", tmp_path / name),
        )
        assert made.code == 0
    told = json.loads(trmpipe("inspect", tmp_path / "mine", "--against", tmp_path / "theirs", "--json").out)
    by_splits = {(part["split"], part["other_split"]): part for part in told["against"]["shared"]}
    assert {splits: part["classes"] for splits, part in by_splits.items()} == {("train", "train"): 4}
    mine, theirs = (Corpus.open(tmp_path / name).catalog["train"] for name in ("mine", "theirs"))
    pairs = by_splits["train", "train"]
    assert mine.candidates[pairs["groups"]].tolist() == theirs.candidates[pairs["other_groups"]].tolist()
    said = trmpipe("inspect", tmp_path / "mine", "--against", tmp_path / "theirs").out
    (first, *_), (its_copy, *_) = pairs["groups"], pairs["other_groups"]
    lines = f"line {mine.candidates[first]} here is line {theirs.candidates[its_copy]} there"
    assert f"4 of 12 train puzzles are among the other's train puzzles: {lines}" in said


def test_inspect_against_another_task_is_refused(trmpipe, corpus4, corpus6):
    result = trmpipe("inspect", corpus4, "--against", corpus6)
    assert result.code == 1
    assert "which share no classes; give two corpora of one task" in result.message


def test_verify_names_what_is_damaged(trmpipe, tmp_path):
    generate(Recipe(task="sudoku4", n=5, aug=5, test=2), str(tmp_path / "c"))
    assert "is sound" in trmpipe("verify", tmp_path / "c").out
    shard = tmp_path / "c" / "train" / "shard-000000.tar"
    damaged = bytearray(shard.read_bytes())
    damaged[1000] ^= 1
    shard.write_bytes(damaged)
    result = trmpipe("verify", tmp_path / "c")
    assert result.code == 1
    assert "shard-000000.tar is damaged: its SHA-256 is" in result.out


def test_neither_help_nor_generate_imports_torch(tmp_path):
    """Torch takes seconds to import; --help and generate have no use for it."""
    for arguments in (["--help"], ["generate", "sudoku", "--size", "4", "--n", "3", "--aug", "2", "--out", "c"]):
        script = (
            "import sys\nfrom trmpipe.cli.main import run\n"
            f"assert run({arguments!r}) == 0\n"
            "print([name for name in ('torch', 'matplotlib', 'tensorboard') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_help_answers_in_under_a_second(trmpipe_process):
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        assert trmpipe_process("--help").code == 0
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 1


def test_improper_lines_are_dropped_and_named(trmpipe, tmp_path):
    lines = ["1234341221434321", "123434122143432.", "1...............", "11..............", ".234341221434321"]
    lines.append("12343412214343.1")
    (tmp_path / "p.txt").write_text("\n".join(lines))
    arguments = ["generate", "sudoku", "--size", 4, "--input", tmp_path / "p.txt", "--aug", 1, "--test", 0]
    told = json.loads(trmpipe(*arguments, "--drop-improper", "--json", "--out", tmp_path / "c").out)
    assert [drop for drop in told["dropped"]["input"] if "twin_of_line" not in drop] == [
        {"line": 1, "reason": "no cell to fill in"},
        {"line": 3, "reason": "several solutions"},
        {"line": 4, "reason": "no solution"},
    ]
    assert told["skipped"] == {
        "no cell to fill in": 1,
        "several solutions": 1,
        "no solution": 1,
        "repeats of another puzzle": 2,
    }
    whole = trmpipe(*arguments, "--out", tmp_path / "whole")
    assert "line 1: the puzzle has no cell to fill in, expected a puzzle rather than its answer" in whole.message
    rated = trmpipe(*arguments, "--file-rating", "--out", tmp_path / "rated")
    assert (rated.code, "p.txt is a list of puzzles, which has no column 'rating' to keep" in rated.message) == (
        1,
        True,
    )
    again = trmpipe("regenerate", tmp_path / "c", "--input", tmp_path / "p.txt", "--out", tmp_path / "again")
    assert (again.code, "content equal" in again.out) == (0, True)
    (tmp_path / "bad.txt").write_text(lines[2])
    refused = trmpipe(*arguments[:4], "--input", tmp_path / "bad.txt", "--drop-improper", "--out", tmp_path / "d")
    assert "is left to train on: of its only line, 1 has several solutions" in refused.message


def as_written_earlier(path, **fields):
    """Rewrite a corpus's manifest with the recipe of an earlier version, which had a field for each such option."""
    manifest = json.loads((path / "manifest.json").read_text())
    recipe = {key: value for key, value in manifest["recipe"].items() if key not in ("supplier", "supply")}
    recipe |= {"drop_improper": False, "exclude_test_twins": False, **fields}
    del manifest["digest"]
    manifest |= {"recipe": recipe, "recipe_digest": json_digest(recipe), "format_version": 2}
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_corpora_of_earlier_recipes_are_made_again(trmpipe, tmp_path):
    (tmp_path / "p.txt").write_text("1234341221434321\n123434122143432.\n1...............\n")
    made = ["generate", "sudoku", "--size", 4, "--n", 5, "--aug", 3, "--test", 2, "--out", tmp_path / "made"]
    given = ["generate", "sudoku", "--size", 4, "--input", tmp_path / "p.txt", "--drop-improper", "--aug", 1]
    given += ["--test", 0, "--out", tmp_path / "given"]
    for command, path, fields in ((made, "made", {}), (given, "given", {"drop_improper": True})):
        assert trmpipe(*command).code == 0
        as_written_earlier(tmp_path / path, **fields)
        assert "make the corpus again: `trmpipe regenerate" in trmpipe(*command).message
        inputs = ["--input", tmp_path / "p.txt"] if path == "given" else []
        again = trmpipe("regenerate", tmp_path / path, *inputs, "--out", tmp_path / f"{path}-again")
        assert (again.code, "content equal" in again.out) == (0, True)
