"""The page about analyses is run, and says of every measure and column what the code says."""

import re

import pytest

from tests.pages import DOCS, read_page
from trmpipe.trainer.analysis import MEASURES

PAGE = (DOCS / "analysis.md").read_text()


@pytest.mark.walkthrough
def test_the_page_runs(tmp_path):
    read_page("analysis.md", tmp_path)
    assert (tmp_path / "fixed-points.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda measure: measure.name)
def test_every_measure_and_column_is_on_the_page(measure):
    section = PAGE.split(f"### `{measure.name}`: {measure.title}\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M)
    assert rows == [(name, column.says) for name, column in measure.columns.items()]
    assert "*How to read it.*" in section
