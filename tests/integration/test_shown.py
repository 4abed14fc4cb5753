"""What `inspect` shows: names, grids side by side and cropped, in colour on a terminal; clues where a task has some."""

import json
import os
import pty
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.arc_corpora import make_arc_corpus, small_tasks
from trmpipe.cli import boards
from trmpipe.generators import registry
from trmpipe.generators.picture import Picture
from trmpipe.generators.registry import get_task, installed_task


@pytest.fixture(scope="module")
def tasks():
    """Two tasks on 3 x 3 grids; the solution of the second is not known."""
    some = small_tasks(2)
    some["task1"]["test"][0].pop("output")
    return some


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, tasks):
    path = tmp_path_factory.mktemp("shown") / "arc"
    make_arc_corpus(path, tasks, 3)
    return path


def rows(grid):
    return ["".join(map(str, row)) for row in grid]


def test_tasks_are_shown_by_id_with_cropped_pairs_beside_each_other(trmpipe, corpus, tasks):
    said = trmpipe("inspect", corpus, "--puzzles", 1).out.splitlines()
    start = said.index("train puzzle 0, task0, 2 examples") + 1
    for number, pair in enumerate(tasks["task0"]["train"], 1):
        block = said[start : start + 4]
        assert block[0].split() == ["input", str(number), "output", str(number)]
        assert [line.split() for line in block[1:]] == [
            list(both) for both in zip(rows(pair["input"]), rows(pair["output"]), strict=True)
        ]
        start += 4
    assert start == len(said)


def test_what_is_not_known_is_said(trmpipe, corpus, tasks):
    said = trmpipe("inspect", corpus, "--puzzles", 2, "--split", "test").out
    last = said[said.index("test puzzle 1, task1") :].splitlines()
    assert last[1].split() == ["input", "1", "output", "1", "unknown"]
    assert [line.strip() for line in last[2:]] == rows(tasks["task1"]["test"][0]["input"])


def test_clues_are_counted_where_a_task_has_some(trmpipe, corpus, corpus6):
    assert "clue" not in trmpipe("inspect", corpus).out
    assert "clues" not in json.loads(trmpipe("inspect", corpus, "--json").out)["splits"]["train"]
    said = trmpipe("inspect", corpus6).out
    assert said.count(" clues, difficulty ") == 2
    assert said.count("; clues ") == 2
    assert "candidate" not in said


def test_tasks_declare_what_is_blank_and_what_lies_around():
    assert get_task("sudoku9").blank == 1
    assert get_task("arc").blank is None
    assert get_task("arc").frame == (0, 1)


def test_a_corpus_is_shown_without_its_tasks_code(trmpipe, corpus, monkeypatch):
    monkeypatch.setattr(registry, "get_task", lambda name: (_ for _ in ()).throw(registry.InputError(name)))
    told = trmpipe("inspect", corpus, "--puzzles", 1)
    assert told.code == 0
    assert "train puzzle 0, task0, 2 examples" in told.out
    assert "clue" not in told.out


def test_code_of_another_task_of_that_name_is_not_used():
    spec = get_task("sudoku4").spec
    assert installed_task(spec) is get_task("sudoku4")
    assert installed_task(replace(spec, vocabulary="_.abcd")) is None


def on_a_terminal(arguments, columns=80, **env):
    """What a command writes to a terminal that knows colours."""
    leader, follower = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(columns), **env}
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "trmpipe", *map(str, arguments)]
    with subprocess.Popen(command, stdout=follower, stderr=subprocess.DEVNULL, env=kept | settings) as process:
        os.close(follower)
        said = b""
        while True:
            try:
                part = os.read(leader, 1 << 16)
            except OSError:
                break
            said += part
        os.close(leader)
    assert process.returncode == 0
    return said.decode()


def test_grids_are_coloured_on_a_terminal_and_plain_where_nobody_wants_colours(corpus, tasks):
    arguments = ["inspect", corpus, "--puzzles", 1, "--split", "test"]
    said = on_a_terminal(arguments)
    assert said.count("\x1b[") > 9
    colours = {0: "0;0;0", 1: "0;116;217", 2: "255;65;54", 3: "46;204;64"}
    for colour in np.unique(tasks["task0"]["test"][0]["input"]):
        assert f"48;2;{colours[colour]}m" in said
    plain = on_a_terminal(arguments, NO_COLOR="1")
    assert "\x1b" not in plain
    assert all(row in plain for row in rows(tasks["task0"]["test"][0]["input"]))


def test_boards_that_do_not_fit_beside_each_other_stand_below(capsys, monkeypatch):
    wide = boards.Board(["wide"], Picture(shape=(1, 30), symbols=("x",) * 30))
    monkeypatch.setattr(boards, "stdout_width", lambda: 70)
    boards.echo_boards([wide] * 3)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["wide", "wide"],
        ["x" * 30] * 2,
        [],
        ["wide"],
        ["x" * 30],
    ]


def test_a_fill_that_is_no_colour_is_not_given_to_the_terminal(monkeypatch):
    lines = boards._coloured(Picture(shape=(1, 2), symbols=("a", ""), fills=("\x1b[31m", "#FFFFFF")))
    assert lines == [[(" a", ""), ("  ", "#444444 on #ffffff")]]
