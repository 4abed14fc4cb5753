"""Lists of lines as bases: what is chosen is what the plain way chooses, and only what is needed is looked at."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.blocks_of_variants import augment
from tests.references.lines import chosen_lines, rows_of
from trmpipe.generators.registry import get_task
from trmpipe.pipeline import Recipe, read_puzzle_file
from trmpipe.pipeline.cluster import open_cluster
from trmpipe.pipeline.suppliers import drawing
from trmpipe.pipeline.suppliers.lines import SUPPLIER
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Silent

TASK, SMALL = get_task("sudoku6"), get_task("sudoku4")


@pytest.fixture(scope="module")
def cluster():
    with open_cluster(workers=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def puzzles():
    """300 lines of 6x6 puzzles and their solutions, most of them twins of others."""
    groups = TASK.generate(0, 0, 0, 60)
    inputs, labels = augment(TASK, groups, 1, 0, 5)
    rows = zip(inputs.reshape(-1, 36), labels.reshape(-1, 36), strict=True)
    found = [(TASK.format(puzzle), TASK.format(answer)) for puzzle, answer in rows]
    return [found[i] for i in np.random.default_rng(0).permutation(len(found))]


def csv_of(rows):
    return "source,question,answer,rating\n" + "".join(f"x,{p},{a},{i}\n" for i, (p, a) in enumerate(rows))


def choose(path, cluster, test_path=None, **fields):
    given = {"input": (str(path),)} | ({"test_input": (str(test_path),)} if test_path else {})
    recipe = Recipe(task="sudoku6", supplier="lines", sources=tuple((role, "0") for role in given), **fields)
    sources = SUPPLIER.read(TASK, given, recipe.supply)
    bases = SUPPLIER.choose(recipe, sources, cluster, Silent())
    drops = [drop for some in bases.drops.values() for drop in some]
    told = sorted((drop.candidate, drop.reason.split()[0], drop.twin or 0) for drop in drops)
    return recipe, (*(part.groups.candidates.tolist() for part in (bases.train, bases.test)), told)


IMPROPER = ["." * 36, "11" + "." * 34, "1" + "." * 35]


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 5},
        {"n": 7, "test": 3, "seed": 4},
        {"n": 5, "test": 0},
        {"n": None},
        {"n": None, "test": 2},
        {"n": 4, "test": 3, "options": {"clues": ":9"}},
        {"n": None, "options": {"clues": ":9"}},
    ],
)
@pytest.mark.parametrize("form", ["plain", "csv", "improper", "gz"])
def test_the_choice_is_that_of_the_plain_way(tmp_path, cluster, puzzles, fields, form):
    text = "# a list\n\n" + "\n".join(f"{puzzle} 5" for puzzle, _ in puzzles)
    if form == "csv":
        text = csv_of(puzzles)
    elif form == "improper":
        both = zip(puzzles, IMPROPER * 100, strict=True)
        text = "\n".join(line for (puzzle, _), more in both for line in (more, puzzle))
        fields = {**fields, "supply": {"drop_improper": "yes"}}
    raw = gzip.compress(text.encode()) if form == "gz" else text.encode()
    (tmp_path / "p").write_bytes(raw)
    recipe, found = choose(tmp_path / "p", cluster, **fields)
    assert found == chosen_lines(recipe, raw)
    assert len(found[0]) >= 4


@pytest.mark.parametrize("fields", [{"n": 5, "test": 4}, {"n": None, "test": 4}, {"n": 3}])
def test_the_choice_from_two_files_is_that_of_the_plain_way(tmp_path, cluster, puzzles, fields):
    raws = [csv_of(puzzles[:200]).encode(), "\n".join(puzzle for puzzle, _ in puzzles[190:200]).encode()]
    for name, raw in zip("ab", raws, strict=True):
        (tmp_path / name).write_bytes(raw)
    recipe, found = choose(tmp_path / "a", cluster, tmp_path / "b", **fields)
    assert found == chosen_lines(recipe, *raws)


def test_only_what_is_needed_is_looked_at(tmp_path, cluster, puzzles, monkeypatch):
    (tmp_path / "p.csv").write_text(csv_of(puzzles * 20))
    looked_at = []
    monkeypatch.setattr(drawing, "_LARGEST_BLOCK", 64)
    plain = drawing._parsed
    monkeypatch.setattr(drawing, "_parsed", lambda *given: looked_at.append(len(given[2])) or plain(*given))
    _, (train, test, _) = choose(tmp_path / "p.csv", cluster, n=5, test=5)
    assert (len(train), len(test)) == (5, 5)
    assert 0 < sum(looked_at) <= 64 * 8


def test_a_line_is_refused_when_its_turn_comes(tmp_path, cluster, puzzles):
    lines = [puzzle for puzzle, _ in puzzles]
    (tmp_path / "p").write_text("\n".join(lines))
    _, (train, test, told) = choose(tmp_path / "p", cluster, n=5, test=3)
    last = max(range(300), key=lambda i: [*test, *train, *(line for line, *_ in told)].count(i + 1) == 0)
    for bad in ("." * 36, "5" * 36, "123"):
        (tmp_path / "p").write_text("\n".join([*lines[:last], bad, *lines[last + 1 :]]))
        assert choose(tmp_path / "p", cluster, n=5, test=3)[1] == (train, test, told)
        with pytest.raises(Exception, match=f"p line {last + 1}: "):
            choose(tmp_path / "p", cluster, n=None, test=3)
        drawn = train[-1] - 1
        (tmp_path / "p").write_text("\n".join([*lines[:drawn], bad, *lines[drawn + 1 :]]))
        with pytest.raises(Exception, match=f"p line {drawn + 1}: "):
            choose(tmp_path / "p", cluster, n=5, test=3)


A, B = "1234341221434321", "....3412....4321"
HEADERS = [
    "id,quizzes,solutions",
    "puzzle,solution,x",
    "id\tpuzzle\tsolution",
    "id;board;answer",
    '"id","quiz","solution"',
]


@pytest.mark.parametrize("header", HEADERS)
def test_usual_headers_are_known(tmp_path, header):
    delimiter = next(letter for letter in "\t,;" if letter in header)
    names = header.replace('"', "").split(delimiter)
    row = delimiter.join(B if name in ("quizzes", "quiz", "puzzle", "board") else A for name in names)
    (tmp_path / "p").write_text(f"{header}\n{row}\n")
    file = read_puzzle_file(str(tmp_path / "p"), SMALL)
    every = np.arange(1)
    assert file.lines.tolist() == [2]
    assert SMALL.format(file.parse(SMALL, every)[0]) == B
    assert SMALL.format(file.parse_answers(SMALL, every)[0]) == A


@pytest.mark.parametrize("name", ["p.parquet", "p.csv", "p.tsv"])
def test_a_table_by_column_with_its_own_rating(trmpipe, tmp_path, puzzles, name):
    path = tmp_path / name
    columns = {"givens": [p for p, _ in puzzles], "rating": [str(i) for i in range(len(puzzles))]}
    if name == "p.parquet":
        pq.write_table(pa.table({**columns, "rating": [float(i) for i in range(len(puzzles))]}), path)
        first = 1
    else:
        comma = "," if name == "p.csv" else "\t"
        rows = [comma.join(row) for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join([comma.join(columns), *rows]))
        first = 2
    command = ["generate", "sudoku", "--size", 6, "--input", path, "--n", 5, "--test", 2, "--aug", 1]
    refused = trmpipe(*command, "--out", tmp_path / "no")
    assert (refused.code, "it has givens, rating" in refused.message) == (1, True)
    refused = trmpipe(*command, "--column", "given", "--out", tmp_path / "no")
    assert (refused.code, "has no column 'given'; it has givens, rating" in refused.message) == (1, True)
    made = trmpipe(*command, "--column", "givens", "--file-rating", "--out", tmp_path / "c")
    assert made.code == 0, made.err
    catalog = Corpus.open(tmp_path / "c").catalog["train"]
    assert catalog.difficulty.tolist() == [line - first for line in catalog.candidates.tolist()]
    again = trmpipe("regenerate", tmp_path / "c", "--input", path, "--out", tmp_path / "again")
    assert (again.code, "files equal to the byte" in again.out) == (0, True)


def test_messages_name_the_cause(trmpipe, tmp_path, puzzles):
    (tmp_path / "bad").write_text("\n".join(["." * 36] * 30))
    command = ["generate", "sudoku", "--size", 6, "--aug", 1, "--out", tmp_path / "c"]
    result = trmpipe(*command, "--input", tmp_path / "bad", "--drop-improper", "--test", 20)
    assert (result.code, "leaves 0 distinct ones: of its 30 lines, 30 have several solutions" in result.message) == (
        1,
        True,
    )
    (tmp_path / "good").write_text("\n".join(puzzle for puzzle, _ in puzzles))
    result = trmpipe(*command, "--input", tmp_path / "good", "--test-input", tmp_path / "good")
    assert result.code == 1
    assert "is left to train on: of its 300 lines, 300 are twins of a held-out puzzle" in result.message
    assert "--test-input is the same file: leave it out" in result.message
    assert "--n" not in result.message


def test_quotes_blank_lines_and_ragged_rows_are_read_as_python_reads_them(tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.pipeline.puzzle_tables._PIECE_BYTES", 64)
    rows = [f"x,{B},{A},1", "", f"x,{B}", f'"x\ny",{B},{A}', f"x, {B} ,{A},1,2,3", f"é\x85,{B},{A},", f"x,{A},,"]
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(len(rows) * 2) % len(rows)
        ends = "\r\n" if seed % 2 else "\n"
        raw = ("source,question,answer,rating" + ends + ends.join(rows[i] for i in order[: 4 + seed % 9])).encode()
        (tmp_path / "p").write_bytes(raw)
        file = read_puzzle_file(str(tmp_path / "p"), SMALL)
        answers = file.answers.to_pylist()
        assert list(zip(file.lines.tolist(), file.puzzles.to_pylist(), answers, strict=True)) == rows_of(raw), seed


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("arc-agi-1:training", "it takes a whole data set, arc-agi-1 or arc-agi-2"),
        (
            "mytasks",
            "--dataset is mytasks; expected arc-agi-1 or arc-agi-2; give a folder",
        ),
    ],
)
def test_a_data_set_that_is_none(trmpipe, tmp_path, dataset, said):
    result = trmpipe("generate", "arc", "--dataset", dataset, "--out", tmp_path / "c")
    assert (result.code, said in result.message) == (2, True), result.message


def test_json_names_what_was_dropped(trmpipe, tmp_path, puzzles):
    (tmp_path / "p").write_text("\n".join([*(puzzle for puzzle, _ in puzzles[:40]), "." * 36]))
    command = ["generate", "sudoku", "--size", 6, "--aug", 1, "--test", 1, "--n", 2, "--out", tmp_path / "c", "--json"]
    told = json.loads(trmpipe(*command, "--input", tmp_path / "p", "--drop-improper").out)
    assert {"line": 41, "reason": "several solutions"} in told["dropped"]["input"]
