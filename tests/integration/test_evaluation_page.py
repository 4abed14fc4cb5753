"""The page about the JSON of `evaluate` is run, and no key of the JSON is missing from it."""

import contextlib
import io
import json

import pytest

from tests.pages import DOCS, read_page
from tests.runs import quick_training
from trmpipe.cli.main import run

PAGE = (DOCS / "evaluation-json.md").read_text()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the page leaves, and what the command prints of it."""
    folder = tmp_path_factory.mktemp("page")
    report = read_page("evaluation-json.md", folder).names["told"]
    with pytest.MonkeyPatch.context() as patch, quick_training():
        patch.chdir(folder)
        printed = [
            scores_of(["evaluate", "runs/tiny", *options, "--json"])
            for options in (["--steps", "20", "--variants", "3"], ["--search", "2"])
        ]
    return report, *printed


def scores_of(arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(arguments) == 0
    return json.loads(out.getvalue())


def test_the_page_runs_and_the_command_prints_the_same(told):
    report, printed, _ = told
    assert report == {name: value for name, value in printed.items() if name in report}
    assert set(printed) - set(report) == {"run", "trained_steps", "corpus", "kept"}


def keys_of(value):
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def test_every_key_is_on_the_page(told):
    assert told[2]["passes"][-1]["name"] == "search"
    missing = {key for scores in told for key in keys_of(scores) if f"`{key}`" not in PAGE}
    assert not missing
