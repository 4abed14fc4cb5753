"""Files of real Sudokus as bases: plain lines of cells, or CSV ``source,question,answer,rating``; gzip by content.

Source of the formats: the public puzzle lists (one puzzle a line, '#' comments) and the Sudoku-Extreme data set (CSV).

Shapes: B puzzles, C cells.
"""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import fsspec
import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.sudoku import SudokuTask, solve
from trmpipe.generators.sudoku.text import describe_values, values_of
from trmpipe.generators.task import Groups
from trmpipe.shards import Progress

from .cluster import Cluster
from .errors import PuzzleFileError

_GZIP_MAGIC = b"\x1f\x8b"
_PUZZLES_PER_TASK = 1024
_INVALID = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class PuzzleFile:
    """One file, read and its cells checked; not solved yet.

    Attributes:
        path: as the user gave it.
        role: ``"input"``, or ``"test_input"`` for held-out puzzles.
        size_bytes: of the file as it lies there.
        sha256: hex digest of the file as it lies there.
        lines: int64 [B], line of each puzzle, counted from 1.
        puzzles: uint8 [B, C], 0 = blank.
        answers: uint8 [B, C], the file's own solutions, zeros where it has none.
    """

    path: str
    role: str
    size_bytes: int
    sha256: str
    lines: NDArray[np.int64]
    puzzles: NDArray[np.uint8]
    answers: NDArray[np.uint8]

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]


def read_puzzle_file(path: str, size: int, role: str = "input") -> PuzzleFile:
    """Read a file of puzzles.

    Args:
        path: a local path or an fsspec URL.
        size: rows of a grid.
        role: what its puzzles are for.

    Raises:
        PuzzleFileError: the file cannot be read, holds no puzzle, or a line has the wrong length or a wrong character.
    """
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
        raise PuzzleFileError(f"{path} holds no puzzle; expected one of {size * size} characters a line, or CSV")
    numbers, questions, answers = zip(*rows, strict=True)
    return PuzzleFile(
        path=path,
        role=role,
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        lines=np.array(numbers, np.int64),
        puzzles=_parse(questions, numbers, size, path),
        answers=_parse([answer or "." * (size * size) for answer in answers], numbers, size, path),
    )


def _read(path: str) -> bytes:
    try:
        with fsspec.open(path, "rb") as file:
            return bytes(file.read())
    except (OSError, ValueError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PuzzleFileError(f"cannot read {path}: {reason}; give a file of puzzles, one a line, or CSV") from error


def _plain_rows(lines: list[str]) -> list[tuple[int, str, str]]:
    return [
        (number, line.split()[0], "")
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _csv_rows(lines: list[str], path: str) -> list[tuple[int, str, str]]:
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


def _parse(texts: Iterable[str], lines: Iterable[int], size: int, path: str) -> NDArray[np.uint8]:
    """Cells of all puzzles at once; the first wrong one is named by its line."""
    table = np.full(256, _INVALID, np.uint8)
    for character, value in values_of(size).items():
        table[ord(character)] = value
    encoded = [text.encode("ascii", "replace") for text in texts]
    for line, text in zip(lines, encoded, strict=True):
        if len(text) != size * size:
            raise PuzzleFileError(
                f"{path} line {line}: a {size}x{size} puzzle has {size * size} characters, this one {len(text)}; "
                "mend the line, or give the right --size"
            )
    cells = table[np.frombuffer(b"".join(encoded), np.uint8)].reshape(-1, size * size)
    wrong = np.argwhere(cells == _INVALID)
    if len(wrong):
        row, column = wrong[0].tolist()
        raise PuzzleFileError(
            f"{path} line {list(lines)[row]}: character {column + 1} is {chr(encoded[row][column])!r}; "
            f"expected {describe_values(size)}"
        )
    return cells


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """The puzzles of a file with their solutions.

    Attributes:
        groups: those with one solution; candidates are line numbers.
        counts: int64 [B], solutions of every puzzle of the file, 2 where there are several.
        lines: int64 [B], their lines.
    """

    groups: Groups
    counts: NDArray[np.int64]
    lines: NDArray[np.int64]


def solve_puzzle_file(
    file: PuzzleFile, task: SudokuTask, cluster: Cluster, progress: Progress, *, drop_improper: bool = False
) -> Solved:
    """Solve all puzzles of a file.

    Raises:
        PuzzleFileError: a puzzle has no solution or several and is not to be dropped, or the file's answer is another
            one than ours.
    """
    progress.start(f"solving {file.name}", len(file.puzzles))
    starts = range(0, len(file.puzzles), _PUZZLES_PER_TASK)
    parts = [file.puzzles[start : start + _PUZZLES_PER_TASK] for start in starts]
    solutions = np.empty_like(file.puzzles)
    all_counts = np.empty(len(file.puzzles), np.int64)
    for start, (counts, found) in zip(starts, cluster.map(_solve, ((part,) for part in parts)), strict=True):
        if not drop_improper:
            _refuse_improper(file, start, counts)
        all_counts[start : start + len(found)] = counts
        solutions[start : start + len(found)] = found
        progress.advance(len(found))
    proper = all_counts == 1
    _refuse_other_answers(file, solutions, proper)
    progress.finish()
    return Solved(
        groups=task.groups_of(file.lines[proper], file.puzzles[proper], solutions[proper]),
        counts=all_counts,
        lines=file.lines,
    )


def _solve(puzzles: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    counts, solutions, _ = solve(puzzles, limit=2)
    return counts, solutions


def _refuse_improper(file: PuzzleFile, start: int, counts: NDArray[np.int64]) -> None:
    wrong = np.flatnonzero(counts != 1)
    if len(wrong):
        line = file.lines[start + wrong[0]]
        how = "no solution" if counts[wrong[0]] == 0 else "several solutions"
        raise PuzzleFileError(
            f"{file.path} line {line}: the puzzle has {how}, expected exactly one; "
            "take the line out, or drop all such lines with --drop-improper"
        )


def _refuse_other_answers(file: PuzzleFile, solutions: NDArray[np.uint8], proper: NDArray[np.bool_]) -> None:
    wrong = np.flatnonzero(proper & file.answers.any(axis=1) & (file.answers != solutions).any(axis=1))
    if len(wrong):
        line = file.lines[wrong[0]]
        raise PuzzleFileError(f"{file.path} line {line}: the answer given is not the puzzle's solution; mend the line")
