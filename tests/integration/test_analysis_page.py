"""The page about analyses is run, and says of every measure and column what the code says."""

import re
import shlex
from pathlib import Path

import pytest

from tests.runs import quick_training
from trmpipe.cli.main import run
from trmpipe.trainer.analysis import MEASURES

PAGE = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text()


def test_the_page_runs(tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch, quick_training():
        patch.chdir(tmp_path)
        names = {}
        for language, block in re.findall(r"```(python|sh)\n(.*?)```", PAGE, re.S):
            if language == "python":
                exec(compile(block, "docs/analysis.md", "exec"), names)
            else:
                assert run(shlex.split(block)[1:]) == 0
        assert (tmp_path / "fixed-points.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda measure: measure.name)
def test_every_measure_and_column_is_on_the_page(measure):
    section = PAGE.split(f"### `{measure.name}`: {measure.title}\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M)
    assert rows == [(name, column.says) for name, column in measure.columns.items()]
    assert "*How to read it.*" in section
