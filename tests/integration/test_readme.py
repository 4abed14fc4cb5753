"""The README tells the truth: its snippet runs, its commands exist, its length stays readable."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import DOCS, read_page
from trmpipe.cli.main import COMMANDS

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


@pytest.mark.walkthrough
def test_the_page_about_little_data_runs(tmp_path):
    told = read_page("small-data.md", tmp_path).told
    for line in re.findall(r"^    ((?:regime|seen) .*)$", (DOCS / "small-data.md").read_text(), re.MULTILINE):
        assert line in told
