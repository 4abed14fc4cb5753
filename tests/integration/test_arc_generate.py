"""ARC corpora from files, by the command: roles, names, twins, any number of workers, one line for a mistake."""

import json

import numpy as np
import pytest

from tests.arc_corpora import small_tasks
from trmpipe.generators.arc import crop, parse_variant_name
from trmpipe.generators.arc.maps import apply
from trmpipe.pipeline import Recipe, digests_of, generate
from trmpipe.pipeline.arc import read_arc_set
from trmpipe.shards import Corpus, verify


def turned(task):
    """The same task in disguise: turned, two colours swapped, its demonstrations in another order."""
    swap = np.array([0, 2, 1, *range(3, 10)])

    def grids(pair):
        return {side: swap[np.rot90(np.array(grid))].tolist() for side, grid in pair.items()}

    return {role: [grids(pair) for pair in pairs][::-1] for role, pairs in task.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A set to learn from that holds a test task in disguise and another under its own id, and a set of tests."""
    folder = tmp_path_factory.mktemp("arc")
    tests = small_tasks(3, seed=1)
    train = {f"learn{i}": task for i, task in enumerate(small_tasks(4, seed=2).values())}
    leaky = {**train, "disguised": turned(tests["task1"]), "task2": small_tasks(1, seed=9)["task0"]}
    for name, tasks in {"tests": tests, "train": train, "leaky": leaky}.items():
        (folder / f"{name}.json").write_text(json.dumps(tasks))
    return folder


@pytest.fixture(scope="module")
def made(files, tmp_path_factory):
    sources = [read_arc_set(str(files / "train.json"), "train_set"), read_arc_set(str(files / "tests.json"))]
    recipe = Recipe(task="arc", n=None, aug=12, supplier="sets", sources=digests_of(sources))
    folder = tmp_path_factory.mktemp("corpora")
    outcomes = [
        generate(recipe, str(folder / f"workers{workers}"), sources=sources, workers=workers) for workers in (1, 3)
    ]
    return recipe, sources, outcomes


def test_any_number_of_workers_and_both_formats_say_the_same(made, tmp_path):
    recipe, sources, (one, three) = made
    assert one.manifest == three.manifest
    zarr = Recipe(**{**recipe.to_json(), "format": "zarr", "shard_groups": 2, "shard_variants": 5})
    other = generate(zarr, str(tmp_path / "zarr"), sources=sources)
    assert other.manifest.content_digest == one.manifest.content_digest
    assert verify(Corpus.open(tmp_path / "zarr")).problems == ()


def test_roles_decide_what_lies_where(made):
    _, _, (outcome, _) = made
    corpus = Corpus.open(outcome.store.url)
    train, test = corpus.catalog["train"], corpus.catalog["test"]
    assert list(train.names) == ["learn0", "learn1", "learn2", "learn3", "task0", "task1", "task2"]
    assert list(test.names) == ["task0", "task1", "task2"]
    # A task to learn gives its two demonstrations and its solved test, a scored one its demonstrations.
    assert train.examples.tolist() == [3, 3, 3, 3, 2, 2, 2]
    assert test.examples.tolist() == [1, 1, 1]
    assert test.first_identifiers.tolist() == train.first_identifiers[4:].tolist()


def test_names_say_the_map_of_each_held_out_variant(made, files):
    _, _, (outcome, _) = made
    corpus = Corpus.open(outcome.store.url)
    names = corpus.variant_names()
    tasks = json.loads((files / "tests.json").read_text())
    rows = corpus.read("test")
    assert len(set(names)) == len(names)
    for tokens, label, identifier in zip(rows.inputs, rows.labels, rows.identifiers.tolist(), strict=True):
        task_id, grid_map = parse_variant_name(names[identifier])
        (pair,) = tasks[task_id]["test"]
        assert crop(tokens).tolist() == apply(grid_map, np.array(pair["input"], np.uint8)).tolist()
        assert crop(label).tolist() == apply(grid_map, np.array(pair["output"], np.uint8)).tolist()


def test_twins_of_test_tasks_are_named_and_dropped_where_asked(trmpipe, files, tmp_path):
    arguments = ["generate", "arc", "--train-set", files / "leaky.json", "--test-set", files / "tests.json", "--aug", 3]
    refused = trmpipe(*arguments, "--out", tmp_path / "refused")
    assert refused.code == 1
    assert "task 'task2' is in" in refused.message
    assert "--exclude-test-twins" in refused.message
    assert not (tmp_path / "refused").exists()
    made = trmpipe(*arguments, "--exclude-test-twins", "--out", tmp_path / "clean")
    assert made.code == 0
    assert "1 task of --train-set dropped, twins of a test task: disguised (like task1)" in made.out
    assert "1 task of --train-set dropped, other versions of a test task, by their id: task2 (like task2)" in made.out
    assert "disguised" not in Corpus.open(tmp_path / "clean").catalog["train"].names


def test_twins_that_stay_are_told(trmpipe, files, tmp_path):
    leaky = json.loads((files / "leaky.json").read_text())
    del leaky["task2"]
    (tmp_path / "leaky.json").write_text(json.dumps(leaky))
    arguments = ["generate", "arc", "--train-set", tmp_path / "leaky.json", "--input", files / "tests.json"]
    told = json.loads(trmpipe(*arguments, "--aug", 3, "--json", "--out", tmp_path / "c").out)
    assert told["train_twins_of_test"] == [
        {"task": "disguised", "reason": "twins of a test task", "twin": "task1"},
    ]
    said = trmpipe("inspect", tmp_path / "c", "--puzzles", 3)
    assert said.code == 0
    assert "puzzles are taken as they were given" in said.out
    assert said.out.count("train puzzle") == 3


def test_inspect_against_finds_tasks_in_disguise(trmpipe, files, tmp_path):
    leaky = json.loads((files / "leaky.json").read_text())
    (tmp_path / "one.json").write_text(json.dumps({"disguised": leaky["disguised"], "learn0": leaky["learn0"]}))
    trmpipe("generate", "arc", "--train-set", tmp_path / "one.json", "--aug", 1, "--out", tmp_path / "one")
    trmpipe("generate", "arc", "--test-set", files / "tests.json", "--aug", 1, "--out", tmp_path / "tests")
    told = json.loads(trmpipe("inspect", tmp_path / "one", "--against", tmp_path / "tests", "--json").out)
    classes = {(part["split"], part["other_split"]): part["classes"] for part in told["against"]["shared"]}
    assert classes["train", "test"] == 1
    said = trmpipe("inspect", tmp_path / "one", "--against", tmp_path / "tests").out
    assert "1 of 2 train puzzles are among the other's test puzzles: disguised here is task1 there" in said


def test_a_sample_is_nested_and_keeps_each_task_as_it_is(files, tmp_path):
    sources = [read_arc_set(str(files / "train.json"), "train_set"), read_arc_set(str(files / "tests.json"))]

    def bases(n):
        recipe = Recipe(task="arc", n=n, aug=2, supplier="sets", sources=digests_of(sources))
        corpus = Corpus.open(generate(recipe, str(tmp_path / str(n)), sources=sources).store.url)
        rows = corpus.read("train")
        return {
            name: rows.inputs[rows.groups == group].tobytes()
            for group, name in enumerate(corpus.catalog["train"].names)
        }

    few, many = bases(3), bases(5)
    assert len(few) == 3
    assert few.items() <= many.items()


def test_a_corpus_is_made_again_from_its_sets(trmpipe, made, files, tmp_path):
    _, _, (outcome, _) = made
    sets = ["--input", files / "train.json", "--input", files / "tests.json"]
    again = trmpipe("regenerate", outcome.store.url, *sets, "--out", tmp_path / "again")
    assert (again.code, "content equal" in again.out) == (0, True)
    other = trmpipe("regenerate", outcome.store.url, *sets[:2], "--out", tmp_path / "other")
    assert "was made from tests.json" in other.message


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "no tasks are given; give --dataset arc-agi-1"),
        (["--dataset", "arc-agi-9"], 2, "--dataset is arc-agi-9; expected arc-agi-1 or arc-agi-2"),
        (["--input", "nowhere.json"], 1, "cannot read nowhere.json: No such file or directory"),
        (["--input", "broken.json"], 1, "broken.json is no JSON"),
        (["--input", "ragged.json"], 1, "ragged.json task 'a' train pair 1 input is ragged: row 2 has 1 cells"),
        (["--input", "fine.json", "--n", "9"], 1, "--n asks for 9 tasks, 1 were given"),
        (["--input", "fine.json", "--aug", "-1"], 2, "--aug is -1"),
    ],
)
def test_a_mistake_gets_one_line_and_writes_nothing(trmpipe, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    (task,) = small_tasks(1).values()
    ragged = {"train": [{"input": [[1, 2], [3]], "output": [[1]]}], "test": [{"input": [[1]]}]}
    texts = {"broken": "{", "ragged": json.dumps({"a": ragged}), "fine": json.dumps({"a": task})}
    for name, text in texts.items():
        (tmp_path / f"{name}.json").write_text(text)
    result = trmpipe("generate", "arc", *arguments)
    assert result.code == code
    assert message in result.message
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.json" for name in texts)
