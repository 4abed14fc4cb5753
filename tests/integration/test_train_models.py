"""Models and learners beside TRM's, trained whole: stopped, resumed and equal, scored and asked."""

import json

import pytest
import torch

from tests.runs import metrics, stopping_at

KINDS = {
    "eqr": ["model.name=eqr", "model.width=16", "model.inner=16", "model.token_inner=16", "model.h_cycles=2"],
    "chains": [
        "learner.name=winner_take_all",
        "learner.closeness=0.3",
        "model.width=16",
        "model.inner=16",
        "model.token_inner=16",
        "model.mlp=normed",
    ],
    "autoregressive": [
        "learner.name=token_by_token",
        "model.name=autoregressive",
        "model.width=16",
        "model.num_layers=1",
        "model.num_heads=2",
        "model.inner=16",
    ],
}
SETTINGS = [
    *("batch_size=8", "num_slices=2", "log_every=2", "checkpoint_every=3", "evaluation.every=3", "evaluation.limit=4"),
    *("evaluation.steps=2", "optimiser.lr=0.01", "schedule.warmup_steps=1", "precision=fp32"),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Torch on one thread: tiny matrices are faster so."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_stopped_goes_on_as_if_it_had_not_been(kind, corpus4, trmpipe, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    settings = [f"--set={one}" for one in (*KINDS[kind], *SETTINGS)]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"

    def train(out, *more):
        return trmpipe("train", corpus4, "--out", out, "--max-steps", 6, "--device=cpu", *settings, *more)

    result = train(whole)
    assert result.code == 0, result.err
    with monkeypatch.context() as patch:
        stopping_at(patch, 3)
        assert train(stopped).code == 130
    assert train(stopped, "--resume").code == 0
    assert metrics(stopped) == metrics(whole)
    states = [
        torch.load(run / "checkpoints" / "step-000006.pt", weights_only=True)["trainer"] for run in (whole, stopped)
    ]
    for part in ("net", "ema", "state"):
        assert states[0][part].keys() == states[1][part].keys()
        assert all(torch.equal(value, states[1][part][name]) for name, value in states[0][part].items()), part
    score = json.loads(trmpipe("evaluate", whole, "--limit", 4, "--json").out)
    assert score["steps"] == json.loads(trmpipe("evaluate", stopped, "--limit", 4, "--json").out)["steps"]
    assert trmpipe("solve", whole, "1" + "." * 15).code == 0
    # Where nothing is drawn, restarts are refused in words; where the network or the learner draws, they are made.
    asked = trmpipe("evaluate", whole, "--limit", 4, "--restarts", 2)
    assert asked.code == 0
    assert ("restarts change nothing" in asked.err) == (kind == "autoregressive")
    assert ("2 restarts" in asked.out) == (kind != "autoregressive")
