"""The pictures of the terminal in docs/screens: how they are made, and that all are there and harmless."""

import re
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from tests.unit.test_floors import ROOT

FOLDER = ROOT / "docs" / "screens"


@pytest.fixture(scope="module")
def make():
    spec = spec_from_file_location("make_screens", FOLDER / "make.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_left_on_the_screen(make):
    bars = "\r\x1b[2Kone 1\ntwo 1\r\x1b[2K\x1b[1A\x1b[2K\x1b[31mone 2\x1b[0m\r\ntwo 2\r\n\x1b[?25hdone\r\n"
    assert make.screen_of(bars) == ["\x1b[31mone 2\x1b[0m", "two 2", "done", ""]


def test_a_picture_shows_the_command_and_says_what_it_leaves_out(make):
    lines = [f"line{number}" for number in range(make.MOST_LINES + 3)]
    drawn = make.picture_of("verify there", lines)
    words = re.sub(r"<[^>]*>", "", drawn).replace("&#160;", " ")
    assert "trmpipe verify there" in words
    assert "3 more lines" in words
    assert f"line{make.MOST_LINES}" not in words
    assert "@font-face" not in drawn


def test_all_pictures_are_there_and_fetch_nothing(make):
    names = {name for name, _ in make.SCREENS if name}
    assert {path.stem for path in FOLDER.glob("*.svg")} == names
    for name in names:
        text = (FOLDER / f"{name}.svg").read_text()
        assert set(re.findall(r"https?://[^\s\"]*", text)) <= {"http://www.w3.org/2000/svg"} | {
            "https://www.textualize.io"
        }
        assert f"docs/screens/{name}.svg" in (ROOT / "README.md").read_text()
