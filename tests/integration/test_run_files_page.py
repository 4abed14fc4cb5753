"""The page about a run's files is run, and names every file, key and column that a run has."""

import json
import re

import pytest

from tests.pages import DOCS, read_page
from tests.runs import quick_training

NAME = "run-files.md"
PAGE = (DOCS / NAME).read_text()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with quick_training():
        read_page(NAME, folder)
    return folder / "runs" / "tiny"


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def missing(names, *parts):
    """Those that the page, or the parts of it under some headings, do not say."""
    text = "".join(PAGE.partition(f"## {part}\n")[2].partition("\n## ")[0] for part in parts) or PAGE
    return {name for name in names if not re.search(rf"[`/]{re.escape(name)}[`/]", text)}


def keys_of(value):
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def test_every_file_is_on_the_page(run):
    found = {path.name for path in run.iterdir()}
    assert {"metrics.jsonl", "timings.jsonl", "evaluation.json", "checkpoints"} <= found
    assert not missing(found)


@pytest.mark.parametrize("name", ["metrics.jsonl", "timings.jsonl", "difficulty.jsonl"])
def test_every_column_is_on_the_page(run, name):
    found = lines_of(run / name)
    assert found
    assert not missing(set().union(*found), name, "metrics.jsonl")
    assert not missing({line["split"] for line in found if "split" in line})


def test_every_key_is_on_the_page(run):
    about = json.loads((run / "config.json").read_text())
    assert not missing(set(about) | keys_of(about["corpora"]), "config.json")
    scores = json.loads((run / "evaluation.json").read_text())
    assert scores["training"]
    assert scores["best"]
    assert not missing(keys_of(scores), "evaluation.json", "difficulty.jsonl", "metrics.jsonl")
