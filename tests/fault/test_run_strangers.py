"""A run from a stranger, signed again: what it names is not opened unasked, what it holds is checked where it goes."""

import hashlib
import json
import re
import shutil
import socket
import zipfile

import pytest
import torch

from tests.runs import TINY, make_run, reseal, resign
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.runs.checkpoint import list_checkpoints, load_checkpoint, save_checkpoint


@pytest.fixture(scope="module")
def trained(corpus4, tmp_path_factory):
    """A run with puzzle embeddings; not to be changed."""
    return make_run(corpus4, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def resume(trmpipe, corpus4, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    return lambda run: trmpipe("train", corpus4, "--out", run, *TINY, "--resume")


@pytest.mark.parametrize("chain", ["::file:///x", ""])
def test_a_url_in_a_config_runs_nothing(run, trmpipe, chain):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        reseal(run / "config.json", paths=[f"dask://127.0.0.1:{server.getsockname()[1]}{chain}"])
        result = trmpipe("evaluate", run)
        assert result.code == 1
        assert "cannot open dask://127.0.0.1" in result.message
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_url_out_of_a_config_is_told_before_it_is_opened(run, trmpipe):
    reseal(run / "config.json", paths=["memory://elsewhere/corpus"])
    result = trmpipe("evaluate", run)
    assert result.code == 1
    told, failed = result.err.splitlines()
    assert told == f"opening memory://elsewhere/corpus, which {run / 'config.json'} names"
    assert "is no corpus" in failed


def test_a_name_in_a_manifest_leads_nowhere(trmpipe, corpus4, tmp_path, monkeypatch):
    corpus = shutil.copytree(corpus4, tmp_path / "corpora" / "corpus")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    reseal(corpus / "manifest.json", name="../../x")
    before = sorted(tmp_path.rglob("*"))
    result = trmpipe("train", corpus, *TINY)
    assert result.code == 1
    assert "manifest.json is damaged" in result.message
    assert sorted(tmp_path.rglob("*")) == before


def test_a_hash_that_is_not_that_of_the_settings(run, trmpipe, resume):
    reseal(run / "config.json", rehash=False, groups=3)
    for result in (trmpipe("evaluate", run), trmpipe("solve", run, "1" * 16), resume(run)):
        assert result.code == 1
        assert "config.json is damaged: its hash is not that of its settings" in result.message


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "../sudoku4"},
        {"task": "\x1b[31msudoku4"},
        {"task": 4},
        {"sizes": {"seq_len": 10**9, "vocab_size": 6}},
        {"sizes": {"seq_len": 16}},
        {"variants": 0},
        {"variants": 2**70},
        {"paths": []},
        {"paths": ["\x1b[2J"]},
        {"corpora": [{"name": "..", "content_digest": "0" * 64}]},
        {"train": []},
        {"train": {}},
        {"version": 4},
        {"version": "\x1b[2J"},
    ],
)
def test_a_config_whose_values_are_not_possible(run, trmpipe, changes):
    reseal(run / "config.json", **changes)
    result = trmpipe("evaluate", run)
    assert result.code == 1
    assert result.message.isprintable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 2**70),
        ("batch_size", "8"),
        ("batch_size", True),
        ("batch_size", 8.5),
        ("ema_decay", [1]),
        ("seed", None),
        ("model", []),
        ("model", {"name": ["trm"]}),
        ("optimiser", {"name": "\x1b[2J"}),
        ("evaluation", {"steps": 10**6, "every": 1, "limit": 1}),
        ("embedding", None),
    ],
)
def test_settings_that_are_not_possible(run, trmpipe, name, value):
    train = json.loads((run / "config.json").read_text())["train"]
    reseal(run / "config.json", train={**train, name: value})
    result = trmpipe("evaluate", run)
    assert result.code == 1
    assert result.message.isprintable()


def test_a_model_of_another_size_than_the_checkpoint_takes_no_memory(run, trmpipe):
    train = json.loads((run / "config.json").read_text())["train"]
    train["model"] |= {"width": 1 << 20, "inner": 1 << 20}
    reseal(run / "config.json", train=train)
    digest = json.loads((run / "config.json").read_text())["hash"]
    resign(list_checkpoints(run / "checkpoints")[-1], lambda state: state.update(config_digest=digest))
    result = trmpipe("evaluate", run)
    assert result.code == 1
    assert "the checkpoint's average does not fit the model: " in result.message


def test_a_task_that_the_network_was_not_made_for(run, trmpipe):
    reseal(run / "config.json", task="sudoku6")
    result = trmpipe("solve", run, "1" * 36)
    assert result.code == 1
    assert "was trained on 16 cells of 6 tokens, sudoku6 has 36 of 8" in result.message


def put(*places):
    """A change of a state: what the last of `places` is put in at the place that the others say."""
    *way, last, value = places

    def change(state):
        for name in way:
            state = state[name]
        state[last] = value(state.get(last) if isinstance(state, dict) else state[last]) if callable(value) else value

    return change


def take(*places):
    *way, last = places

    def change(state):
        for name in way:
            state = state[name]
        del state[last]

    return change


WEIGHT = "lm_head.weight"
CHANGES = {
    "a digest of another run": put("config_digest", "0" * 64),
    "no step": take("step"),
    "another step": put("step", 7),
    "a step beyond int64": put("stream", "step", 2**70),
    "a list for a stream": put("stream", []),
    "another stream": put("stream", "config", "seed", 77),
    "a tensor for a seed": put("stream", "config", "seed", torch.zeros(2)),
    "means that are not finite": put("means", {"sums": {"loss": float("nan")}, "count": 3}),
    "means of other metrics": put("means", {"sums": {"x": 1.0}, "count": 3}),
    "means of other metrics on a rank": put("means", {"sums": {}, "count": 0, "by_rank": [{}, {"x": 1.0}]}),
    "metrics of another size": put("metrics", "bytes", 10**12),
    "a word for a digest": put("metrics", "sha256", "x"),
    "no trainer": take("trainer"),
    "weights of another shape": put("trainer", "net", WEIGHT, lambda weight: weight[:1]),
    "weights of another dtype": put("trainer", "net", WEIGHT, lambda weight: weight.double()),
    "a number for weights": put("trainer", "net", WEIGHT, 3),
    "a missing weight": take("trainer", "net", WEIGHT),
    "no average": put("trainer", "ema", {}),
    "an average of another shape": put("trainer", "ema", WEIGHT, lambda weight: weight.T.contiguous()),
    "tokens beyond the vocabulary": put("trainer", "state", "inputs", lambda tokens: tokens + 100),
    "labels below 0": put("trainer", "state", "labels", lambda tokens: tokens - 100),
    "identifiers beyond the table": put("trainer", "state", "identifiers", lambda rows: rows + 10**9),
    "a state of another batch": put("trainer", "state", "steps", lambda steps: steps[:3]),
    "no optimisers": put("trainer", "optimisers", []),
    "a parameter that is none": put("trainer", "optimisers", 0, 999, {}),
    "a name for a parameter": put("trainer", "optimisers", 0, "x", {}),
    "moments of another shape": put("trainer", "optimisers", 0, 0, "exp_avg", torch.zeros(2)),
    "no moments": put("trainer", "optimisers", 0, 0, {}),
    "a step of -1": put("trainer", "optimisers", 0, 0, "step", torch.tensor(-1.0)),
    "a step without end": put("trainer", "optimisers", 0, 0, "step", torch.tensor(float("inf"))),
    "a list for a state": put("trainer", "state", []),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_checkpoint_that_was_signed_again_is_refused_in_one_line(run, resume, name):
    """At the checkpoint before the last, so that a step is left to train."""
    last = list_checkpoints(run / "checkpoints")
    last[-1].unlink()
    resign(last[-2], CHANGES[name])
    result = resume(run)
    assert result.code == 1, result.err
    assert result.message.isprintable()
    assert re.search("checkpoint|stream", result.message)


class Hoard:
    """Pickled as a call that takes a gigabyte."""

    def __reduce__(self):
        return bytearray, (1 << 30,)


def loop_of_itself():
    value = {}
    value["again"] = value
    return value


@pytest.mark.parametrize(
    "value", [Hoard(), loop_of_itself(), bytearray(3), {1, 2}, torch.zeros(2).to_sparse(), "x" * 5_000_000]
)
def test_what_a_checkpoint_does_not_hold_is_not_made(run, resume, value):
    resign(list_checkpoints(run / "checkpoints")[-1], lambda state: state["trainer"]["state"].update(inputs=value))
    result = resume(run)
    assert result.code == 1
    assert re.search("is damaged|does not fit", result.message)


def test_a_tensor_that_is_larger_than_the_file_takes_no_memory(tmp_path):
    path = save_checkpoint(tmp_path, 1, {"weights": torch.zeros(4).expand(10**9, 4)})
    assert path.stat().st_size < 10_000
    assert load_checkpoint(path)["weights"].shape == (10**9, 4)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = bytes(64)
    data = path.read_bytes()[:-64]
    path.write_bytes(data + hashlib.sha256(data).hexdigest().encode())
    with pytest.raises(RunError, match="it holds compressed parts"):
        load_checkpoint(path)
