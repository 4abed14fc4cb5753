"""Puzzles as text: what is parsed comes back, what is wrong is named with its place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trmpipe.generators.errors import InputError, TrmpipeError
from trmpipe.generators.picture import as_text
from trmpipe.generators.sudoku import SIZES, SudokuTask, format_puzzle, parse_puzzle


@settings(deadline=None, derandomize=True, max_examples=100)
@given(size=st.sampled_from(SIZES), data=st.data())
def test_parsing_undoes_formatting(size, data):
    values = data.draw(st.lists(st.integers(0, size), min_size=size * size, max_size=size * size))
    puzzle = np.array(values, np.uint8)
    text = format_puzzle(puzzle)
    for line in (text, text.replace(".", "0"), text.lower()):
        parsed = parse_puzzle(line, size)
        assert parsed.dtype == np.uint8
        np.testing.assert_array_equal(parsed, puzzle)


@pytest.mark.parametrize(
    ("text", "size", "words"),
    [
        ("", 4, "a 4x4 puzzle has 16 characters, this one 0"),
        ("." * 80, 9, "a 9x9 puzzle has 81 characters, this one 80"),
        ("." * 82, 9, "a 9x9 puzzle has 81 characters, this one 82"),
        ("." * 36, 9, "this one 36"),
        ("..5............." , 4, "character 3 is '5'; expected 1 to 4, or '.' or '0' for a blank"),
        ("." * 35 + "7", 6, "character 36 is '7'; expected 1 to 6"),
        ("." * 80 + "x", 9, "character 81 is 'x'"),
        (" " + "." * 80, 9, "character 1 is ' '"),
        ("." * 80 + "\n", 9, r"character 81 is '\n'"),
        ("H" + "." * 255, 16, "character 1 is 'H'; expected 1 to 9, A to G, or '.' or '0' for a blank"),
        ("A" + "." * 80, 9, "character 1 is 'A'; expected 1 to 9, or"),
        ("²" + "." * 80, 9, "character 1 is '²'"),
        ("٣" + "." * 80, 9, "character 1 is '٣'"),
    ],
)  # fmt: skip
def test_what_is_no_puzzle_is_named_in_one_line(text, size, words):
    with pytest.raises(InputError) as caught:
        parse_puzzle(text, size)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert isinstance(caught.value, TrmpipeError)
    assert isinstance(caught.value, ValueError)


def test_a_long_line_is_quoted_in_part():
    with pytest.raises(InputError) as caught:
        parse_puzzle("1" * 10_000, 9)
    assert len(str(caught.value)) < 250


RENDERED = {
    4: " 1 2 | . .\n . . | 1 2\n-----+-----\n . 1 | . 3\n . . | 2 .",
    6: (
        " 1 2 3 | 4 5 6\n . . . | . . .\n-------+-------\n . . . | . . .\n"
        " . . . | . . .\n-------+-------\n . . . | . . .\n 6 . . | . . ."
    ),
}


@pytest.mark.parametrize(("size", "text"), [(4, "12....12.1.3..2."), (6, "123456" + "." * 24 + "6.....")])
def test_grids_are_rendered_with_their_boxes(size, text):
    tokens = parse_puzzle(text, size) + 1
    assert as_text(SudokuTask(size=size).picture(tokens)) == RENDERED[size]


def test_a_9x9_grid_has_eleven_lines():
    lines = as_text(SudokuTask(size=9).picture(np.full(81, 10, np.uint8))).splitlines()
    assert lines == [" 9 9 9 | 9 9 9 | 9 9 9" if i % 4 != 3 else "-------+-------+-------" for i in range(11)]


def test_a_16x16_grid_shows_letters():
    lines = as_text(SudokuTask(size=16).picture(np.arange(256, dtype=np.uint8) % 16 + 2)).splitlines()
    assert len(lines) == 19
    assert lines[0] == " 1 2 3 4 | 5 6 7 8 | 9 A B C | D E F G"
