"""docs/studies.md tells the truth: its plan is executed by its commands and its Python, and every key stands in it."""

import re
import shlex
from pathlib import Path

import pytest

from tests.study_plans import working_here
from trmpipe.studies import reading as reader
from trmpipe.studies import shipped

PAGE = (Path(__file__).parents[2] / "docs" / "studies.md").read_text()
(PLAN,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
(SNIPPET,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.walkthrough
def test_its_plan_runs_and_its_python_finds_what_is_done(tmp_path, monkeypatch, trmpipe, capsys):
    monkeypatch.chdir(tmp_path)
    # The page's lengths, but for a tenth of its seconds.
    (tmp_path / "layers.toml").write_text(PLAN.replace("seconds = 2", "seconds = 0.2"))
    (line,) = re.findall(r"^    trmpipe (study layers\.toml .*)$", PAGE, re.MULTILINE)
    with working_here() as done:
        result = trmpipe(*shlex.split(line))
        assert result.code == 0, result.err
        told, done[:] = result.out, []
        exec(compile(SNIPPET.replace('"study-layers")', '"study-layers")', 1), "docs/studies.md", "exec"), {})
        assert done == []
    assert "table     study-layers/table.md" in told
    assert len(capsys.readouterr().out.splitlines()) == 3 * 2
    for name in re.findall(r"^\| `([a-z./]+)`", PAGE.partition("## What is written")[2], re.MULTILINE):
        if not name.startswith(("tries", "tuning", "processes")):
            assert (tmp_path / "study-layers" / name).exists(), name


@pytest.mark.parametrize("name", shipped())
def test_ours_are_all_named(name):
    assert f"| `{name}` |" in PAGE


def test_every_key_is_explained():
    asked = r'(?:keys|top)\.(?!has|refuse|finish|rest)\w+\("(\w+)"'
    keys = set(re.findall(asked, Path(reader.__file__).read_text()))
    assert {key for key in keys if not re.search(rf"`\[*{key}\]*`", PAGE)} == set()
    assert len(keys) > 25
