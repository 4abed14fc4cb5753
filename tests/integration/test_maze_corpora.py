"""Corpora of mazes: what the catalog says of each, several answers a maze, and what is made of them in training."""

import json
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.references import maze as reference
from tests.runs import OF_ANY_MODEL, make_run, metrics, quick_training, stopping_at
from trmpipe.generators.registry import get_task
from trmpipe.generators.spec import COLUMNS
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus, DamagedError, Stream, open_corpora, verify
from trmpipe.shards.catalog import read_catalog
from trmpipe.trainer.training.scored_sets import _read_bases

SIZE, MOST = 13, 4
OPTIONS = {"kind": "open", "removed": "100", "path": "5:", "solutions": str(MOST)}
TASK_NAME = f"maze{SIZE}"
TASK = get_task(TASK_NAME, OPTIONS)


@pytest.fixture(scope="module", params=["webdataset", "zarr"])
def corpus(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("mazes") / request.param
    recipe = Recipe(task=TASK_NAME, n=20, aug=7, test=6, options=OPTIONS, format=request.param, shard_groups=8)
    generate(recipe, str(path))
    return Corpus.open(path)


def places(rows):
    """Group, variant and answer of each row."""
    return list(zip(rows.groups.tolist(), rows.variants.tolist(), rows.examples.tolist(), strict=True))


def numbers_of(corpus, split):
    """Shortest paths of each base by plain Python."""
    rows = corpus.read(split)
    bases = rows.take(np.flatnonzero((rows.variants == 0) & (rows.examples == 0)))
    mazes = [reference.maze_of(tokens, SIZE) for tokens in bases.inputs[np.argsort(bases.groups)].tolist()]
    return [len(reference.shortest_paths(maze)) for maze in mazes], mazes


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_catalog_counts_answers_and_walls(corpus, split):
    numbers, mazes = numbers_of(corpus, split)
    catalog = corpus.catalog[split]
    assert list(catalog.measures) == list(corpus.spec.measures) == ["answers", "wall_share"]
    assert catalog.measures["answers"].tolist() == numbers
    walls = [list(maze.values()).count("#") for maze in mazes]
    assert catalog.measures["wall_share"].tolist() == [number / SIZE**2 for number in walls]
    ends = [reference.ends_of(maze) for maze in mazes]
    lengths = [reference.distances(maze, goal)[start] for maze, (start, goal) in zip(mazes, ends, strict=True)]
    assert catalog.difficulty.tolist() == lengths
    assert catalog.clues.tolist() == [number + 2 for number in walls]
    assert max(numbers) > MOST


def test_the_catalog_of_mazes_has_the_columns_of_any_other_and_two_more(corpus):
    table = pq.read_table(corpus.store.locate("catalog.parquet"))
    assert table.column_names == [*COLUMNS, "answers", "wall_share"]
    assert {str(table.schema.field(name).type) for name in ("answers", "wall_share")} == {"double"}


def test_a_catalog_with_other_columns_than_the_manifest_says_is_refused(corpus):
    data, splits = corpus.store.read("catalog.parquet"), corpus.manifest.splits
    for measures in ((), ("answers",), ("wall_share", "answers"), ("answers", "wall_share", "more")):
        with pytest.raises(DamagedError, match=r"its columns are split, group, .*, expected split"):
            read_catalog(data, splits, "the catalog", measures)


def test_a_maze_has_as_many_answers_as_were_asked_for_or_it_has(corpus):
    numbers, _ = numbers_of(corpus, "train")
    assert corpus.catalog["train"].examples.tolist() == [min(MOST, number) for number in numbers]
    assert set(corpus.catalog["test"].examples.tolist()) == {1}
    rows = corpus.read("train")
    assert TASK.check(rows.inputs, rows.labels).all()
    firsts = rows.take(np.flatnonzero((rows.variants == 0) & (rows.examples == 0)))
    assert np.array_equal(firsts.labels, TASK.solve(firsts.inputs).labels)
    assert len({bytes(maze) + bytes(label) for maze, label in zip(rows.inputs, rows.labels, strict=True)}) == len(rows)
    assert not verify(corpus).problems


def test_held_out_mazes_and_a_smaller_corpus_are_the_same_with_one_answer(tmp_path, corpus):
    one = generate(
        Recipe(task=TASK_NAME, n=12, aug=7, test=6, options={**OPTIONS, "solutions": "1", "ties": "turned"}),
        str(tmp_path / "c"),
    )
    plain = Corpus.open(tmp_path / "c")
    assert plain.spec.alternatives is False
    assert np.array_equal(plain.read("test").labels, corpus.read("test").labels)
    every, alone = corpus.read("train"), plain.read("train")
    firsts = every.take(np.flatnonzero((every.examples == 0) & (every.groups < 12)))
    order, plain_order = (np.lexsort((rows.variants, rows.groups)) for rows in (firsts, alone))
    assert np.array_equal(firsts.labels[order], alone.labels[plain_order])
    assert one.manifest.spec.measures == corpus.spec.measures


def test_an_epoch_shows_one_answer_of_each_maze_and_in_time_all(corpus):
    stream = Stream(corpus, seed=3, batch_size=20)
    assert stream.epoch_size == 20
    seen = set()
    for step in range(8 * 40):
        batch = stream.batch(step)
        assert sorted(batch.groups.tolist()) == list(range(20))
        assert TASK.check(batch.inputs, batch.labels).all()
        seen |= set(places(batch))
    assert len(seen) > 0.99 * corpus.manifest.splits["train"].examples
    ranks = [Stream(corpus, seed=3, batch_size=20, rank=rank, world_size=2) for rank in range(2)]
    parts = [stream.batch(5).labels for stream in ranks]
    assert np.array_equal(np.concatenate(parts), Stream(corpus, seed=3, batch_size=20).batch(5).labels)
    rows = corpus.read("train")
    known = dict(zip(places(rows), map(bytes, rows.labels), strict=True))
    batch = stream.batch(9)
    assert [known[place] for place in places(batch)] == [*map(bytes, batch.labels)]


def test_training_mazes_are_scored_once_each(corpus):
    bases = _read_bases([corpus], corpus, range(5, 15))
    assert bases.groups.tolist() == list(range(5, 15))
    assert not bases.examples.any()


def test_corpora_that_store_another_number_of_answers_are_trained_on_together(tmp_path, corpus):
    generate(Recipe(task=TASK_NAME, n=5, aug=7, test=0, seed=1, options={"kind": "open"}), str(tmp_path / "c"))
    both = open_corpora([corpus.path, str(tmp_path / "c")])
    stream = Stream(both, seed=0, batch_size=25)
    assert stream.epoch_size == 25
    batch = stream.batch(0)
    assert TASK.check(batch.inputs, batch.labels).all()
    assert not batch.examples[batch.groups >= 20].any()


def test_inspect_counts_ties(trmpipe, corpus):
    told = json.loads(trmpipe("inspect", corpus.path, "--json").out)["splits"]
    for split in ("train", "test"):
        numbers = numbers_of(corpus, split)[0]
        found = told[split]["answers"]
        assert found["puzzles"]["1"] == numbers.count(1)
        assert found["puzzles"]["3 to 10"] == sum(3 <= number <= 10 for number in numbers)
        assert found["ceiling"] == pytest.approx(np.mean([1 / number for number in numbers]))
        assert told[split]["measures"].keys() == {"wall_share"}
        assert told[split]["measures"]["wall_share"]["max"] > 0
    shown = trmpipe("inspect", corpus.path, "--puzzles", 3).out
    assert "puzzles by their right answers 1: " in shown
    assert f"gets {100 * told['train']['answers']['ceiling']:.3g}% of the labels" in shown
    assert "answer 1" in shown
    assert "wall share" in shown


def test_a_corpus_of_another_task_says_nothing_of_measures(trmpipe, corpus4):
    told = json.loads(trmpipe("inspect", corpus4, "--json").out)["splits"]["train"]
    assert not {"answers", "measures"} & set(told)
    about = json.loads((corpus4 / "manifest.json").read_text())["spec"]
    assert not {"alternatives", "measures"} & set(about)


def test_a_generation_that_goes_on_makes_the_same_corpus(tmp_path, trmpipe, monkeypatch):
    command = ["generate", "maze", "--size", SIZE, "--n", 20, "--aug", 7, "--test", 6, "--shard-groups", 4]
    command += [word for name, value in OPTIONS.items() for word in (f"--{name}", value)]
    assert trmpipe(*command, "--out", tmp_path / "whole").code == 0

    def fail(*arguments, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(sys.modules["trmpipe.pipeline.generate"], "write_manifest", fail)
        assert trmpipe(*command, "--out", tmp_path / "c").code != 0
    records = sorted((tmp_path / "c" / ".progress").glob("train-*.json"))
    kept = json.loads(records[0].read_text())["record"]["measures"]
    assert len(kept) == 2
    again = trmpipe(*command, "--out", tmp_path / "c", "--json")
    assert (again.code, "remade" in json.loads(again.out) and json.loads(again.out)["remade"]) == (0, {})
    whole, finished = (Corpus.open(tmp_path / name) for name in ("whole", "c"))
    assert finished.store.read("catalog.parquet") == whole.store.read("catalog.parquet")
    assert finished.manifest.content_digest == whole.manifest.content_digest


def test_a_run_on_several_answers_is_resumed_scored_and_solves_a_published_line(trmpipe, tmp_path, corpus, monkeypatch):
    if corpus.manifest.format != "webdataset":
        pytest.skip("one format is enough")
    options = [*OF_ANY_MODEL, "--set=evaluation.monitor=5"]
    run = make_run(corpus.path, tmp_path / "run", options)
    with quick_training(), monkeypatch.context() as stopped:
        stopping_at(stopped, 5)
        assert trmpipe("train", corpus.path, "--out", tmp_path / "broken", *options).code == 130
    with quick_training():
        assert trmpipe("train", corpus.path, "--out", tmp_path / "broken", *options, "--resume").code == 0
    assert metrics(tmp_path / "broken") == metrics(run)
    rows = corpus.read("test")
    told = json.loads(trmpipe("evaluate", run, "--json").out)
    is_open = rows.inputs == 2
    assert told["open_cells"] == int(is_open.sum())
    assert told["guessing"] == pytest.approx(max((rows.labels[is_open] == token).mean() for token in (2, 5)))
    maze = "".join(np.array(list("_# SGo"))[rows.inputs[0]])
    assert " " in maze
    assert "the model's answer stands from" in trmpipe("solve", run, maze).out
