"""The README tells the truth: its snippet runs, its commands exist, its length stays readable."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from trmpipe.cli.main import COMMANDS, run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("snippet", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_a_snippet_runs(snippet, tmp_path):
    subprocess.run([sys.executable, "-W", "error", "-c", snippet], cwd=tmp_path, check=True, timeout=120)


def test_there_is_a_snippet():
    assert "```python\n" in README


def test_every_command_is_named_and_exists():
    named = set(re.findall(r"trmpipe ([a-z]+(?:-[a-z]+)*)", README))
    assert set(COMMANDS) <= named
    assert named - set(COMMANDS) <= {"makes"}


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def test_it_is_under_200_lines():
    assert len(README.splitlines()) < 200


def test_the_page_about_little_data_runs(tmp_path, monkeypatch, capsys):
    page = (ROOT / "docs" / "small-data.md").read_text()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trmpipe.trainer.session.draw_pictures", lambda *arguments: [])
    told = ""
    for kind, block in re.findall(r"```(python|sh)\n(.*?)```", page, re.DOTALL):
        if kind == "python":
            exec(compile(block, "docs/small-data.md", "exec"), {})
            continue
        for line in block.splitlines():
            command, *arguments = shlex.split(line)
            assert (command, run(arguments)) == ("trmpipe", 0), capsys.readouterr().err
            told += capsys.readouterr().out
    for line in re.findall(r"^    ((?:regime|seen) .*)$", page, re.MULTILINE):
        assert line in told
