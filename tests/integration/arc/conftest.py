"""A small corpus of ARC tasks and a run of a few steps on it, one of each for all tests of this folder."""

import pytest

from tests.arc_corpora import make_arc_corpus, small_tasks
from tests.arc_runs import TINY, VARIANTS


@pytest.fixture(scope="session")
def tasks():
    """Four tasks; one has two test inputs, of which one has no known solution."""
    some = small_tasks(4)
    some["task1"]["test"] = small_tasks(2, num_tests=2, seed=7)["task0"]["test"]
    some["task1"]["test"][1].pop("output")
    return some


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, tasks):
    path = tmp_path_factory.mktemp("corpora") / "arc"
    make_arc_corpus(path, tasks, VARIANTS)
    return path


@pytest.fixture(scope="session")
def run(corpus, tmp_path_factory):
    """A run of a few steps; not to be changed but by evaluations."""
    from trmpipe.cli.main import run as program

    out = tmp_path_factory.mktemp("runs") / "arc"
    assert program(["train", str(corpus), "--out", str(out), "--max-steps", "3", *TINY]) == 0
    return out
