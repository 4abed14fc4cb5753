"""Training where several corpora lie: tasks are chosen, runs gone on with find theirs, mixtures are scored on all."""

import io
import json
import os
import shutil

import pytest

from tests.runs import OF_ANY_MODEL as TINY
from tests.runs import reseal
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus
from trmpipe.trainer.scores.held_out import read_held_out, read_held_out_parts

WHOLE = [*TINY, "--set=evaluation.limit=7"]
NAMES = {4: "sudoku4-n20-aug3-seed0-test6", 6: "sudoku6-n10-aug3-seed0-test4"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Corpora as a stranger has them below shards/: of 4x4 and, newer, of 6x6."""
    root = tmp_path_factory.mktemp("several")
    generate(Recipe(task="sudoku4", n=20, aug=3, test=6), str(root / NAMES[4]))
    generate(Recipe(task="sudoku6", n=10, aug=3, test=4), str(root / NAMES[6]))
    generate(Recipe(task="sudoku6", n=10, aug=3, test=5, seed=1), str(root / "more"))
    return root


@pytest.fixture
def shards(made, tmp_path, monkeypatch):
    """``shards/`` in a folder of its own, which the commands run in, and no pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    for age, size in ((200, 4), (100, 6)):
        shutil.copytree(made / NAMES[size], tmp_path / "shards" / NAMES[size])
        age_of(tmp_path / "shards" / NAMES[size], age)
    return tmp_path / "shards"


def age_of(corpus, seconds):
    written = 1_700_000_000 - seconds
    os.utime(corpus / "manifest.json", (written, written))


def task_of(run):
    return json.loads((run / "config.json").read_text())["task"]


def test_two_tasks_below_a_folder(trmpipe, shards, tmp_path):
    done = trmpipe("train", "shards/", *TINY, "--json")
    assert done.code == 0, done.err
    assert task_of(tmp_path / json.loads(done.out)["run"]) == "sudoku6"
    assert (
        f"shards/ holds corpora of 2 tasks; taking sudoku6, that of the newest ({shards / NAMES[6]}); "
        "to take another: --task sudoku4"
    ) in done.err
    assert "taking" not in trmpipe("train", "shards/", *TINY, "--task", "sudoku4", "--out", "r").err
    assert task_of(tmp_path / "r") == "sudoku4"
    age_of(shards / NAMES[4], 50)
    assert "taking sudoku4" in trmpipe("train", "shards", *TINY, "--out", "s").err


@pytest.mark.parametrize(("typed", "task"), [("\n", "sudoku6"), ("7\n2\n", "sudoku4"), ("", "sudoku6")])
def test_a_terminal_is_asked(trmpipe, shards, tmp_path, monkeypatch, typed, task):
    stdin = io.StringIO(typed)
    stdin.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    done = trmpipe("train", "shards/", *TINY, "--out", "run")
    assert done.code == 0, done.err
    assert task_of(tmp_path / "run") == task
    assert f"1  sudoku6    {shards / NAMES[6]}" in done.err
    assert f"2  sudoku4    {shards / NAMES[4]}" in done.err
    assert "train on which? [1]" in done.err
    assert ("expected a number from 1 to 2" in done.err) == ("7" in typed)


def test_patterns_and_explicit_corpora(trmpipe, shards, tmp_path):
    assert trmpipe("train", "shards/sudoku4*", *TINY, "--out", "a").code == 0
    assert task_of(tmp_path / "a") == "sudoku4"
    both = [shards / name for name in NAMES.values()]
    refused = trmpipe("train", *both, *TINY, "--out", "b")
    assert (refused.code, "give those of one task, or say which (`trmpipe train" in refused.message) == (1, True)
    assert trmpipe("train", *both, "--task", "sudoku6", *TINY, "--out", "b").code == 0
    assert task_of(tmp_path / "b") == "sudoku6"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shards", "--task", "sudoku9"], "no corpus of 'sudoku9' at shards; there are corpora of: sudoku6, sudoku4"),
        (["shards", f"shards/{NAMES[4]}"], f"{NAMES[4]} is given twice, by shards and by shards/{NAMES[4]}; give it"),
        ([f"shards/{NAMES[4]}"] * 2, f"{NAMES[4]} is given twice, both times as shards/{NAMES[4]}; give it once"),
    ],
)
def test_wrong_arguments(trmpipe, shards, arguments, message):
    refused = trmpipe("train", *arguments, *TINY)
    assert refused.code == 2
    assert message in refused.message


@pytest.mark.parametrize("out", [[], ["--out", "run"]])
def test_resuming_finds_the_corpora_of_the_run(trmpipe, shards, made, tmp_path, out):
    """Whatever was generated since: a newer corpus of the other task, and another of the same."""
    command = ("train", "shards/", *TINY, *out, "--json")
    run = tmp_path / json.loads(trmpipe(*command).out)["run"]
    assert task_of(run) == "sudoku6"
    before = (run / "metrics.jsonl").read_bytes()
    sorted((run / "checkpoints").iterdir())[-1].unlink()
    age_of(shards / NAMES[4], 0)
    generate(Recipe(task="sudoku6", n=5, aug=3, test=2, seed=1), str(shards / "a-first-one"))
    done = trmpipe(*command, "--resume")
    assert done.code == 0, done.err
    assert f"taking the corpora that the run was started on: {shards / NAMES[6]}" in done.err
    assert "resumed after step" in done.err
    assert (run / "metrics.jsonl").read_bytes() == before
    # What the user names is not left out: the run does not know it.
    refused = trmpipe("train", "shards/a-first-one", *TINY, "--out", run, "--resume")
    assert "trained with another config; these differ: corpora" in refused.message


def cut_back(run):
    """A run without its last checkpoint; gives the metrics that it had."""
    sorted((run / "checkpoints").glob("step-*.pt"))[-1].unlink()
    return (run / "metrics.jsonl").read_bytes()


def test_the_same_command_goes_on_with_a_mixture(trmpipe, shards, made, tmp_path):
    """A run on one of its corpora alone is another one, and so is the mixture with what was generated since."""
    shutil.copytree(made / "more", shards / "more")
    mixed = ("train", "shards/", "--task", "sudoku6", *TINY, "--json")
    alone, run = (json.loads(trmpipe(*command).out)["run"] for command in (("train", "shards/more", *mixed[2:]), mixed))
    assert len(json.loads((tmp_path / run / "config.json").read_text())["corpora"]) == 2
    kept = cut_back(tmp_path / run), cut_back(tmp_path / alone)
    done = trmpipe(*mixed, "--resume")
    assert (done.code, json.loads(done.out)["run"]) == (0, run), done.err
    assert (tmp_path / run / "metrics.jsonl").read_bytes() == kept[0]
    generate(Recipe(task="sudoku6", n=5, aug=3, test=2, seed=1), str(shards / "a-first-one"))
    refused = trmpipe(*mixed, "--resume")
    assert (refused.code, "several runs could be meant" in refused.message) == (1, True), refused.err
    assert (tmp_path / alone / "metrics.jsonl").read_bytes() == kept[1]
    shutil.rmtree(tmp_path / alone)
    cut_back(tmp_path / run)
    done = trmpipe(*mixed, "--resume")
    assert (done.code, json.loads(done.out)["run"]) == (0, run), done.err
    assert f"started on: {shards / 'more'}, {shards / NAMES[6]}" in done.err
    assert (tmp_path / run / "metrics.jsonl").read_bytes() == kept[0]


def test_a_run_that_names_no_corpora_is_passed_over(trmpipe, shards, tmp_path):
    command = ("train", "shards/", "--task", "sudoku6", *TINY, "--json")
    run = tmp_path / json.loads(trmpipe(*command).out)["run"]
    (run.parent / "strange").mkdir()
    shutil.copy(run / "config.json", run.parent / "strange")
    reseal(run.parent / "strange" / "config.json", corpora=[])
    kept = cut_back(run)
    done = trmpipe(*command, "--resume")
    assert (done.code, tmp_path / json.loads(done.out)["run"]) == (0, run), done.err
    assert (run / "metrics.jsonl").read_bytes() == kept


@pytest.mark.parametrize("out", [[], ["--out", "all"]])
def test_seeds_go_on_with_the_corpora_that_they_began_with(trmpipe, shards, made, tmp_path, out):
    command = ("train", "shards/", "--task", "sudoku6", "--seeds", 2, *TINY, *out, "--json")
    runs = [tmp_path / one["run"] for one in json.loads(trmpipe(*command).out)["runs"]]
    kept = [cut_back(run) for run in runs]
    shutil.copytree(made / "more", shards / "more")
    done = trmpipe(*command, "--resume")
    assert done.code == 0, done.err
    assert [tmp_path / one["run"] for one in json.loads(done.out)["runs"]] == runs
    assert [(run / "metrics.jsonl").read_bytes() for run in runs] == kept


@pytest.fixture
def mixture(trmpipe, shards, made):
    """A run on two 6x6 corpora with held-out puzzles each."""
    shutil.copytree(made / "more", shards / "more")
    done = trmpipe("train", "shards/", "--task", "sudoku6", *WHOLE, "--out", "run")
    assert done.code == 0, done.err
    return done


def test_a_mixture_is_scored_on_all_corpora(trmpipe, mixture, tmp_path, shards):
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    tests = [line for line in lines if line["split"] == "test"]
    assert tests
    for line in tests:
        # Of evaluation.limit=7 the smaller corpus has all that it holds, 4.
        parts = [line[f"cell/{NAMES[6]}"], line["cell/sudoku6-n10-aug3-seed1-test5"]]
        assert line["cell"] == pytest.approx((parts[0] * 4 + parts[1] * 3) / 7)
    end = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert (end["puzzles"], [part["puzzles"] for part in end["corpora"]]) == (9, [5, 4])
    assert f"; {NAMES[6]} " in mixture.out
    scores = json.loads(trmpipe("evaluate", "run", "--json").out)
    assert scores["steps"] == end["steps"]
    for told, kept in zip(scores["corpora"], end["corpora"], strict=True):
        assert {name: told[name] for name in kept} == kept
    single = [part["passes"][0]["exact"] for part in (scores, *scores["corpora"])]
    assert [one["number"] for one in single] == [9, 5, 4]
    assert single[0]["right"] == single[1]["right"] + single[2]["right"]
    assert sum(one["puzzles"] for one in scores["difficulty"]) == 9
    assert scores["corpus_paths"] == [str(shards / "more"), str(shards / NAMES[6])]
    said = trmpipe("evaluate", "run").out
    assert f"on 9 held-out puzzles of {shards / 'more'} and {shards / NAMES[6]}" in said
    assert f"\n4 of {NAMES[6]}\n" in said
    one = json.loads(trmpipe("evaluate", "run", "--json", "--corpus", f"shards/{NAMES[6]}").out)
    assert one["steps"] == end["corpora"][1]["steps"]
    assert "corpora" not in one
    least = trmpipe("evaluate", "run", "--limit", 1).out
    assert f"on 1 held-out puzzle of {shards / NAMES[6]}\n" in least, "the other corpus is not asked"
    # In a folder the other task is left out.
    assert json.loads(trmpipe("evaluate", "run", "--json", "--corpus", "shards").out)["puzzles"] == 9


@pytest.mark.parametrize(("limit", "sizes"), [(None, [5, 4]), (10, [5, 4]), (7, [3, 4]), (3, [1, 2]), (0, [])])
def test_a_limit_is_shared(made, limit, sizes):
    corpora = [Corpus.open(made / "more"), Corpus.open(made / NAMES[6])]
    parts = read_held_out_parts(corpora, limit)
    assert [len(part) for part in parts.values()] == sizes
    assert len(read_held_out(corpora, limit)) == sum(sizes)


def test_one_corpus_has_no_parts(trmpipe, shards, tmp_path):
    assert trmpipe("train", f"shards/{NAMES[6]}", *TINY, "--out", "run").code == 0
    assert "/" not in (tmp_path / "run" / "metrics.jsonl").read_text()
    assert "corpora" not in json.loads((tmp_path / "run" / "evaluation.json").read_text())
