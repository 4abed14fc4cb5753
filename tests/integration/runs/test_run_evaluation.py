"""Evaluations that people can cite: depth, restarts, votes, difficulty, and the protocol beside every number."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.outside.shades.models import PUDDLE
from tests.plug_ins import add_entry
from tests.runs import OF_ANY_MODEL, TINY, make_run, quick_training, reseal
from trmpipe.cli.main import run as command
from trmpipe.generators.errors import OptionError
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import Groups, Task
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Silent
from trmpipe.trainer.evaluators import EvaluationRequest, evaluator_of
from trmpipe.trainer.judging import Judgement
from trmpipe.trainer.models import MODELS
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.runs.run_folder import RunFolder
from trmpipe.trainer.scores import scoring
from trmpipe.trainer.trained.inference import evaluate_run, open_trained
from trmpipe.trainer.trained.kept_scores import read_kept
from trmpipe.trainer.trained.loaded import load_run

OUTSIDE = Path(__file__).parents[2] / "outside"
PUDDLES = ["--set=model.name=puddle", "--set=model.width=8", "--set=model.noise=1", "--set=optimiser.name=adamw"]


@pytest.fixture(autouse=True)
def puddle(monkeypatch):
    """A network that draws at random, as a package would bring it."""
    add_entry(monkeypatch, MODELS, "puddle", PUDDLE)


@pytest.fixture(scope="module")
def drawing(corpus4, tmp_path_factory):
    """A run of a network that draws at random, with a halting head and a state; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "drawing"
    tiny = [one for one in TINY if "model." not in one]
    with quick_training(), pytest.MonkeyPatch.context() as patch:
        add_entry(patch, MODELS, "puddle", PUDDLE)
        assert command(["train", str(corpus4), "--out", str(out), *tiny, *PUDDLES]) == 0
    return out


@pytest.fixture(scope="module")
def run6(corpus6, tmp_path_factory):
    """A run on a corpus with puzzles of several levels; not to be changed."""
    return make_run(corpus6, tmp_path_factory.mktemp("runs") / "six", OF_ANY_MODEL)


def told(trmpipe, *arguments):
    done = trmpipe("evaluate", *arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_single_pass_comes_first_and_other_depths_beside_it(trmpipe, finished):
    plain, deep, shallow = (told(trmpipe, finished, *more) for more in ((), ("--steps", 70), ("--steps", 1)))
    assert deep["steps"][:2] == plain["steps"] == shallow["steps"]
    assert len(deep["steps"]) == len(deep["intervals"]) == 70
    assert [[(one["name"], one["steps"]) for one in scores["passes"]] for scores in (plain, deep, shallow)] == [
        [("single pass", 2)],
        [("single pass", 2), ("depth", 70)],
        [("single pass", 2), ("depth", 1)],
    ]
    assert deep["passes"][0] == plain["passes"][0] == shallow["passes"][0]
    for scores in (plain, deep, shallow):
        for one in scores["passes"]:
            assert one["exact"]["share"] == scores["steps"][one["steps"] - 1]["exact"]
            assert [one["exact"]["low"], one["exact"]["high"]] == scores["intervals"][one["steps"] - 1]["exact"]
    lines = trmpipe("evaluate", finished, "--steps", 70).out.splitlines()
    regime = "trained on 20 puzzles x up to 1,000 variants"
    assert lines[1].startswith("single pass: ")
    assert lines[1].endswith(f" exact; 2 steps, 1 restart, 1 variant, {regime}")
    assert lines[2].endswith(f" exact; 70 steps, 1 restart, 1 variant, {regime}")
    steps = [int(line.split()[0]) for line in lines[4:] if line.split()[0].isdigit()]
    assert steps == [*range(1, 17), 32, 64, 70]
    assert lines[-1] == "in brackets: 95% intervals (Wilson)"


def test_the_protocol_says_how_the_scores_came_about(trmpipe, finished, drawing):
    assert told(trmpipe, finished, "--limit", 5)["protocol"] == {
        "split": "test",
        "checkpoint_step": 9,
        "puzzles": 5,
        "steps": 2,
        "restarts": 1,
        "choose": None,
        "variants": 1,
        "search": None,
        "regime": {"puzzles": 20, "variants": 1000},
        "in_training": {"puzzles": 0, "of": 8},
    }
    asked = told(trmpipe, drawing, "--steps", 3, "--restarts", 2, "--choose", "residual", "--variants", 4)["protocol"]
    assert [asked[name] for name in ("steps", "restarts", "choose", "variants")] == [3, 2, "residual", 4]


def test_a_network_without_chance_makes_one_restart_and_says_so(trmpipe, finished):
    done = trmpipe("evaluate", finished, "--restarts", 3)
    assert "the model draws nothing at random, so that restarts change nothing; 1 is made, not 3" in done.err
    assert "restarts:" not in done.out
    with pytest.warns(UserWarning, match="restarts change nothing"):
        report = load_run(finished).evaluate(restarts=3)
    assert report.to_json()["protocol"]["restarts"] == 1


@pytest.fixture
def even(monkeypatch):
    """An answer counts where its tokens add up to an even number, so that a network that learned nothing is right."""

    def judge(inputs, labels, answers):
        right = answers.sum(-1) % 2 == 0
        return Judgement(cell=right.float(), exact=right, solved=right)

    monkeypatch.setattr("trmpipe.trainer.evaluators.label.judge_by_label", judge)


@pytest.mark.parametrize("choose", ["halt", "residual"])
def test_restarts_are_chosen_by_what_the_model_says(drawing, corpus4, choose, even):
    """Beside one restart after the other, asked by hand and compared step by step."""
    trained, corpus = open_trained(str(drawing), "cpu"), Corpus.open(corpus4)
    held_out = corpus.read("test")
    with trained.examinee() as examinee:
        deep = replace(examinee, num_steps=4)
        tries = [list(deep.answers(held_out.inputs, held_out.identifiers, restart)) for restart in range(5)]
    scored = load_run(drawing).evaluate(steps=4, restarts=5, choose=choose).to_json()
    assert scored["steps"][-1]["open_cell"] == pytest.approx(right_cells(tries[0][-1].tokens.numpy(), held_out))
    differ = 0
    for step, found in enumerate(scored["restart_steps"]):
        if choose == "halt":
            worth = np.array([one[step].halt.numpy() for one in tries])
        else:
            worth = -np.array([np.mean([a.residual.numpy() for a in one[: step + 1][-3:]], axis=0) for one in tries])
        best, columns = worth.argmax(0), np.arange(len(held_out))
        tokens = np.array([one[step].tokens.numpy() for one in tries])[best, columns]
        right = tokens.sum(1) % 2 == 0
        assert found["exact"]["right"] == right.sum()
        differ += (right != (tries[0][step].tokens.numpy().sum(1) % 2 == 0)).any()
    assert differ, "the first restart would do as well, which proves nothing"
    assert scored["passes"][-1]["name"] == "restarts"
    assert {name: scored["passes"][-1][name] for name in ("steps", "restarts", "choose", "variants")} == {
        "steps": 4,
        "restarts": 5,
        "choose": choose,
        "variants": 1,
    }


def right_cells(tokens, held_out):
    asked = held_out.inputs != held_out.labels
    return (tokens == held_out.labels)[asked].mean()


@pytest.fixture
def oracle(monkeypatch):
    """Make a network answer as `answer(inputs)` says, uint8 [N, S] each, with the halting logits of `sure(inputs)`."""
    import torch

    from trmpipe.trainer.learners import Answer
    from trmpipe.trainer.scores.examinee import Examinee

    def install(answer, sure=lambda inputs: np.zeros(len(inputs))):
        def answers(self, inputs, identifiers, restart=0):
            for _ in range(self.num_steps):
                tokens = torch.from_numpy(answer(inputs).astype(np.int64))
                yield Answer(tokens, torch.from_numpy(sure(inputs)).float(), torch.empty(0), None)

        monkeypatch.setattr(Examinee, "answers", answers)

    return install


def test_variants_that_agree_outvote_the_puzzle_itself(trmpipe, run6, corpus6, oracle):
    """A model that solves all puzzles but the held-out ones as they are."""
    task, held_out = get_task("sudoku6"), Corpus.open(corpus6).read("test")
    known = {row.tobytes() for row in held_out.inputs}

    def answer(inputs):
        solved = task.solve(inputs).labels
        bad = [row.tobytes() in known for row in inputs]
        solved[bad] = solved[bad][:, ::-1]
        return solved

    oracle(answer)
    scores = told(trmpipe, run6, "--variants", 4)
    single, votes = scores["passes"]
    assert (single["name"], single["exact"]["right"], single["variants"]) == ("single pass", 0, 1)
    assert (votes["name"], votes["exact"]["right"], votes["variants"]) == ("votes", 20, 4)
    # Two that differ have a vote each, and the surer one wins.
    oracle(answer, sure=lambda inputs: np.array([1.0 if row.tobytes() in known else 0.0 for row in inputs]))
    assert told(trmpipe, run6, "--variants", 2)["passes"][1]["exact"]["right"] == 0
    line = trmpipe("evaluate", run6, "--variants", 4).out.splitlines()[2]
    assert line.startswith("votes: 100.00% (83.89 to 100.00) exact; 2 steps, 1 restart, 4 variants, trained on 40 ")


def test_puzzles_with_few_variants_have_fewer_votes(trmpipe, finished, corpus4, oracle):
    """Of 4x4 puzzles some have fewer variants than are asked for, and each is asked for once."""
    task, asked = get_task("sudoku4"), set()

    def answer(inputs):
        asked.update(row.tobytes() for row in inputs)
        return task.solve(inputs).labels

    oracle(answer)
    catalog, bases = Corpus.open(corpus4).catalog["test"], Corpus.open(corpus4).read("test")
    most = int(task.num_variants(Groups.single(catalog.candidates, bases.inputs, bases.labels)).min()) + 3
    assert told(trmpipe, finished, "--variants", most)["passes"][1]["exact"]["right"] == 8
    every = task.num_variants(Groups.single(catalog.candidates, bases.inputs, bases.labels))
    # One held-out puzzle may be a variant of none of the others, so that all images differ.
    assert len(asked) == np.minimum(every, most).sum()


def test_accuracy_by_difficulty_adds_up(trmpipe, run6, corpus6):
    scores = told(trmpipe, run6)
    ratings = Corpus.open(corpus6).catalog["test"].difficulty
    bins = scores["difficulty"]
    assert sum(one["puzzles"] for one in bins) == 20
    assert sum(one["exact"]["right"] for one in bins) == scores["passes"][0]["exact"]["right"]
    assert bins[0] == {**bins[0], "level": "easy", "least": 0, "most": 0, "puzzles": int((ratings == 0).sum())}
    lines = trmpipe("evaluate", run6).out.splitlines()
    (head,) = [line for line in lines if line.split() == ["difficulty", "rating", "puzzles"]]
    assert lines[lines.index(head) + 1].split()[:3] == ["easy", "0", str(bins[0]["puzzles"])]


def test_ratings_of_a_table_have_no_levels_of_the_task(trmpipe, corpus6, run6, tmp_path):
    task, rows = get_task("sudoku6"), Corpus.open(corpus6).read("train").take(slice(0, None, 31))
    table = [f"{task.format(puzzle)},{2 * i}" for i, puzzle in enumerate(rows.inputs[:12])]
    (tmp_path / "list.csv").write_text("\n".join(["puzzle,rating", *table]) + "\n")
    made = ["--size", 6, "--input", tmp_path / "list.csv", "--file-rating", "--n", 4, "--test", 8, "--aug", 1]
    assert trmpipe("generate", "sudoku", *made, "--out", tmp_path / "c").code == 0
    bins = told(trmpipe, run6, "--corpus", tmp_path / "c")["difficulty"]
    assert {one["level"] for one in bins} == {None}
    assert sum(one["puzzles"] for one in bins) == 8
    assert len(bins) in (4, 5)


def test_without_ratings_there_is_no_difficulty(trmpipe, finished, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.scores.trials.ratings_of", lambda corpus, rows: np.full(len(rows), np.nan))
    assert "difficulty" not in told(trmpipe, finished)
    assert "difficulty" not in trmpipe("evaluate", finished).out


def test_ranks_together_find_what_one_process_does(drawing, corpus4, monkeypatch, even):
    """Two ranks in turn; rank 0 comes last, and gets what the other has left. Batches of 3, so that both have some."""
    left = []

    class InTurn(Ranks):
        def gather(self, value):
            left.insert(0, value)
            return left if self.rank == 0 else []

    monkeypatch.setattr(scoring, "EVALUATION_BATCH", 3)
    trained, corpus = open_trained(str(drawing), "cpu"), Corpus.open(corpus4)
    request = EvaluationRequest(folder=drawing, steps=3, restarts=3, variants=3)

    def evaluate(ranks):
        return evaluate_run(trained, [corpus], evaluator_of(corpus.spec), request, ranks, Silent())

    whole = evaluate(Ranks())
    assert evaluate(InTurn(rank=1, world_size=2)) is None
    assert len(left) == 1
    assert len(left[0]) == 1, "of 8 puzzles in batches of 3 it has the second batch"
    assert evaluate(InTurn(rank=0, world_size=2)).to_json() == whole.to_json()


@pytest.mark.slow
def test_torchrun_shares_the_puzzles(trmpipe, tmp_path):
    """More puzzles than a batch, so that both processes have some; the network that draws is an installed package's."""
    generate(Recipe(task="sudoku6", n=4, aug=2, test=130), str(tmp_path / "corpus"))
    tiny = [one for one in TINY if "model." not in one]
    assert trmpipe("train", tmp_path / "corpus", "--out", tmp_path / "run", *tiny, *PUDDLES).code == 0
    ways = ("--steps", "3", "--restarts", "2", "--variants", "2")
    expected = told(trmpipe, tmp_path / "run", *ways)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, "-m", "trmpipe", "evaluate", str(tmp_path / "run"), *ways, "--json", "--device=cpu"],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(OUTSIDE)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


def test_other_questions_are_kept_beside_the_usual_one(trmpipe, drawing, tmp_path):
    copy = shutil.copytree(drawing, tmp_path / "run", ignore=shutil.ignore_patterns("evaluations"))
    for more in (
        (),
        ("--restarts", 2),
        ("--restarts", 2, "--choose", "residual"),
        ("--steps", 5),
        ("--variants", 2),
        (),
    ):
        assert trmpipe("evaluate", copy, *more).code == 0
    kept, damaged = read_kept(RunFolder(copy))
    assert damaged == []
    found = sorted((one.steps or 0, one.restarts, one.choose, one.variants or 0) for one in kept)
    # The last one is of the end of training.
    assert found == sorted(
        [(0, 1, "", 0)] * 2 + [(0, 2, "halt", 0), (0, 2, "residual", 0), (5, 1, "", 0), (0, 1, "", 2)]
    )
    assert len({tuple(one.headline.items()) for one in kept}) == 1, "runs are compared by their single pass"


def test_scores_that_were_kept_before_are_read_still(trmpipe, nine):
    shutil.rmtree(nine / "evaluations", ignore_errors=True)
    assert trmpipe("evaluate", nine).code == 0
    (path,) = (nine / "evaluations").iterdir()
    values = json.loads(path.read_text())
    assert not {"steps", "restarts", "choose"} & set(values), "the usual question has the fields that it always had"
    reseal(path, replace={name: value for name, value in values.items() if name != "scores"}, rehash=False)
    assert trmpipe("runs", nine.parent).code == 0


def test_numbers_and_tasks_that_do_not_fit_are_refused(trmpipe, finished, drawing, corpus4, monkeypatch):
    for wishes in ({"steps": 0}, {"restarts": 0}, {"variants": 0}, {"limit": 0}, {"steps": 10_001}, {"choose": "luck"}):
        with pytest.raises(OptionError, match=next(iter(wishes))):
            load_run(finished).evaluate(**wishes)
    refused = trmpipe("evaluate", finished, "--variants", 10_001)
    assert (refused.code, "expected 1 to 10,000" in refused.message) == (2, True)
    assert trmpipe("evaluate", finished, "--choose", "luck").code == 2
    monkeypatch.setattr("trmpipe.generators.sudoku.task.SudokuTask.map_back", no_way_back)
    refused = trmpipe("evaluate", finished, "--variants", 2)
    assert refused.code == 2
    assert "does not say how an answer to a variant is mapped back" in refused.message


def no_way_back(self, *arguments):
    return Task.map_back(self, *arguments)


def test_python_gives_what_the_command_does(trmpipe, drawing):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = load_run(drawing).evaluate(steps=3, restarts=2, choose="residual", variants=3)
    said = told(trmpipe, drawing, "--steps", 3, "--restarts", 2, "--choose", "residual", "--variants", 3)
    assert report.to_json() == {name: value for name, value in said.items() if name in report.to_json()}
