"""Mazes out of files: the published CSV and plain lines, in which a blank is a cell and '#' a wall."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trmpipe.generators.maze.asked import Asked
from trmpipe.generators.maze.task import MazeTask
from trmpipe.generators.task import TRAIN, Groups
from trmpipe.pipeline import read_puzzle_file
from trmpipe.shards import Corpus

SIZE = 7
TASK = MazeTask(size=SIZE)
CHARACTERS = np.array(list("_# SGo"))


def published(tokens):
    """As Maze-Hard spells a maze."""
    return "".join(CHARACTERS[tokens])


@pytest.fixture(scope="module")
def groups():
    """Twelve mazes, some with blanks at an end of the line, whose labels are not all the tie rule's."""
    task = MazeTask(size=SIZE, asked=Asked(kind="hard", path=None, solutions=2))
    made = task.with_alternatives(task.generate(0, TRAIN, 0, 12), 1)
    lasts = made.offsets[1:] - 1
    found = Groups.single(made.candidates, made.inputs[lasts], made.labels[lasts])
    assert (made.sizes == 2).any()
    assert {published(one)[0] for one in found.inputs} == {" ", "#"}
    return found


def csv_of(groups, header="source,question,answer,rating"):
    pairs = zip(groups.inputs, groups.labels, strict=True)
    rows = [f"x,{published(maze)},{published(label)},{i}" for i, (maze, label) in enumerate(pairs)]
    return "\n".join([header, *rows]) + "\n"


def plain(groups):
    return "\n".join(map(published, groups.inputs)) + "\n"


def write(path, text):
    path.write_text(text)
    return path


COMMAND = ("generate", "maze", "--size", SIZE, "--aug", 3)


def test_the_published_csv_gives_the_published_labels(trmpipe, tmp_path, groups):
    path = write(tmp_path / "mazes.csv", csv_of(groups))
    made = trmpipe(*COMMAND, "--input", path, "--test", 0, "--file-rating", "--out", tmp_path / "c")
    assert made.code == 0, made.err
    corpus = Corpus.open(tmp_path / "c")
    rows, catalog = corpus.read("train"), corpus.catalog["train"]
    bases = rows.take(np.flatnonzero(rows.variants == 0))
    order = catalog.candidates[bases.groups] - 2
    assert sorted(order.tolist()) == list(range(12))
    assert np.array_equal(bases.inputs, groups.inputs[order])
    assert np.array_equal(bases.labels, groups.labels[order])
    assert catalog.difficulty.tolist() == order.tolist()
    assert (groups.labels != TASK.solve(groups.inputs).labels).any()
    again = trmpipe("regenerate", tmp_path / "c", "--input", path, "--out", tmp_path / "again")
    assert (again.code, "files equal to the byte" in again.out) == (0, True)


@pytest.mark.parametrize("form", ["plain", "crlf", "quoted", "parquet", "dots", "pieces"])
def test_every_form_gives_the_same_mazes(tmp_path, monkeypatch, groups, form):
    path, answered = tmp_path / "mazes", form in ("quoted", "parquet", "pieces")
    text = csv_of(groups) if answered else plain(groups)
    if form == "parquet":
        columns = {"question": groups.inputs, "answer": groups.labels}
        pq.write_table(pa.table({name: [*map(published, some)] for name, some in columns.items()}), path)
    elif form == "quoted":
        write(path, text.replace("x,", '"x",'))
    elif form == "crlf":
        path.write_bytes(text.replace("\n", "\r\n").encode() + b"\r\n")
    else:
        monkeypatch.setattr("trmpipe.pipeline.puzzle_tables._PIECE_BYTES", 64)
        write(path, text.replace(" ", ".") if form == "dots" else text)
    file = read_puzzle_file(str(path), TASK)
    every = np.arange(len(file))
    assert np.array_equal(file.parse(TASK, every), groups.inputs)
    assert np.array_equal(file.parse_answers(TASK, every), groups.labels if answered else np.zeros_like(groups.labels))


def test_two_files_give_two_splits(trmpipe, tmp_path, groups):
    one, other = (write(tmp_path / name, plain(groups.take(some))) for name, some in zip("ab", HALVES, strict=True))
    made = trmpipe(*COMMAND, "--input", one, "--test-input", other, "--out", tmp_path / "c")
    assert made.code == 0, made.err
    corpus = Corpus.open(tmp_path / "c")
    assert (corpus.num_groups("train"), corpus.num_groups("test")) == (8, 4)
    rows = corpus.read("test")
    assert np.array_equal(rows.labels, TASK.solve(rows.inputs).labels), "without an answer it is that of the tie rule"


HALVES = (slice(0, 8), slice(8, 12))


def wrong_answer(groups):
    labels = groups.labels.copy()
    labels[4][labels[4] == 5] = 2
    return csv_of(Groups.single(groups.candidates, groups.inputs, labels))


def walled_in(groups):
    mazes = groups.inputs.copy()
    goal = int(np.flatnonzero(mazes[2] == 4)[0])
    for beside in (goal - 1, goal + 1, goal - SIZE, goal + SIZE):
        if 0 <= beside < SIZE * SIZE:
            mazes[2][beside] = 1
    mazes[2][mazes[2] == 3] = 1
    mazes[2][0 if goal > SIZE + 1 else -1] = 3
    return plain(Groups.single(groups.candidates, mazes, mazes))


MISTAKES = {
    "a wrong answer": (wrong_answer, "line 6: the answer given is not the puzzle's solution; mend the line, or drop"),
    "no way": (walled_in, "line 3: the puzzle has no solution, expected one or more; take the line out, or drop all"),
    "a wrong length": (
        lambda groups: plain(groups)[:-2] + "\n",
        "line 12: a 7x7 maze has 49 characters, this one 48; mend the line, or give the right --size",
    ),
    "a stray character": (
        lambda groups: plain(groups).replace("#", "x", 1),
        "is 'x'; expected '#', '.' or a blank, 'S' or 'G'; mend the line",
    ),
    "two starts": (
        lambda groups: plain(groups).replace("G", "S", 1),
        "line 1: a maze has one 'S' and one 'G', this one 2 'S' and 0 'G'; mend the line",
    ),
    "no goal": (
        lambda groups: plain(groups).replace("G", " ", 1),
        "line 1: a maze has one 'S' and one 'G', this one 1 'S' and 0 'G'; mend the line",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_wrong_is_told_in_one_line_and_nothing_is_written(trmpipe, tmp_path, groups, mistake):
    spoil, words = MISTAKES[mistake]
    path = write(tmp_path / "p", spoil(groups))
    refused = trmpipe(*COMMAND, "--input", path, "--test", 0, "--out", tmp_path / "c")
    assert (refused.code, words in refused.message) == (1, True), refused.message
    assert not (tmp_path / "c" / "manifest.json").exists()


@pytest.mark.parametrize("mistake", ["a wrong answer", "no way"])
def test_improper_mazes_are_dropped_where_asked_and_counted(trmpipe, tmp_path, groups, mistake):
    path = write(tmp_path / "p", MISTAKES[mistake][0](groups))
    made = trmpipe(*COMMAND, "--input", path, "--test", 0, "--drop-improper", "--out", tmp_path / "c", "--json")
    assert made.code == 0, made.err
    told = json.loads(made.out)
    line, reason = (6, "an answer that is no solution") if mistake == "a wrong answer" else (3, "no solution")
    assert told["groups"]["train"] == 11
    assert told["skipped"] == {reason: 1}
    assert {"line": line, "reason": reason} in told["dropped"]["input"]


@pytest.mark.parametrize("option", [("--kind", "unique"), ("--algorithm", "dfs"), ("--removed", 20)])
def test_how_mazes_are_made_is_no_question_where_they_are_given(trmpipe, tmp_path, groups, option):
    path = write(tmp_path / "p", plain(groups))
    kind = ("--kind", "open") if option[0] != "--kind" else ()
    refused = trmpipe(*COMMAND, "--input", path, *option, *kind, "--out", tmp_path / "c")
    assert (refused.code, "says how maze puzzles are made, and with --input" in refused.message) == (2, True)


def test_a_range_of_paths_chooses_among_given_mazes_and_no_range_takes_all(trmpipe, tmp_path, groups):
    """Also shorter ones than kind hard makes by default."""
    short = MazeTask(size=SIZE, asked=Asked.parse({"kind": "open", "path": "1:3"})).generate(0, TRAIN, 0, 5)
    path = write(tmp_path / "p", plain(groups) + plain(short))
    for options, count in (((), 17), (("--path", "1:3"), 5), (("--solutions", 3), 17)):
        out = tmp_path / f"c{count}{len(options)}"
        made = trmpipe(*COMMAND, "--input", path, "--test", 0, *options, "--out", out)
        assert made.code == 0, made.err
        assert Corpus.open(out).num_groups("train") == count


def test_a_maze_that_was_copied_out_of_the_published_file_is_read_as_a_puzzle(groups):
    """What `trmpipe solve` reads."""
    assert np.array_equal(TASK.parse([published(one) for one in groups.inputs]), groups.inputs)
    assert np.array_equal(TASK.parse([TASK.format(one) for one in groups.inputs]), groups.inputs)
