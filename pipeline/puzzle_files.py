"""Files of puzzles as text: plain lines, CSV, TSV or Parquet; gzip by content.

Rows are kept as text, and read when they are asked for: most of a long file never are. Source of the formats: the
public puzzle lists (one puzzle a line, '#' comments) and the Sudoku-Extreme and Maze-Hard data sets (CSV
``source,question,answer,rating``). What a line says is the task's to read, and whether blanks and '#' are a part of it
(`Task.verbatim`).

Shapes: B puzzles, S sequence length.
"""

import gzip
import hashlib
import io
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec
import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import TextError, TrmpipeError
from trmpipe.generators.task import PAD, Task
from trmpipe.shards.urls import check_url, reached

from .errors import PuzzleFileError
from .puzzle_tables import Batch, Wanted, parquet_batches, text_batches
from .sources import Source, last_part

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
_BUFFER_BYTES = 1 << 20

_Read = Callable[[Sequence[str]], NDArray[np.uint8]]
"""`Task.parse` or `Task.parse_answers`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PuzzleFile(Source):
    """One file, read; its puzzles are not parsed yet.

    Attributes:
        lines: int64 [B], line of each puzzle, counted from 1; of a Parquet file its row.
        puzzles: Arrow's chunked array of text [B].
        answers: likewise, the file's own solutions, empty where a puzzle has none; None where the file has none.
        ratings: likewise, the file's own ratings; None where they are not asked for.
        advice: what to do about a line that is no puzzle, for messages.
    """

    lines: NDArray[np.int64]
    puzzles: Any
    answers: Any
    ratings: Any
    advice: str

    def __len__(self) -> int:
        return len(self.lines)

    def parse(self, task: Task, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Tokens of the puzzles at `index`, uint8 [B, S].

        Raises:
            PuzzleFileError: one of them is none; the first one in the order of `index` is named.
        """
        return self._tokens(task, task.parse, self.puzzles, index)

    def parse_answers(self, task: Task, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Tokens of the file's own solutions, uint8 [B, S], all pad where it has none.

        Raises:
            PuzzleFileError: one of them is none.
        """
        tokens = np.full((len(index), task.spec.seq_len), PAD, np.uint8)
        if self.answers is not None:
            there = np.array([bool(text.strip()) for text in _texts(self.answers, index)], np.bool_)
            try:
                tokens[there] = self._tokens(task, task.parse_answers, self.answers, index[there])
            except BadLineError as error:
                raise BadLineError(str(error), int(np.flatnonzero(there)[error.index])) from error
        return tokens

    def parse_ratings(self, lines: NDArray[np.int64]) -> NDArray[np.float64]:
        """The file's own ratings of puzzles on these lines, float64 [B], NaN where one has none.

        Raises:
            PuzzleFileError: one of them is no number from 0 on.
        """
        found = _texts(self.ratings, np.searchsorted(self.lines, lines).astype(np.int64))
        return np.array(
            [self._rating(text, line) for text, line in zip(found, lines.tolist(), strict=True)], np.float64
        )

    def _rating(self, text: str, line: int) -> float:
        try:
            rating = float(text) if text else math.nan
        except ValueError:
            rating = -1
        if rating < 0 or math.isinf(rating) or (text and math.isnan(rating)):
            raise PuzzleFileError(
                f"{self.given} line {line}: the rating is {text[:40]!r}, expected a number from 0 on; mend the line"
            )
        return rating

    def _tokens(self, task: Task, read: _Read, column: Any, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        if not len(index):  # Of nothing a task need not be able to read.
            return np.empty((0, task.spec.seq_len), np.uint8)
        try:
            return read(_texts(column, index))
        except TextError as error:
            raise BadLineError(
                f"{self.given} line {self.lines[index[error.index]]}: {error}; {self.advice}", error.index
            ) from error


class BadLineError(PuzzleFileError):
    """A line is no puzzle.

    Attributes:
        index: which of those that were asked for.
    """

    def __init__(self, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.index = index


def _texts(column: Any, index: NDArray[np.int64]) -> list[str]:
    """Texts of a chunked column; a run of rows is cut out, which costs a tenth of looking up each."""
    if len(index) and index[-1] - index[0] == len(index) - 1 and (np.diff(index) == 1).all():
        return list(column.slice(int(index[0]), len(index)).to_pylist())
    starts = np.cumsum([0, *(len(chunk) for chunk in column.chunks)])
    chunks = np.searchsorted(starts, index, side="right") - 1
    places = (index - starts[chunks]).tolist()
    return [column.chunk(chunk)[place].as_py() for chunk, place in zip(chunks.tolist(), places, strict=True)]


def read_puzzle_file(
    path: str,
    task: Task,
    role: str = "input",
    advice: str = "mend the line",
    *,
    column: str = "",
    ratings: bool = False,
) -> PuzzleFile:
    """Read a file of puzzles.

    Args:
        path: a local path or an fsspec URL.
        task: reads the puzzles.
        role: what they are for.
        advice: what to do about a line that is no puzzle, for messages.
        column: of a table, the column of the puzzles; by default the first that has one of the usual names.
        ratings: whether the column ``rating`` is kept.

    Raises:
        PuzzleFileError: the file cannot be read, holds no puzzle, or has no column of puzzles.
        InputError: puzzles of the task have no text form.
        CorpusError: the URL may not be opened.
        RecipeError: the file's name cannot be kept in a manifest.
    """
    name = last_part(path)
    batches, size_bytes, sha256 = _read(path, task, Wanted(column=column, ratings=ratings, verbatim=task.verbatim))
    if not batches:
        raise PuzzleFileError(f"{path} holds no puzzle; expected one of {task.spec.seq_len} cells a line, or CSV")
    return PuzzleFile(
        given=path,
        role=role,
        name=name,
        size_bytes=size_bytes,
        sha256=sha256,
        lines=np.concatenate([batch.lines for batch in batches]),
        advice=advice,
        **{name: _joined(batches, name) for name in ("puzzles", "answers", "ratings")},
    )


def _read(path: str, task: Task, wanted: Wanted) -> tuple[list[Batch], int, str]:
    """The rows of a file, its size and its SHA-256, in one pass."""
    digest = hashlib.sha256()
    check_url(path)
    try:
        with reached(path), fsspec.open(path, "rb") as raw:
            hashing = Hashing(raw, digest)
            file = io.BufferedReader(hashing, _BUFFER_BYTES)
            batches = [batch for batch in _batches(file, path, task, wanted) if len(batch.lines)]
            while file.read(_BUFFER_BYTES):  # What follows the end of a gzip file counts in its digest.
                pass
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise PuzzleFileError(
            f"{path} is neither text nor whole gzip: {error}; give lines of puzzles or CSV"
        ) from error
    except TrmpipeError:
        raise
    except (OSError, ValueError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PuzzleFileError(f"cannot read {path}: {reason}; give a file of puzzles, one a line, or CSV") from error
    return batches, hashing.size_bytes, digest.hexdigest()


def _batches(file: Any, path: str, task: Task, wanted: Wanted) -> Iterator[Batch]:
    start = file.peek(len(_PARQUET_MAGIC))
    if start.startswith(_PARQUET_MAGIC):
        return parquet_batches(file.read(), path, wanted)
    if start.startswith(_GZIP_MAGIC):
        return text_batches(gzip.GzipFile(fileobj=file), path, task, wanted)
    return text_batches(file, path, task, wanted)


def _joined(batches: Sequence[Batch], name: str) -> Any:
    """A column of all batches, None where the file has none."""
    import pyarrow as pa

    parts = [getattr(batch, name) for batch in batches]
    return None if parts[0] is None else pa.chunked_array(parts, pa.string())


class Hashing(io.RawIOBase):
    """A stream of bytes that goes by, with what is to be said of all of them.

    Args:
        raw: the bytes.
        digest: is told of them, such as `hashlib.sha256()`.
    """

    def __init__(self, raw: Any, digest: Any) -> None:
        self._raw, self._digest = raw, digest
        self.size_bytes = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._digest.update(data)
        self.size_bytes += len(data)
        return len(data)
