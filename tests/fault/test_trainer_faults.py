"""Training that goes wrong: one line says what happened and what to do, and nothing is overwritten."""

import json
import os
import shutil
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.disks import tiny_disk, unwritable
from tests.runs import reseal
from trmpipe.cli import main
from trmpipe.pipeline import Recipe, generate
from trmpipe.trainer.training import session

TINY = [
    "--max-steps",
    "3",
    "--set=log_every=1",
    "--set=model.width=16",
    "--set=model.inner=16",
    "--set=batch_size=8",
    "--device=cpu",
]


@pytest.fixture
def train(trmpipe, corpus4, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])

    def call(*more, out=tmp_path / "run"):
        return trmpipe("train", corpus4, "--out", out, *TINY, *more)

    return call


@pytest.fixture
def run(train, tmp_path):
    assert train().code == 0
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--preset", "nothing"], 2, "no preset is called 'nothing'; known:"),
        (["--set", "lerning=1"], 2, "there is no setting 'lerning'"),
        (["--set", "optimiser.lr=x"], 2, "optimiser.lr=x does not fit"),
        (["--set", "learner.name=rote"], 2, "no learner is called 'rote'; known:"),
        (["--device", "tpu"], 2, "no device is called 'tpu'"),
        (["--groups", "999"], 2, "999 groups are asked for"),
        (["--max-steps", "0"], 2, "--max-steps is 0; expected 1 to 9223372036854775807"),
        (["--max-minutes", "0"], 2, "--max-minutes is 0; expected a number of minutes above 0"),
    ],
)
def test_wrong_options_give_one_line_and_no_run(train, tmp_path, more, code, message):
    result = train(*more)
    assert result.code == code
    assert message in result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_corpus(trmpipe, tmp_path):
    result = trmpipe("train", tmp_path, "--out", tmp_path / "run")
    assert result.code == 1
    assert str(tmp_path) in result.message
    assert not (tmp_path / "run").exists()


def files(folder):
    """Bytes of every file below a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_existing_run_is_not_overwritten(run, train):
    before = files(run)
    assert before[Path("metrics.jsonl")].count(b"\n") == 3
    result = train()
    assert result.code == 1
    assert "is a run already; add --resume" in result.message
    assert files(run) == before


def test_a_run_of_the_flat_settings_is_refused(run, train, trmpipe):
    """Before settings had sections, config.json had no version."""
    values = json.loads((run / "config.json").read_text())
    del values["version"], values["digest"]
    values["train"] = {"model_name": "trm", "model": {"width": 16}, "lr": 1e-4, "eval_steps": 16}
    (run / "config.json").write_text(json.dumps(values))
    for result in (train("--resume"), trmpipe("evaluate", run), trmpipe("solve", run, "1" * 16)):
        assert result.code == 1
        assert "is a run of another version of trmpipe: its config.json has version 1" in result.message


def test_resuming_with_another_config_names_what_differs(run, train):
    result = train("--resume", "--set", "optimiser.lr=0.5", "--variants", "3")
    assert result.code == 1
    assert "these differ: optimiser.lr, variants." in result.message


def test_resuming_removes_what_a_killed_session_left(run, train):
    stale = run / "checkpoints" / f".step-000009.pt.tmp-{uuid.uuid4().hex}"
    stale.write_bytes(b"half")
    assert train("--resume").code == 0
    assert not stale.exists()


def test_resuming_on_another_corpus_is_refused(run, trmpipe, corpus6):
    result = trmpipe("train", corpus6, "--out", run, "--preset", "sudoku4-cpu", "--resume", *TINY)
    assert result.code == 1
    assert "these differ: corpora." in result.message


def test_resuming_what_is_no_run(train, tmp_path):
    result = train("--resume")
    assert result.code == 1
    assert "is no run: it has no config.json" in result.message


def test_a_damaged_checkpoint_is_named(run, train):
    checkpoint = run / "checkpoints" / "step-000003.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    result = train("--resume")
    assert result.code == 1
    assert f"{checkpoint} is damaged" in result.message
    assert result.message.endswith(
        "there is none beside it to go on from: restore it, or delete it to train from the start"
    )


@pytest.mark.parametrize(
    ("beside", "advice"),
    [
        (["step-000002.pt", "best-step-000001.pt"], "delete it to go on from the one after step 2"),
        (["best-step-000001.pt"], "delete it to go on from the best one, after step 1"),
    ],
)
def test_what_to_do_about_a_damaged_checkpoint_is_said_by_what_lies_beside_it(run, train, beside, advice):
    damaged = run / "checkpoints" / "step-000003.pt"
    for name in beside:
        (run / "checkpoints" / name).write_bytes(b"another")
    damaged.write_bytes(damaged.read_bytes()[:500])
    assert train("--resume").message.endswith(advice)


@pytest.mark.parametrize("text", ["{", "{}", "[]", "[1]"])
def test_a_damaged_config_is_named(run, trmpipe, text):
    (run / "config.json").write_text(text)
    result = trmpipe("evaluate", run)
    assert result.code == 1
    assert "config.json is damaged" in result.message


@pytest.mark.parametrize("command", [["evaluate"], ["solve"]])
def test_commands_on_what_is_no_run(trmpipe, tmp_path, command):
    result = trmpipe(*command, tmp_path, *(["1" * 16] if command == ["solve"] else []))
    assert result.code == 1
    assert "is no run" in result.message


@pytest.mark.parametrize(
    ("puzzle", "message"),
    [
        ("1" * 81, "a 4x4 puzzle has 16 characters, this one 81"),
        ("x" * 16, "the puzzle cannot be read: character 1 is 'x'"),
    ],
)
def test_solve_refuses_what_is_no_puzzle(run, trmpipe, puzzle, message):
    result = trmpipe("solve", run, puzzle)
    assert result.code == 2
    assert message in result.message


def test_evaluate_where_the_corpus_is_gone(run, trmpipe, corpus4, tmp_path):
    reseal(run / "config.json", paths=[str(tmp_path / "gone")])
    result = trmpipe("evaluate", run)
    assert result.code == 1
    assert "--corpus" in result.message
    assert trmpipe("evaluate", run, "--corpus", corpus4).code == 0


def test_evaluate_on_another_shape(run, trmpipe, corpus6):
    result = trmpipe("evaluate", run, "--corpus", corpus6)
    assert result.code == 1
    assert "was trained on sudoku4" in result.message


def test_an_unwritable_folder(train, tmp_path):
    (tmp_path / "mount").mkdir()
    with unwritable(tmp_path / "mount") as folder:
        result = train(out=f"{folder}/run")
        assert result.code == 1
        assert "cannot write" in result.message


def test_resuming_in_a_folder_that_became_read_only(run, train, trmpipe, tmp_path):
    (tmp_path / "mount").mkdir()
    with tiny_disk(tmp_path / "mount", "64m") as folder:
        if folder is None:
            pytest.skip("this user may not mount a disk")
        shutil.copytree(run, folder / "run")
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        result = train("--resume", out=folder / "run")
        assert result.code == 1
        assert "Read-only file system" in result.message


@pytest.mark.parametrize("name", ["metrics.jsonl", "timings.jsonl"])
def test_a_changed_bit_of_metrics_is_found(run, train, name):
    data = bytearray((run / name).read_bytes())
    data[len(data) // 2] ^= 1
    (run / name).write_bytes(data)
    before = files(run)
    result = train("--resume")
    assert result.code == 1
    assert f"{name} is damaged: its first {len(data)} bytes are not those" in result.message
    assert files(run) == before


def test_evaluate_names_the_corpus_that_it_scores(trmpipe, corpus4, tmp_path, monkeypatch):
    """Of several corpora the first with held-out puzzles is scored, which need not be the first of all."""
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    generate(Recipe(task="sudoku4", n=5, aug=3, test=0, seed=9), str(tmp_path / "untested"))
    monkeypatch.setattr("trmpipe.shards.corpora._refuse_leaks", lambda corpora: None)
    trained = trmpipe("train", tmp_path / "untested", corpus4, "--out", tmp_path / "both", *TINY)
    assert trained.code == 0, trained.err
    told = json.loads(trmpipe("evaluate", tmp_path / "both", "--json").out)
    assert told["corpus"] == str(corpus4)


def test_a_full_disk(train, tmp_path):
    (tmp_path / "mount").mkdir()
    with tiny_disk(tmp_path / "mount") as folder:
        if folder is None:
            pytest.skip("this user may not mount a small disk")
        result = train(out=folder / "run")
        assert result.code == 1
        assert "could not be written" in result.message
        assert not list((folder / "run" / "checkpoints").glob("*"))


def test_a_flipped_byte_in_a_shard_is_found_before_training(train, trmpipe, corpus4, tmp_path):
    copy = tmp_path / "corpus"
    shutil.copytree(corpus4, copy)
    shard = max((copy / "train").rglob("*.tar"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    result = trmpipe("train", copy, "--out", tmp_path / "run", *TINY)
    assert result.code == 1
    assert str(shard.name) in result.message


def test_a_failing_compiler_is_one_line(train, monkeypatch):
    def broken(*arguments, **options):
        return lambda *_, **__: (_ for _ in ()).throw(RuntimeError("no headers"))

    monkeypatch.setattr("torch.compile", broken)
    monkeypatch.setattr("trmpipe.trainer.device.find_compiler", lambda: "/usr/bin/c++")
    result = train("--compile", "on")
    assert result.code == 0, result.err
    assert "torch.compile failed here (RuntimeError: no headers); training goes on without it" in result.err


def test_without_a_compiler_there_is_one_line(train, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.device.find_compiler", lambda: None)
    result = train("--compile", "on")
    assert result.code == 0, result.err
    assert "no C++ compiler was found" in result.err


def test_what_a_run_without_its_config_has_left_is_not_trained_over(run, train):
    """Its checkpoints would be taken for later ones, and its metrics for those of the new run."""
    for gone in ([], ["metrics.jsonl"]):
        for name in ["config.json", *gone]:
            (run / name).unlink(missing_ok=True)
        before = files(run)
        result = train()
        assert result.code == 1
        assert "holds checkpoints or metrics of a run whose config.json is gone" in result.message
        assert files(run) == before


@pytest.mark.parametrize("name", ["final_scores", "build_net"])
def test_who_interrupts_a_run_at_its_end_or_beginning_is_let_go_and_told_how_to_go_on(
    train, trmpipe, monkeypatch, tmp_path, name
):
    """What was trained is saved; between config.json and the first step there is a run already, too."""

    def interrupted(*arguments):
        if name == "build_net" and not (tmp_path / "run" / "config.json").exists():
            return act(*arguments)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the signal was kept for later")

    act = getattr(session, name)
    with monkeypatch.context() as patch:
        patch.setattr(session, name, interrupted)
        result = train()
        assert result.code == 130
        assert result.message == "trmpipe: interrupted; the same command with --resume goes on"
    assert train("--resume").code == 0
    assert trmpipe("evaluate", tmp_path / "run", "--limit", 2).code == 0


def test_who_terminates_the_last_scores_is_told_how_to_go_on(train, monkeypatch):
    monkeypatch.setattr(session, "final_scores", lambda *_: main._unwind(signal.SIGTERM, None))
    before = signal.getsignal(signal.SIGTERM)
    try:
        result = train()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (result.code, result.message) == (143, "trmpipe: terminated; the same command with --resume goes on")


def test_who_interrupts_before_there_is_a_run_gives_the_same_command(train, monkeypatch, tmp_path):
    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("trmpipe.trainer.training.preparing.resolve_config", interrupted)
        result = train()
    assert (result.code, result.message) == (130, "trmpipe: interrupted; run the same command again to go on")
    assert not (tmp_path / "run").exists()


def test_seeds_that_are_trained_are_told_when_the_last_scores_of_the_next_are_interrupted(train, monkeypatch):
    def interrupted(loop, *arguments):
        if loop.config.seed == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return act(loop, *arguments)

    act = session.final_scores
    monkeypatch.setattr(session, "final_scores", interrupted)
    result = train("--seeds=3")
    assert result.code == 130
    assert "1 of 3 runs are trained; to go on: the same command with --resume" in result.out
    assert "seed0" in result.out
    assert result.message == "trmpipe: interrupted; the same command with --resume goes on"
