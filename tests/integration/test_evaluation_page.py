"""The page about the JSON of `evaluate` is run, and no key of the JSON is missing from it."""

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import pytest

from tests.runs import quick_training
from trmpipe.cli.main import run

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation-json.md").read_text()


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the page leaves, and what the command prints of it."""
    names, out = {}, io.StringIO()
    with pytest.MonkeyPatch.context() as patch, quick_training():
        patch.chdir(tmp_path_factory.mktemp("page"))
        for language, block in re.findall(r"```(python|sh)\n(.*?)```", PAGE, re.S):
            if language == "python":
                exec(compile(block, "docs/evaluation-json.md", "exec"), names)
            else:
                assert run(shlex.split(block)[1:]) == 0
        with contextlib.redirect_stdout(out):
            assert run(["evaluate", "runs/tiny", "--steps", "20", "--variants", "3", "--json"]) == 0
        searched = io.StringIO()
        with contextlib.redirect_stdout(searched):
            assert run(["evaluate", "runs/tiny", "--search", "2", "--json"]) == 0
    return names["told"], json.loads(out.getvalue()), json.loads(searched.getvalue())


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
