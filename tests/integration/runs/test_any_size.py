"""A run whose model takes any size, on corpora of another: scored, gone on from, asked; and which are refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.runs import OF_ANY_MODEL, config, make_run
from trmpipe.shards import Corpus
from trmpipe.trainer.building.build import build_net, corpus_sizes
from trmpipe.trainer.models.equivariant import EquivariantConfig
from trmpipe.trainer.models.se_rrm import SERRMConfig
from trmpipe.trainer.runs.checkpoint import list_checkpoints
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.trained.inference import open_trained
from trmpipe.trainer.trained.loaded import load_run

MODEL = ["model.name=equivariant", "model.width=8", "model.message=4", "model.inner=8", "model.num_layers=1"]
ANY_SIZE = [
    *("--max-steps=3", "--device=cpu", "--set=learner.unroll=2"),
    *[f"--set={one}" for one in (*MODEL, "batch_size=8", "checkpoint_every=1", "evaluation.every=0")],
    *("--set=evaluation.steps=2", "--set=optimiser.lr=0.001", "--set=optimiser.matrix_lr=0.001"),
]
PUZZLE6 = "1" + 35 * "."


@pytest.fixture(scope="module")
def run4(corpus4, tmp_path_factory):
    """A run on 4x4 of a model that takes any size; not to be changed, but for the scores that are kept in it."""
    return make_run(corpus4, tmp_path_factory.mktemp("runs") / "four", ANY_SIZE)


@pytest.fixture(scope="module")
def boxes2(corpus4, tmp_path_factory):
    """Likewise, whose boxes have two rows whatever the size."""
    return make_run(corpus4, tmp_path_factory.mktemp("runs") / "boxes", [*ANY_SIZE, "--set=model.box_rows=2"])


def test_it_is_scored_on_another_size(trmpipe, run4, corpus6):
    done = trmpipe("evaluate", run4, "--corpus", corpus6, "--json")
    assert done.code == 0, done.err
    scores = json.loads(done.out)
    assert (scores["corpus"], scores["puzzles"], scores["trained_steps"]) == (str(corpus6), 20, 3)
    assert json.loads(Path(scores["kept"]).read_text())["corpus"] == corpus6.name
    assert load_run(run4).evaluate(corpus6).to_json()["steps"] == scores["steps"]
    # What it says is what the same weights say in a network that was made for 6x6.
    examples, trained = Corpus.open(corpus6).read("test"), open_trained(str(run4), "cpu")
    sizes = corpus_sizes(Corpus.open(corpus6))
    net = build_net(trained.config, sizes, torch.device("cpu"), torch.float32)
    net.load_state_dict(trained.net.state_dict(), strict=True)
    inputs = torch.from_numpy(examples.inputs.astype(np.int64))
    (*_, last) = trained.learner.answers(net, inputs, inputs[:, 0], 2, inputs[:, 0])
    right = (last.tokens.numpy() == examples.labels).mean()
    assert scores["steps"][-1]["cell"] == pytest.approx(right, abs=1e-6)
    told = trmpipe("evaluate", run4, "--corpus", corpus6).out.splitlines()[0]
    assert told == f"{run4}, trained on sudoku4, after 3 steps, on 20 held-out puzzles of {corpus6}"
    [row] = [line for line in trmpipe("runs", run4).out.splitlines() if "exact" in line]
    assert re.search(rf"% exact; [0-9.]+% exact on {corpus6.name}", row), "what it was trained on comes first"


def test_scores_of_its_own_corpus_name_none(trmpipe, boxes2, corpus4):
    done = trmpipe("evaluate", boxes2, "--corpus", corpus4)
    assert done.out.splitlines()[0] == f"{boxes2} after 3 steps, on 8 held-out puzzles of {corpus4}"
    assert " exact on " not in trmpipe("runs", boxes2).out


def test_a_run_on_another_size_begins_with_its_weights(trmpipe, run4, corpus6, tmp_path):
    out = tmp_path / "tuned"
    done = trmpipe("train", corpus6, *ANY_SIZE, "--from", run4, "--out", out, "--seed=5")
    assert done.code == 0, done.err
    assert config(out)["origin"]["run"] == run4.name
    assert config(out)["task"] == "sudoku6"
    averaged = torch.load(list_checkpoints(run4 / "checkpoints")[-1], weights_only=True)["trainer"]["ema"]
    first = torch.load(out / "checkpoints" / "step-000001.pt", weights_only=True)["trainer"]["net"]
    for name, value in averaged.items():
        assert (first[name] - value).abs().max() < 0.01, name
    assert trmpipe("evaluate", out, "--corpus", corpus6).code == 0


def test_it_solves_puzzles_of_another_size(trmpipe, run4):
    for puzzle in (PUZZLE6, "1" + 15 * "."):
        done = trmpipe("solve", run4, puzzle, "--json")
        assert done.code == 0, done.err
        assert len(json.loads(done.out)["answer"]) == len(puzzle)
    refused = trmpipe("solve", run4, "1....")
    assert refused.code == 2
    assert "the puzzle cannot be read: " in refused.message


def test_what_does_not_fit_is_refused_in_one_line(trmpipe, run4, boxes2, finished, corpus6, corpus9, tmp_path):
    usual = trmpipe("evaluate", finished, "--corpus", corpus6)
    assert usual.code == 1
    assert usual.message == f"trmpipe: {finished} was trained on sudoku4, {corpus6} holds sudoku6"
    assert trmpipe("solve", finished, PUZZLE6).code == 2
    odd = trmpipe("evaluate", boxes2, "--corpus", corpus9)
    assert odd.code == 1
    assert f"{boxes2} was trained on sudoku4, {corpus9} holds sudoku9, which the model does not take: " in odd.message
    assert "9 rows do not split into boxes of so many" in odd.message
    other = trmpipe("train", corpus6, *OF_ANY_MODEL, "--out", tmp_path / "a", "--from", run4)
    assert other.code == 1
    assert f"the weights of {run4} do not fit the model: " in other.message


def test_another_model_that_takes_any_size_is_scored_on_another_one(trmpipe, corpus4, corpus6, tmp_path):
    small = ("width=8", "num_heads=1", "symbol_heads=1", "head_width=4", "inner=8", "num_layers=1", "l_cycles=1")
    options = ("--max-steps=1", "--device=cpu", "--set=model.name=se_rrm", "--set=batch_size=8")
    run = make_run(corpus4, tmp_path / "symbols", [*options, *(f"--set=model.{one}" for one in small)])
    assert trmpipe("evaluate", run, "--corpus", corpus6, "--steps=1").code == 0


def test_only_models_that_say_so_take_any_size():
    from trmpipe.trainer.building.build import takes_any_size

    assert takes_any_size(TrainConfig(model=EquivariantConfig()))
    assert takes_any_size(TrainConfig(model=SERRMConfig()))
    assert not takes_any_size(TrainConfig())
