"""Several processes train one run: the losses of one, within rounding, and the same bytes however often it is cut."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

from tests.runs import TINY, assert_same_losses, quick_training
from trmpipe.trainer.runs.checkpoint import list_checkpoints, load_checkpoint

SETTINGS = [*TINY, "--max-steps=6", "--set=batch_size=8", "--set=checkpoint_every=1", "--set=log_every=1"]


def start_ranks(world_size, *arguments):
    """`trmpipe` in so many processes, as a child in a group of its own."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={world_size}"]
    return subprocess.Popen(
        [*command, "-m", "trmpipe", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def ranks(world_size, *arguments):
    """Exit code, stdout and stderr."""
    process = start_ranks(world_size, *arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def alone(corpus4, tmp_path_factory):
    from trmpipe.cli.main import run

    folder = tmp_path_factory.mktemp("alone") / "run"
    with quick_training():
        assert run(["train", str(corpus4), "--out", str(folder), *SETTINGS]) == 0
    return folder


@pytest.fixture(scope="module")
def pair(corpus4, tmp_path_factory):
    """Trained by two processes, without a break."""
    folder = tmp_path_factory.mktemp("pair") / "run"
    code, out, err = ranks(2, "train", corpus4, "--out", folder, *SETTINGS)
    assert code == 0, err
    assert out.count("run  ") == 1
    assert err.count("torch.compile is not used") == 1
    return folder


def test_two_processes_have_the_losses_of_one(alone, pair):
    assert_same_losses(alone, pair)
    states = [load_checkpoint(list_checkpoints(run / "checkpoints")[-1])["trainer"]["state"] for run in (alone, pair)]
    for name in ("inputs", "labels", "steps", "halted"):
        assert torch.equal(states[0][name], states[1][name]), name


def cut_short(run, folder):
    """A copy of a run, as it was after its fourth step."""
    shutil.copytree(run, folder)
    for path in list_checkpoints(folder / "checkpoints")[1:]:
        path.unlink()
    return folder


def test_one_process_goes_on_where_two_were(alone, pair, corpus4, tmp_path):
    from trmpipe.cli.main import run

    folder = cut_short(pair, tmp_path / "run")
    with quick_training():
        assert run(["train", str(corpus4), "--out", str(folder), *SETTINGS, "--resume"]) == 0
    assert_same_losses(alone, folder)


@pytest.mark.slow
def test_four_processes_go_on_where_one_was(alone, corpus4, tmp_path):
    folder = cut_short(alone, tmp_path / "run")
    code, _, err = ranks(4, "train", corpus4, "--out", folder, *SETTINGS, "--resume")
    assert code == 0, err
    assert_same_losses(alone, folder)


@pytest.mark.slow
def test_a_pair_that_is_killed_goes_on_to_the_same_bytes(pair, corpus4, tmp_path):
    folder = tmp_path / "run"
    start = ["train", corpus4, "--out", folder, *SETTINGS]
    process = start_ranks(2, *start)
    deadline = time.monotonic() + 200
    while not list_checkpoints(folder / "checkpoints") and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    code, _, err = ranks(2, *start, "--resume")
    assert code == 0, err
    assert (folder / "metrics.jsonl").read_bytes() == (pair / "metrics.jsonl").read_bytes()
    last = [load_checkpoint(list_checkpoints(run / "checkpoints")[-1]) for run in (pair, folder)]
    for name, value in last[0]["trainer"]["net"].items():
        assert torch.equal(value, last[1]["trainer"]["net"][name]), name


def test_what_cannot_be_shared_is_told_once(corpus4, tmp_path):
    code, _, err = ranks(2, "train", corpus4, "--out", tmp_path / "run", *SETTINGS, "--set=batch_size=9")
    assert code != 0
    assert err.count("batch_size is 9, which 2 processes cannot share evenly") == 1
    assert err.count("trmpipe: ") == 1
    assert not (tmp_path / "run").exists()
