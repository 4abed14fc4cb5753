"""What pages are made of: escaping, boards in few letters, puzzles chosen, paired differences, times."""

import json
import math
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trmpipe.generators.picture import GIVEN, RIGHT, WRONG, Picture
from trmpipe.reports.page import bundle
from trmpipe.reports.page.boards import Board, Boards
from trmpipe.reports.page.markup import element, json_block
from trmpipe.reports.runs.asking import FAILED, LATE, SOLVED, choose_rows
from trmpipe.reports.runs.facts import names_of_runs, seconds_of
from trmpipe.reports.runs.paired import Paired, compare_outcomes
from trmpipe.shards.words import time_in_words
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.runs.lines import read_metrics


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Cn", "Co"))))
def test_any_text_stays_text(text):
    read = Elements(element("p", text, title=text, data_source=text))
    assert read.found == [("p", {"title": text, "data-source": text})]
    assert read.text == text


def test_letters_that_hide_others_are_numbers():
    assert element("p", "a\u202eb\x00") == "<p>a\\u202eb\\x00</p>"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_in_a_page_is_read_as_it_was(value):
    block = json_block("name", value)
    inside = block.removeprefix('<script type="application/json" id="name">').removesuffix("</script>")
    assert json.loads(inside) == value
    assert not set("<>&") & set(inside)


CELLS = st.lists(
    st.tuples(st.text(max_size=2), st.sampled_from(["", "#aabbcc"]), st.sampled_from(["", GIVEN, RIGHT, WRONG])),
    min_size=6,
    max_size=6,
)


def board(cells):
    symbols, fills, tones = zip(*cells, strict=True)
    return Board(picture=Picture(shape=(2, 3), symbols=symbols, fills=fills, tones=tones), says="")


def read_back(told, one):
    cells = one["cells"]
    numbers = [told["letters"].index(letter) for letter in cells] if isinstance(cells, str) else cells
    return [tuple(told["looks"][number]) for number in numbers]


@given(CELLS, CELLS, st.lists(CELLS, min_size=1, max_size=4))
def test_boards_in_letters_are_the_boards(puzzle, solution, steps):
    boards = Boards(
        title="",
        says="",
        kind="",
        puzzle=board(puzzle),
        solution=board(solution),
        steps={"a": [board(s) for s in steps]},
    )
    told = json.loads(json.dumps(boards.to_json()))
    assert read_back(told, told["puzzle"]) == puzzle
    assert read_back(told, told["solution"]) == solution
    assert [read_back(told, step) for step in told["steps"]["a"]] == steps


def test_a_board_of_more_looks_than_letters_is_numbers():
    cells = [(str(number), "", "") for number in range(400)]
    symbols, fills, tones = zip(*cells, strict=True)
    many = Board(picture=Picture(shape=(20, 20), symbols=symbols, fills=fills, tones=tones), says="")
    told = Boards(title="", says="", kind="", puzzle=many, solution=many, steps={"a": [many]}).to_json()
    assert read_back(told, told["puzzle"]) == cells


def stepwise(settled, ratings):
    return SimpleNamespace(settled=lambda: np.array(settled), ratings=np.array(ratings))


def test_puzzles_that_are_shown_are_of_all_kinds():
    settled = [0, 1, 1, 9, 0, 2, 1, 1]
    found = choose_rows(stepwise(settled, [5, 0, 0, 1, 7, 0, 0, np.nan]), 6)
    assert found == [(4, FAILED), (0, FAILED), (3, LATE), (5, LATE), (1, SOLVED), (2, SOLVED)]


def test_late_is_later_than_the_fastest():
    found = choose_rows(stepwise([0, 3, 3, 9], [0.0] * 4), 4)
    assert sorted(found) == [(0, FAILED), (1, SOLVED), (2, SOLVED), (3, LATE)]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 12))
def test_as_many_puzzles_are_shown_as_there_are(settled, number):
    found = choose_rows(stepwise(settled, [0.0] * len(settled)), number)
    rows = [row for row, _ in found]
    assert len(set(rows)) == len(rows) == min(number, len(settled))
    assert all((kind == FAILED) == (settled[row] == 0) for row, kind in found)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_paired_outcomes_are_counted(pairs):
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    found = compare_outcomes(first, second)
    assert (found.both, found.first, found.second, found.neither) == tuple(
        pairs.count(pair) for pair in [(True, True), (True, False), (False, True), (False, False)]
    )
    assert found.difference == pytest.approx(first.mean() - second.mean())
    low, high = found.interval
    assert -1 <= low < high <= 1
    assert low <= found.difference <= high or abs(found.difference) > 0.9


def test_the_interval_is_that_of_the_formula():
    """By hand, for the table (53, 8, 16, 9) with half a puzzle more in each cell: N = 88, b = 8.5, c = 16.5."""
    low, high = Paired(both=53, first=8, second=16, neither=9).interval
    half = 1.959963984540054 * math.sqrt((8.5 + 16.5) - (8.5 - 16.5) ** 2 / 88) / 88
    assert (low, high) == pytest.approx((-8 / 88 - half, -8 / 88 + half))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """For 100 puzzles of which 10 % are solved by the first alone, and 5 % by the second: 95 % of 4,000 draws, within
    four deviations (1.4 points)."""
    draws = np.random.default_rng(0).multinomial(100, [0.6, 0.10, 0.05, 0.25], size=4000).tolist()
    tables = [Paired(both=b, first=f, second=s, neither=n) for b, f, s, n in draws]
    held = np.mean([low <= 0.05 <= high for low, high in (table.interval for table in tables)])
    assert abs(held - 0.95) < 0.02


def test_runs_are_called_so_that_they_are_told_apart(tmp_path):
    paths = [tmp_path / "a" / "one", tmp_path / "b" / "one", tmp_path / "b" / "two"]
    assert names_of_runs(paths) == ["a/one", "b/one", "b/two"]
    assert names_of_runs(paths[1:]) == ["one", "two"]
    assert len(set(names_of_runs([paths[0], paths[0]]))) == 2


def test_seconds_of_sessions_are_added(tmp_path):
    file = tmp_path / "timings.jsonl"
    assert seconds_of(file) is None
    lines = [(1.0, 0.5), (2.0, 0.5), (0.5, 0.0), (3.0, 1.0)]
    text = [json.dumps({"step": 1, "training_seconds": one, "evaluating_seconds": two}) for one, two in lines]
    file.write_text("\n".join(text) + "\nhalf a li")
    assert seconds_of(file) == pytest.approx(2.5 + 4.0)
    file.write_text('{"training_seconds": -1}\n')
    with pytest.raises(RunError, match="is damaged"):
        seconds_of(file)


@pytest.mark.parametrize(("seconds", "words"), [(46.4, "46 s"), (605, "10 min 05 s"), (11100, "3 h 05 min")])
def test_times_are_told_as_people_do(seconds, words):
    assert time_in_words(seconds) == words


def test_the_code_of_charts_is_kept_and_believed_only_whole(tmp_path, monkeypatch):
    made = []
    monkeypatch.setenv("TRMPIPE_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(bundle.vl_convert, "javascript_bundle", lambda snippet: made.append(1) or "f('</script><!--')")
    write = bundle.vega_script.__wrapped__
    assert write() == write() == "f('<\\/script><\\!--')"
    assert len(made) == 1
    (kept,) = (tmp_path / "vega").iterdir()
    kept.write_text(kept.read_text() + " ")
    assert write() == "f('<\\/script><\\!--')"
    assert len(made) == 2
    kept.unlink()
    kept.mkdir()
    assert write() == "f('<\\/script><\\!--')"


def test_a_session_that_took_longer_than_the_one_before_is_counted_too(tmp_path):
    file = tmp_path / "timings.jsonl"
    old = [{"step": 10, "training_seconds": 5.0}, {"step": 20, "training_seconds": 3.0}]
    new = [(30, 10, 4.0), (40, 20, 6.0), (60, 20, 9.0), (70, 10, 9.5)]
    lines = [*old, *({"step": s, "session_steps": n, "training_seconds": t} for s, n, t in new)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert seconds_of(file) == pytest.approx(5.0 + 3.0 + 6.0 + 9.0 + 9.5)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("metrics.jsonl", {"step": 1, "split": "train", "loss": 1.7e308}),
        ("metrics.jsonl", {"step": 1, "split": "test", "exact": -1.7e308}),
        ("timings.jsonl", {"step": 1, "training_seconds": 1.7e308}),
    ],
)
def test_numbers_that_no_run_comes_to_are_damage(tmp_path, file, line):
    path = tmp_path / file
    path.write_text((json.dumps(line) + "\n") * 3)
    with pytest.raises(RunError, match=f"{file} line 1"):
        (read_metrics if file == "metrics.jsonl" else seconds_of)(path)
