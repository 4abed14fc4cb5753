"""Files of puzzles as text: plain lines, or CSV ``source,question,answer,rating``; gzip by content.

Source of the formats: the public puzzle lists (one puzzle a line, '#' comments) and the Sudoku-Extreme data set (CSV).
What a line says is the task's to read.

Shapes: B puzzles, S sequence length.
"""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import fsspec
import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import TextError
from trmpipe.generators.task import PAD, Task
from trmpipe.shards.urls import check_url

from .errors import PuzzleFileError
from .sources import Source, last_part

_GZIP_MAGIC = b"\x1f\x8b"

_Row = tuple[int, str, str]
"""A line's number, its puzzle, and its answer, empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PuzzleFile(Source):
    """One file, read and its puzzles parsed; not solved yet.

    Attributes:
        lines: int64 [B], line of each puzzle, counted from 1.
        inputs: uint8 [B, S], tokens of the puzzles.
        answers: uint8 [B, S], tokens of the file's own solutions, all pad where it has none.
    """

    lines: NDArray[np.int64]
    inputs: NDArray[np.uint8]
    answers: NDArray[np.uint8]


def read_puzzle_file(path: str, task: Task, role: str = "input", advice: str = "mend the line") -> PuzzleFile:
    """Read a file of puzzles.

    Args:
        path: a local path or an fsspec URL.
        task: reads the puzzles.
        role: what they are for.
        advice: what to do about a line that is no puzzle, for messages.

    Raises:
        PuzzleFileError: the file cannot be read, holds no puzzle, or a line is none.
        InputError: puzzles of the task have no text form.
        CorpusError: the URL may not be opened.
        RecipeError: the file's name cannot be kept in a manifest.
    """
    name = last_part(path)
    raw = _read(path)
    try:
        text = (gzip.decompress(raw) if raw.startswith(_GZIP_MAGIC) else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise PuzzleFileError(
            f"{path} is neither text nor whole gzip: {error}; give lines of puzzles or CSV"
        ) from error
    lines = text.splitlines()
    rows = _csv_rows(lines, path) if lines and "question" in lines[0].lower() else _plain_rows(lines)
    if not rows:
        raise PuzzleFileError(f"{path} holds no puzzle; expected one of {task.spec.seq_len} cells a line, or CSV")
    inputs = _parse(task, [(number, question) for number, question, _ in rows], path, advice)
    answered = np.array([bool(answer) for *_, answer in rows])
    answers = np.full_like(inputs, PAD)
    if answered.any():
        answers[answered] = _parse(task, [(number, answer) for number, _, answer in rows if answer], path, advice)
    return PuzzleFile(
        given=path,
        role=role,
        name=name,
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        lines=np.array([number for number, *_ in rows], np.int64),
        inputs=inputs,
        answers=answers,
    )


def _read(path: str) -> bytes:
    check_url(path)
    try:
        with fsspec.open(path, "rb") as file:
            return bytes(file.read())
    except (OSError, ValueError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PuzzleFileError(f"cannot read {path}: {reason}; give a file of puzzles, one a line, or CSV") from error


def _plain_rows(lines: list[str]) -> list[_Row]:
    return [
        (number, line.split()[0], "")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _csv_rows(lines: list[str], path: str) -> list[_Row]:
    reader = csv.DictReader(io.StringIO("\n".join(lines)))
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or []}
    if "question" not in names:
        raise PuzzleFileError(f"{path} line 1: a CSV file needs a column `question`; it has {', '.join(names)}")
    answer = names.get("answer")
    try:
        return [
            (reader.line_num, (row[names["question"]] or "").strip(), (row[answer] or "").strip() if answer else "")
            for row in reader
        ]
    except csv.Error as error:
        raise PuzzleFileError(f"{path} line {reader.line_num}: no CSV ({error}); mend the line") from error


def _parse(task: Task, texts: Sequence[tuple[int, str]], path: str, advice: str) -> NDArray[np.uint8]:
    """Tokens of puzzles, all at once, from the number and text of each line; the first wrong one is named."""
    try:
        return task.parse([text for _, text in texts])
    except TextError as error:
        raise PuzzleFileError(f"{path} line {texts[error.index][0]}: {error}; {advice}") from error
