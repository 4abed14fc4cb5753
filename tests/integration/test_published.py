"""Published checkpoints through the commands: imported, scored, trained on, exported, and imported again."""

import json
import shlex

import numpy as np
import pytest
import torch

from tests.references import trm as reference
from tests.runs import config, quick_training
from trmpipe.trainer import load_published, load_run
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRM, TRMConfig
from trmpipe.trainer.published.reading import PREFIX

SMALL = {"width": 16, "num_heads": 2, "inner": 24, "token_inner": 12, "h_cycles": 2, "l_cycles": 1, "num_prefix": 2}
CYCLES = ["--h-cycles", 2, "--l-cycles", 1]
SMALL_RUN = [
    "--set=batch_size=8",
    "--set=evaluation.limit=4",
    "--set=evaluation.steps=2",
    "--set=max_steps=703",
    "--set=checkpoint_every=2",
    "--set=log_every=1",
]


@pytest.fixture(autouse=True)
def quick():
    with quick_training():
        yield


@pytest.fixture(scope="module", params=["mlp_t", "attention"])
def weights(request, tmp_path_factory):
    """A file as the published code writes it, with the names of a compiled model."""
    sizes = CorpusSizes(seq_len=16, vocab_size=6)
    settings = {**SMALL, "mixer": request.param, "num_prefix": 16 if request.param == "attention" else 2}
    net = TRM(TRMConfig(**settings), sizes, generator=torch.Generator().manual_seed(1))
    torch.nn.init.normal_(net.q_head.weight, generator=torch.Generator().manual_seed(2))
    path = tmp_path_factory.mktemp("published") / "step_700"
    torch.save({PREFIX + name: tensor for name, tensor in net.state_dict().items()}, path)
    return path


@pytest.fixture
def taken(trmpipe, corpus4, weights, tmp_path):
    """A run of the weights, and what the command said of it."""
    done = trmpipe(
        "import", "checkpoint", weights, "--corpus", corpus4, "--out", tmp_path / "run", "--heads", 2,
        *CYCLES, *SMALL_RUN, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    return tmp_path / "run", json.loads(done.out)


def same(path, other):
    found, expected = (torch.load(one, weights_only=True) for one in (path, other))
    return list(found) == list(expected) and all(
        torch.equal(found[name], expected[name]) and found[name].dtype == expected[name].dtype for name in expected
    )


def test_an_import_is_scored_and_trained_on(trmpipe, taken, corpus4, weights):
    run, told = taken
    assert (told["step"], told["preset"]) == (
        700,
        {"mlp_t": "sudoku-mlp"}.get(told["model"]["mixer"], "sudoku-attention"),
    )
    assert config(run)["imported"]["file"] == "step_700"
    assert any("precision fp32" in note for note in told["notes"])
    idle = any("model.num_heads changes nothing" in note for note in told["notes"])
    assert idle == (told["model"]["mixer"] == "mlp_t")
    scores = json.loads(trmpipe("evaluate", run, "--json").out)
    assert (scores["trained_steps"], len(scores["steps"])) == (700, 2)
    begun = "published weights step_700"
    assert scores["protocol"]["regime"] == {"puzzles": None, "variants": None, "begun": begun}
    assert "700/703" in trmpipe("runs", run.parent).out
    line = trmpipe(*shlex.split(told["resume"])[1:], "--device=cpu")
    assert (line.code, "resumed after step 700" in line.err) == (0, True), line.err
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == [701, 702, 703]
    regime = json.loads(trmpipe("evaluate", run, "--json").out)["protocol"]["regime"]
    assert (regime["puzzles"], regime["begun"]) == (20, begun)
    assert [path.name for path in sorted((run / "checkpoints").iterdir())] == [
        "step-000700.pt",
        "step-000702.pt",
        "step-000703.pt",
    ]
    begun = trmpipe("train", corpus4, "--from", run, "--out", run.parent / "from", *model_of(told), *SMALL_RUN,
                    "--max-steps=1", "--device=cpu")  # fmt: skip
    assert (begun.code, "begins with the averaged weights of run after step 703" in begun.err) == (0, True), begun.err


def test_weights_whose_training_is_over_are_trained_on_by_a_tenth(trmpipe, corpus4, weights, tmp_path):
    run = tmp_path / "over"
    done = trmpipe(
        "import", "checkpoint", weights, "--corpus", corpus4, "--out", run, "--heads", 2, *CYCLES, *SMALL_RUN,
        "--set=max_steps=700", "--json",
    )  # fmt: skip
    assert "--max-steps 770 " in json.loads(done.out)["resume"]


@pytest.mark.parametrize(
    "setting", ["mlp=normed", "positions=none", "latents=single", "num_nets=2"], ids=lambda setting: setting[:9]
)
def test_what_no_published_code_computes_is_not_exported(trmpipe, corpus4, tmp_path, setting):
    """Its tensors would be read, and mean another network."""
    run = tmp_path / "run"
    small = ["--set=model.width=16", "--set=model.inner=16", f"--set=model.{setting}", "--set=model.mixer=attention"]
    trained = trmpipe("train", corpus4, "--out", run, "--max-steps=1", "--device=cpu", *small, "--set=batch_size=4")
    assert trained.code == 0, trained.err
    done = trmpipe("export", "checkpoint", run)
    assert done.code == 1
    assert f"has model.{setting.replace('=', ' ')}, and published networks have" in done.message
    assert not (run / "step_1").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set=model.mixer=conv"], "has model.mixer conv, and published networks have mlp_t or attention"),
        (["--set=learner.name=winner_take_all"], "was taught to start from latents that are drawn"),
    ],
    ids=["convolution", "drawn starts"],
)
def test_what_nobody_could_read_back_is_not_exported(trmpipe, corpus4, tmp_path, options, words):
    run = tmp_path / "run"
    small = ["--set=model.width=16", "--set=model.inner=16", "--set=model.token_inner=16", "--set=model.num_prefix=1"]
    small = [one for one in small if "token" not in one or "conv" not in options[0]]
    quick = ["--max-steps=1", "--device=cpu", "--set=batch_size=4"]
    trained = trmpipe("train", corpus4, "--out", run, *quick, *small, *options)
    assert trained.code == 0, trained.err
    done = trmpipe("export", "checkpoint", run)
    assert (done.code, words in done.message) == (1, True), done.message
    assert not (run / "step_1").exists()


def test_any_checkpoint_is_exported(trmpipe, taken):
    run, told = taken
    assert trmpipe(*shlex.split(told["resume"])[1:], "--device=cpu").code == 0
    for which, step in (("702", 702), ("last", 703)):
        assert json.loads(trmpipe("export", "checkpoint", run, "--checkpoint", which, "--json").out)["step"] == step
        assert (run / f"step_{step}").exists()
    assert not same(run / "step_702", run / "step_703")
    refused = trmpipe("export", "checkpoint", run, "--checkpoint", "best")
    assert (refused.code, "no best checkpoint" in refused.message) == (1, True), refused.message


def model_of(told):
    return [f"--set=model.{name}={value}" for name, value in told["model"].items() if name != "name"]


def test_an_import_that_is_stopped_and_resumed_is_the_same(trmpipe, taken, weights):
    run, told = taken
    again = shlex.split(told["resume"])[1:]
    assert trmpipe(*again, "--device=cpu").code == 0
    whole = (run / "metrics.jsonl").read_bytes()
    for later in ("step-000702.pt", "step-000703.pt"):
        (run / "checkpoints" / later).unlink()
    assert trmpipe(*again, "--device=cpu").code == 0
    assert (run / "metrics.jsonl").read_bytes() == whole


def test_an_export_is_what_was_imported(trmpipe, taken, weights, corpus4, tmp_path):
    run, _ = taken
    done = trmpipe("export", "checkpoint", run)
    assert done.out.startswith(f"{run / 'step_700'}: ")
    assert same(run / "step_700", weights)
    other = tmp_path / "e.safetensors"
    assert json.loads(trmpipe("export", "checkpoint", run, "--out", other, "--json").out)["file"] == str(other)
    assert trmpipe("import", "checkpoint", other, "--corpus", corpus4, "--out", tmp_path / "second", "--heads", 2,
                   *CYCLES, *SMALL_RUN).code == 0  # fmt: skip
    assert trmpipe("export", "checkpoint", tmp_path / "second").code == 0
    assert same(tmp_path / "second" / "step_0", weights)


def test_an_export_is_the_published_network(trmpipe, taken, tmp_path):
    run, _ = taken
    assert trmpipe("export", "checkpoint", run, "--out", tmp_path / "step_9").code == 0
    state = torch.load(tmp_path / "step_9", weights_only=True)
    state = {name.removeprefix(PREFIX): tensor.double() for name, tensor in state.items()}
    found = load_run(run, "cpu")
    model = found.trained.config.model
    inputs = np.random.Generator(np.random.Philox(1)).integers(1, 6, (4, 16))
    z_H, z_L = (state[name].expand(4, 16 + model.num_prefix, -1) for name in ("H_init", "L_init"))
    tokens = torch.from_numpy(inputs)
    for _ in range(3):
        z_H, z_L, expected, halting = reference.step(z_H, z_L, tokens, torch.zeros(4, dtype=torch.int64), state, model)
    logits, halt = found.predict(inputs, np.zeros(4, np.int64), num_steps=3)
    # Float32 over some 15 calls of the core; the reference computes in float64.
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_allclose(halt, halting, atol=1e-4)
    said = {"h_cycles": 2, "l_cycles": 1} | ({"num_heads": 2} if model.mixer == "attention" else {})
    alone = load_published(tmp_path / "step_9", task="sudoku4", **said, device="cpu")
    assert np.array_equal(alone.predict(inputs, num_steps=3)[0], logits)


def test_mistakes_get_one_line(trmpipe, taken, weights, corpus4, tmp_path):
    run, _ = taken
    usual = ["--corpus", corpus4, "--out", tmp_path / "other"]
    for arguments, code, words in (
        ([tmp_path / "nowhere", *usual], 1, "there is no file"),
        ([corpus4 / "manifest.json", *usual], 1, "it is no zip archive"),
        ([weights, "--out", tmp_path / "x"], 2, "--corpus"),
        ([weights, *usual, "--h-cycles", 0], 2, "--h-cycles is 0; expected 1"),
        ([weights, *usual, "--set", "model.width=32"], 1, "does not fit the model trm"),
        ([weights, *usual, "--set", "nothing=32"], 2, "there is no setting 'nothing'"),
        ([weights, "--corpus", corpus4, "--heads", 2, "--out", run], 1, "is a run already"),
        ([weights, "--corpus", tmp_path / "none"], 1, "no corpus"),
    ):
        refused = trmpipe("import", "checkpoint", *arguments)
        assert (refused.code, words in refused.message) == (code, True), refused.message
    assert not (tmp_path / "other").exists()
    for arguments, code, words in (
        ([tmp_path], 1, "is no run"),
        ([run, "--out", tmp_path], 2, "is a folder; give a file"),
    ):
        refused = trmpipe("export", "checkpoint", *arguments)
        assert (refused.code, words in refused.message) == (code, True), refused.message


def test_what_is_said_to_be_the_presets_is(trmpipe, weights, corpus4, tmp_path):
    """What `--set` changes is not, and what the run has is told."""
    heads = () if "mlp_t" in str(weights) else ("--heads", 2)
    arguments = ["--corpus", corpus4, "--out", tmp_path / "run", *heads, *SMALL_RUN, "--set", "model.h_cycles=2"]
    told = json.loads(trmpipe("import", "checkpoint", weights, *arguments, "--json").out)
    (note,) = (note for note in told["notes"] if "not in the file" in note)
    assert "h_cycles" not in note
    assert f"l_cycles {told['model']['l_cycles']}" in note
    assert told["model"]["h_cycles"] == 2


def test_a_run_has_the_steps_that_its_weights_have(trmpipe, weights, corpus4, tmp_path):
    arguments = ["--corpus", corpus4, "--out", tmp_path / "run", "--heads", 2, *CYCLES, *SMALL_RUN]
    done = trmpipe("import", "checkpoint", weights, *arguments, "--set=max_steps=9")
    assert "the run has 700 steps, as many as the file's name says were taken" in done.err
    assert config(tmp_path / "run")["train"]["max_steps"] == 700


def test_one_process_imports_and_exports(trmpipe, taken, weights, corpus4, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for command in (
        ["import", "checkpoint", weights, "--corpus", corpus4, "--out", tmp_path / "run"],
        ["export", "checkpoint", taken[0]],
        ["analyse", taken[0]],
    ):
        refused = trmpipe(*command)
        assert (refused.code, "run it without torchrun" in refused.message) == (1, True)
    assert not (taken[0] / "step_700").exists()


def test_an_import_without_its_checkpoint_does_not_start_over(trmpipe, taken):
    run, told = taken
    (run / "checkpoints" / "step-000700.pt").unlink()
    refused = trmpipe(*shlex.split(told["resume"])[1:], "--device=cpu")
    assert refused.code == 1
    assert "the weights that it was made of were in one; import step_700 again" in refused.message
