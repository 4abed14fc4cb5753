"""Files of real puzzles: formats that are read, mistakes that are named by line."""

import gzip
import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trmpipe.generators.registry import get_task
from trmpipe.pipeline import PuzzleFileError, read_puzzle_file

TASK = get_task("sudoku4")

A = "1234341221434321"
B = "....3412....4321"


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def parsed(path, task=TASK):
    """A file with its puzzles and answers as tokens."""
    file = read_puzzle_file(path, task)
    every = np.arange(len(file))
    return file, file.parse(task, every), file.parse_answers(task, every)


def test_plain_lines(tmp_path):
    path = write(tmp_path / "p.txt", f"# a list\n{A}\n\n{B.replace('.', '0')}  # rated 7\n")
    file, inputs, answers = parsed(path)
    assert file.lines.tolist() == [2, 4]
    assert TASK.format(inputs[0]) == A
    assert inputs[1].tolist() == [1, 1, 1, 1, 4, 5, 2, 3, 1, 1, 1, 1, 5, 4, 3, 2]
    assert not answers.any()
    assert file.sha256 == hashlib.sha256((tmp_path / "p.txt").read_bytes()).hexdigest()
    assert file.size_bytes == (tmp_path / "p.txt").stat().st_size
    assert file.name == "p.txt"


def test_values_above_nine_are_letters(tmp_path):
    path = write(tmp_path / "p.txt", "123456789ABCDEFGabcdefg.0" + "." * 231 + "\n")
    _, inputs, _ = parsed(path, get_task("sudoku16"))
    assert inputs[0, :25].tolist() == [*range(2, 18), *range(11, 18), 1, 1]
    with pytest.raises(PuzzleFileError, match="character 1 is 'H'; expected 1 to 9, A to G, or "):
        parsed(write(tmp_path / "p.txt", "H" + "." * 255), get_task("sudoku16"))


@pytest.mark.parametrize("name", ["p.csv.gz", "p.csv"])
def test_csv_and_gzip_by_content(tmp_path, name):
    text = f"source,question,answer,rating\r\nx,{B},{A},3\r\ny,{A},,\r\n".encode()
    file, inputs, answers = parsed(write(tmp_path / name, gzip.compress(text) if "gz" in name else text))
    assert file.lines.tolist() == [2, 3]
    assert TASK.format(answers[0]) == A
    assert not answers[1].any()
    assert inputs.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{A}\n{A}1\n", "p.txt line 2: a 4x4 puzzle has 16 characters, this one 17"),
        (f"# c\n{A[:-1]}x\n", "p.txt line 2: character 16 is 'x'; expected 1 to 4, or '.' or '0'"),
        (f"{A[:-1]}5\n", "p.txt line 1: character 16 is '5'"),
        (f"{A[:-1]}é\n", "p.txt line 1: character 16 is 'é'"),
        ("# nothing\n\n", "p.txt holds no puzzle"),
        (
            f"source,questionable\nx,{A}\n",
            "p.txt line 1 is neither a puzzle nor a header with a column of puzzles (",
        ),
        (f"source,questionable\nx,{A}\n", "): it has source, questionable; name the column with --column"),
        (b"\x1f\x8bbroken", "p.txt is neither text nor whole gzip"),
        (gzip.compress(A.encode() * 99, mtime=0)[:-20], "p.txt is neither text nor whole gzip"),
        (b"\xff\xfe\x00", "p.txt is neither text nor whole gzip"),
    ],
)
def test_a_mistake_is_named(tmp_path, text, message):
    path = write(tmp_path / "p.txt", text)
    with pytest.raises(PuzzleFileError) as caught:
        parsed(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"), [("", "p.txt holds no puzzle"), ("\n\n", "p.txt line 1 has no column 'board'; it is empty")]
)
def test_a_column_that_an_empty_file_does_not_have(tmp_path, text, message):
    with pytest.raises(PuzzleFileError, match=message):
        read_puzzle_file(str(write(tmp_path / "p.txt", text)), TASK, column="board")


def test_two_columns_of_one_name_are_refused(tmp_path):
    table = pa.table([pa.array([A]), pa.array([A])], names=["question", "question"])
    pq.write_table(table, tmp_path / "p.parquet")
    with pytest.raises(PuzzleFileError, match=r"is no Parquet file of puzzles as text: .*exists 2 times"):
        read_puzzle_file(str(tmp_path / "p.parquet"), TASK)


@pytest.mark.parametrize("path", ["missing.txt", "."])
def test_a_file_that_cannot_be_read(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PuzzleFileError, match="cannot read"):
        read_puzzle_file(path, TASK)
