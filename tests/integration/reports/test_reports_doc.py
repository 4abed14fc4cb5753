"""docs/reports.md tells the truth: its commands and its Python run, and write what it says."""

import re
import shlex
from pathlib import Path

import pytest

from trmpipe.cli.main import run

PAGE = (Path(__file__).parents[3] / "docs" / "reports.md").read_text()


@pytest.mark.walkthrough
def test_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    for kind, block in re.findall(r"```(python|sh)\n(.*?)```", PAGE, re.DOTALL):
        if kind == "python":
            exec(compile(block, "docs/reports.md", "exec"), {})
            assert "['accuracy', 'loss', 'gap', 'learning-rate']" in capsys.readouterr().out
            continue
        for line in block.splitlines():
            command, *arguments = shlex.split(line)
            assert (command, run(arguments)) == ("trmpipe", 0), capsys.readouterr().err
    for name in ("one.html", "both.html", "compared.html", "accuracy.pdf", "solving.gif"):
        assert (tmp_path / name).stat().st_size
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".svg", ".pdf"}
    told = set(re.findall(r"^\| ([A-Z][a-z ]+) \|", PAGE, re.MULTILINE)) - {"Analysis"}
    assert told == set(re.findall(r"<h2 id=[^>]*>([^<]*)</h2>", (tmp_path / "one.html").read_text()))
