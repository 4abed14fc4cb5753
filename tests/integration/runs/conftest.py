"""Short runs for the tests of this folder."""

import shutil

import pytest
import torch

from tests.runs import TINY
from trmpipe.cli.main import run as run_command


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Torch on one thread, and no pictures."""
    monkeypatch.setattr("trmpipe.trainer.session.draw_pictures", lambda *arguments: [])
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def train(trmpipe, corpus4):
    return lambda *options: trmpipe("train", corpus4, *TINY, *options)


@pytest.fixture(scope="module")
def finished(corpus4, tmp_path_factory):
    """A run of 9 steps; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "nine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.session.draw_pictures", lambda *arguments: [])
        assert run_command(["train", str(corpus4), "--out", str(out), *TINY]) == 0
    return out


@pytest.fixture
def nine(finished, tmp_path):
    """A copy of the run of 9 steps."""
    return shutil.copytree(finished, tmp_path / "nine")
