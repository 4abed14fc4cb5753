"""Runs that are broken off, shared, diverging or short of room: the same command again ends in a clean run's files."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from tests.disks import tiny_disk
from tests.runs import TINY, quick_training
from trmpipe.trainer.runs.checkpoint import list_checkpoints, load_checkpoint, step_of
from trmpipe.trainer.runs.lines import LineFile
from trmpipe.trainer.training.loop import Loop


@pytest.fixture(autouse=True)
def quick():
    """See `quick_training`."""
    with quick_training():
        yield


@pytest.fixture
def train(trmpipe, corpus4):
    return lambda out, *more: trmpipe("train", corpus4, "--out", out, *TINY, *more)


def files(folder):
    """Bytes of every file below a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def outcome(run):
    """All that must be the same however a run was broken off: its files, and what does not hang on the clock."""
    names = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    *_, last = list_checkpoints(run / "checkpoints")
    state = load_checkpoint(last)
    return {
        "names": [name for name in names if not name.startswith("tb/")],
        "metrics": (run / "metrics.jsonl").read_bytes(),
        "evaluation": (run / "evaluation.json").read_bytes(),
        "steps": [json.loads(line)["step"] for line in (run / "timings.jsonl").read_text().splitlines()],
        "state": repr({name: state[name] for name in ("step", "stream", "means", "metrics")}),
        "tensors": tensors(state["trainer"]),
    }


def tensors(value, name=""):
    """Bytes of all tensors by where they stand, and plain numbers."""
    if isinstance(value, torch.Tensor):
        return {name: value.contiguous().view(torch.uint8).numpy().tobytes() if value.ndim else value.item()}
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {key: one for at, part in pairs for key, one in tensors(part, f"{name}.{at}").items()}
    return {name: value}


def test_a_kill_at_any_write_ends_in_an_undisturbed_runs_files(train, tmp_path, monkeypatch):
    """What a kill leaves is what lies on the disk at that moment, so that is copied before and after every change."""
    run, left = tmp_path / "whole", []

    def around(module, name):
        act = getattr(module, name)

        def watched(*arguments, **options):
            inside = run.exists() and any(str(run) in str(argument) for argument in arguments)
            for _ in range(inside):
                left.append(shutil.copytree(run, tmp_path / f"killed-{len(left)}"))
            result = act(*arguments, **options)
            for _ in range(inside):
                left.append(shutil.copytree(run, tmp_path / f"killed-{len(left)}"))
            return result

        return watched

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(os, name, around(os, name))
        patch.setattr("trmpipe.trainer.runs.lines.LineFile.append", around(LineFile, "append"))
        assert train(run).code == 0
    expected = outcome(run)
    assert expected["names"] == [
        *(f"checkpoints/step-{step:06d}.pt" for step in (6, 8, 9)),
        *("config.json", "evaluation.json", "metrics.jsonl", "timings.jsonl"),
    ]
    assert len(left) > 20
    distinct = {str(sorted((str(name), len(data)) for name, data in files(one).items())): one for one in left}
    for one in distinct.values():
        before = sorted(str(name) for name in files(one))
        again = train(one, *(["--resume"] if (one / "config.json").exists() else []))
        assert again.code == 0, (before, again.err)
        assert outcome(one) == expected, before


def test_two_at_once_and_one_killed(train, corpus4, tmp_path):
    run = tmp_path / "run"
    long = ["--set=checkpoint_every=5", "--set=log_every=1", "--max-steps=60"]
    command = [sys.executable, "-m", "trmpipe", "train", str(corpus4), "--out", str(run), *TINY, *long]
    first = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)
    try:
        while len(list_checkpoints(run / "checkpoints")) < 2:
            assert first.poll() is None, first.communicate()
            time.sleep(0.005)
        first.send_signal(signal.SIGSTOP)
        before = files(run)
        for more in (["--resume"], []):
            second = train(run, *long, *more)
            assert second.code == 1
            assert f"another command is writing {run} (process {first.pid} on " in second.message
            assert files(run) == before
    finally:
        first.kill()
        first.communicate()
    assert train(run, *long, "--resume").code == 0
    steps = [json.loads(line)["step"] for line in (run / "timings.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 61))
    assert not list(run.glob(".*"))


def test_evaluating_takes_no_lock(train, trmpipe, tmp_path):
    from trmpipe.shards import Store
    from trmpipe.shards.ownership import owned

    assert train(tmp_path / "run").code == 0
    with owned(Store(tmp_path / "run")):
        assert trmpipe("evaluate", tmp_path / "run").code == 0


def test_an_impossible_number_of_ranks_is_refused(train, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "x")
    result = train(tmp_path / "run")
    assert result.code == 1
    assert "WORLD_SIZE is 'x'" in result.message
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_ends_the_run(train, tmp_path):
    run = tmp_path / "run"
    result = train(run, "--set=optimiser.lr=1e30", "--set=optimiser.matrix_lr=1e30", "--set=schedule.warmup_steps=0")
    assert result.code == 1
    assert "training diverged: " in result.message
    assert " is not finite after step 2; there is no checkpoint yet" in result.message
    assert "--set optimiser.lr=" in result.message
    for path in (run / "metrics.jsonl", run / "timings.jsonl"):
        assert not path.exists() or "NaN" not in path.read_text()
    assert list_checkpoints(run / "checkpoints") == []


def test_nothing_is_scored_after_a_loss_that_is_not_finite(train, tmp_path, monkeypatch):
    """Where a loss is read every `log_every` steps alone, as of a GPU."""
    from trmpipe.trainer.training.loop import Loop

    monkeypatch.setattr(Loop, "_reading_is_free", False)
    run, diverging = tmp_path / "run", ["--set=optimiser.lr=1e30", "--set=optimiser.matrix_lr=1e30"]
    rarely = ["--set=schedule.warmup_steps=0", "--set=log_every=100", "--set=evaluation.every=1"]
    result = train(run, *diverging, *rarely)
    assert result.code == 1
    assert " is not finite after step 2" in result.message
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1]


def test_the_last_good_checkpoint_is_named(train, tmp_path, monkeypatch):
    before = Loop._train

    def diverging(loop, feeder):
        metrics = before(loop, feeder)
        return {**metrics, "loss": metrics["loss"] + math.inf} if loop.step == 5 else metrics

    monkeypatch.setattr(Loop, "_train", diverging)
    result = train(tmp_path / "run")
    assert result.code == 1
    last = tmp_path / "run" / "checkpoints" / "step-000004.pt"
    assert f"loss is not finite after step 6; the last good checkpoint is {last}" in result.message
    lines = [json.loads(line)["step"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines == [2, 4, 4]


def test_weights_that_are_not_finite_are_not_saved(train, tmp_path, monkeypatch):
    before = Loop._train

    def spoiling(loop, feeder):
        metrics = before(loop, feeder)
        if loop.step == 3:
            next(iter(loop.trainer.averaged.parameters())).view(-1)[3] = math.nan
        return metrics

    monkeypatch.setattr(Loop, "_train", spoiling)
    result = train(tmp_path / "run")
    assert result.code == 1
    assert "a weight is not finite after step 4; the last good checkpoint is" in result.message
    assert [path.name for path in list_checkpoints(tmp_path / "run" / "checkpoints")] == ["step-000002.pt"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--set=batch_size=1000000000"], " for a batch of 1,000,000,000), and "),
        (["--set=model.width=1000000", "--set=model.inner=100000"], "for the model and its optimiser"),
        (["--set=model.num_layers=1000000"], "model.num_layers is 1000000; it must be 1000 at most"),
        (["--set=learner.halt_max_steps=99999999999999999999"], "is a whole number of 67 bits"),
        (["--set=optimiser.betas=5,5"], "each must be from 0 to below 1"),
        (["--variants=99999999999999999999"], "--variants is"),
        (["--groups=99999999999999999999"], "--groups is"),
        (["--max-steps=99999999999999999999"], "--max-steps is"),
        (["--max-minutes=nan"], "--max-minutes is"),
        (["--max-minutes=inf"], "--max-minutes is"),
        (["--seed=99999999999999999999"], "seed is"),
    ],
)
def test_what_is_not_possible_is_refused_at_once(train, tmp_path, more, words):
    started = time.monotonic()
    result = train(tmp_path / "run", *more)
    assert result.code in (1, 2)
    assert words in result.message
    assert time.monotonic() - started < 20
    assert not (tmp_path / "run").exists()


def test_a_remote_run_is_refused(train):
    result = train("s3://bucket/run")
    assert result.code == 2
    assert "--out is s3://bucket/run; a run lies in a local folder" in result.message


def test_a_disk_that_is_full_for_tensorboard_keeps_what_was_trained(train, tmp_path):
    run = tmp_path / "run"
    (run / "tb").mkdir(parents=True)
    # One page: enough for the first events and not for all.
    with tiny_disk(run / "tb", "4k") as folder:
        if folder is None:
            pytest.skip("this user may not mount a small disk")
        result = train(run, "--set=log_every=1")
        assert result.code == 1
        assert f"{run / 'tb'} cannot be written (No space left on device)" in result.message
    saved = list_checkpoints(run / "checkpoints")[-1]
    assert 0 < step_of(saved) < 9
    lines = (run / "timings.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == step_of(saved)
    resumed = train(run, "--resume", "--set=log_every=1")
    assert resumed.code == 0, resumed.err
    assert train(tmp_path / "whole", "--set=log_every=1").code == 0
    assert (run / "metrics.jsonl").read_bytes() == (tmp_path / "whole" / "metrics.jsonl").read_bytes()


def test_tensorboard_reads_what_is_written_and_drops_what_came_after_a_checkpoint(train, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "run"
    assert train(run).code == 0
    for path in list_checkpoints(run / "checkpoints")[1:]:
        path.unlink()
    assert train(run, "--resume").code == 0
    board = EventAccumulator(str(run / "tb")).Reload()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    losses = [(line["step"], line["loss"]) for line in lines if line["split"] == "train"]
    found = [(event.step, event.value) for event in board.Scalars("train/loss")]
    assert found == [(step, pytest.approx(loss)) for step, loss in losses]


def test_a_disk_that_is_full_for_a_picture_keeps_what_was_trained(trmpipe, corpus4, tmp_path, monkeypatch):
    from trmpipe.trainer.pictures.run_pictures import draw_pictures

    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", draw_pictures)
    (tmp_path / "mount").mkdir()
    with tiny_disk(tmp_path / "mount", "2m") as folder:
        if folder is None:
            pytest.skip("this user may not mount a small disk")

        def fill(*arguments):
            with (folder / "full").open("wb", buffering=0) as file:
                while True:
                    try:
                        file.write(bytes(4096))
                    except OSError:
                        break
            return draw_pictures(*arguments)

        monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", fill)
        result = trmpipe("train", corpus4, "--out", folder / "run", *TINY)
        assert result.code == 1
        assert "curves.png cannot be written (No space left on device)" in result.message
        assert list_checkpoints(folder / "run" / "checkpoints")[-1].name == "step-000009.pt"
        assert not list((folder / "run").glob("*.png"))
