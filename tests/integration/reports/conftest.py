"""Runs to report on, and a browser to look with."""

import pytest

from tests.browser import chromium
from tests.runs import OF_ANY_MODEL, make_run

OPTIONS = [*OF_ANY_MODEL, "--set=evaluation.monitor=5", "--set=evaluation.train_limit=5", "--set=evaluation.steps=4"]


@pytest.fixture(scope="session")
def run6(corpus6, tmp_path_factory):
    """A run with puzzles kept aside and a gap; not to be changed."""
    return make_run(corpus6, tmp_path_factory.mktemp("runs") / "six", OPTIONS)


@pytest.fixture(scope="session")
def other6(corpus6, tmp_path_factory):
    """Another on the same puzzles, longer; not to be changed."""
    options = [option for option in OPTIONS if "max-steps" not in option]
    more = ["--max-steps=60", "--seed=1", "--set=optimiser.lr=0.01"]
    return make_run(corpus6, tmp_path_factory.mktemp("runs") / "other", [*options, *more])


@pytest.fixture(scope="module")
def new_page():
    with chromium() as new:
        yield new


@pytest.fixture
def browser(new_page):
    """A page that nothing was done with."""
    page = new_page()
    yield page
    page.close()
