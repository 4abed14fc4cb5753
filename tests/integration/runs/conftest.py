"""Short runs for the tests of this folder."""

import shutil

import pytest

from tests.runs import TINY, make_run, quick_training


@pytest.fixture(autouse=True)
def quick():
    """See `quick_training`."""
    with quick_training():
        yield


@pytest.fixture
def train(trmpipe, corpus4):
    return lambda *options: trmpipe("train", corpus4, *TINY, *options)


@pytest.fixture(scope="module")
def finished(corpus4, tmp_path_factory):
    """A run of 9 steps; not to be changed."""
    return make_run(corpus4, tmp_path_factory.mktemp("runs") / "nine")


@pytest.fixture
def nine(finished, tmp_path):
    """A copy of the run of 9 steps."""
    return shutil.copytree(finished, tmp_path / "nine")
