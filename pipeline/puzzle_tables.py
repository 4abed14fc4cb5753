"""The rows of a file of puzzles, whatever its form: plain lines, CSV or TSV with a header, Parquet.

A file is read piece by piece and only the columns that count are kept, as Arrow's arrays of text: of 3.8 million rows
0.7 GB. Pieces that are plain go through Arrow's reader, which is six times as fast as Python's; quotes, blank lines and
ragged rows go through Python's. What comes out is the same.

Shapes: B rows.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import TextError
from trmpipe.generators.task import Task
from trmpipe.shards.urls import in_one_line

from .errors import PuzzleFileError

_PIECE_BYTES = 8 << 20
_ROWS = 65536
"""Rows of a batch that Python reads."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ODD = (b"\v", b"\f", b"\x1c", b"\x1d", b"\x1e", b"\x1f", b"\0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
"""What Python takes for the end of a line or for space, and Arrow does not."""
_DELIMITERS = "\t,;"
_QUESTION, _ANSWERED = "question", ("answer",)
_PUZZLES = ("questions", "quizzes", "quiz", "puzzle", "puzzles", "board", "boards")
_SOLUTIONS = ("solution", "solutions", "answer", "answers")
_RATING = "rating"
_SHOWN, _SHOWN_LETTERS = 12, 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Some rows of a file.

    Attributes:
        lines: int64 [B], where each lies, counted from 1.
        puzzles: Arrow's array of text [B].
        answers: likewise, empty where a row has none; None where the file has no such column.
        ratings: likewise, as they are written; None where they are not asked for.
    """

    lines: NDArray[np.int64]
    puzzles: Any
    answers: Any = None
    ratings: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is read of a table.

    Attributes:
        column: the column of the puzzles; empty for the first of the usual names.
        ratings: whether the column ``rating`` is read too.
        verbatim: whether puzzles and answers are taken as they stand, see `Task.verbatim`; else without the blanks
            around them, and of a plain line its first word.
    """

    column: str = ""
    ratings: bool = False
    verbatim: bool = False

    def trims(self, role: str) -> bool:
        """Whether a column is read without the blanks around its texts, by the name that `Batch` gives it."""
        return not self.verbatim or role == "ratings"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Places of columns in a row, None of those that are not there or not wanted."""

    puzzle: int
    answer: int | None
    rating: int | None

    def places(self) -> dict[str, int]:
        found = {"puzzles": self.puzzle, "answers": self.answer, "ratings": self.rating}
        return {name: place for name, place in found.items() if place is not None}


def text_batches(file: Any, path: str, task: Task, wanted: Wanted) -> Iterator[Batch]:
    """The rows of a text file: of a table, if its first line is a header, else its lines.

    Args:
        file: its bytes, decompressed.
        path: for messages.
        task: says whether the first line is a puzzle.
        wanted: which columns.

    Raises:
        PuzzleFileError: a header has no column of puzzles, a line is no CSV, or a list is asked for ratings.
        UnicodeDecodeError: the file is no UTF-8.
    """
    pieces = _pieces(file)
    start = next(pieces, b"").removeprefix(_BYTE_ORDER_MARK)
    if not start:
        return iter(())
    first = next(iter(start.decode().splitlines()), "")
    delimiter = next((letter for letter in _DELIMITERS if letter in first), ",")
    whole = chain([start], pieces)
    if not _is_table(first, delimiter, task, wanted):
        if wanted.ratings:
            raise PuzzleFileError(
                f"{path} is a list of puzzles, which has no column '{_RATING}' to keep; leave out --file-rating, or "
                "give a table with a header"
            )
        return _plain_batches(whole, verbatim=wanted.verbatim)
    return _table_batches(start, pieces, path, delimiter, wanted)


def parquet_batches(raw: bytes, path: str, wanted: Wanted) -> Iterator[Batch]:
    """The rows of a Parquet file.

    Args:
        raw: its bytes.
        path: for messages.
        wanted: which columns.

    Raises:
        PuzzleFileError: it is damaged, has no column of puzzles, or one that is no text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        names = file.schema_arrow.names
        places = _find_columns(names, f"{path}", wanted).places()
        columns = {role: names[place] for role, place in places.items()}
        first = 1
        for batch in file.iter_batches(_ROWS, columns=list(columns.values()), use_threads=False):
            lines = np.arange(first, first + len(batch), dtype=np.int64)
            first += len(batch)
            texts = {role: _as_text(batch[name], wanted.trims(role)) for role, name in columns.items()}
            yield Batch(lines=lines, **texts)
    except (pa.ArrowException, OSError, KeyError) as error:  # KeyError: two columns have one name.
        raise PuzzleFileError(f"{path} is no Parquet file of puzzles as text: {in_one_line(error)}") from error


def _as_text(column: Any, trims: bool) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.fill_null(pc.cast(column, pa.string()), "")
    return pc.utf8_trim_whitespace(text) if trims else text


def _pieces(file: Any) -> Iterator[bytes]:
    """The bytes of a file in pieces of whole lines."""
    while piece := file.read(_PIECE_BYTES):
        yield piece + file.readline()


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    return (line for piece in pieces for line in piece.decode().splitlines())


def _plain_batches(pieces: Iterable[bytes], *, verbatim: bool) -> Iterator[Batch]:
    rows = (
        (number, (line if verbatim else line.split()[0],))
        for number, line in enumerate(_lines(pieces), 1)
        if line.strip() and (verbatim or not line.lstrip().startswith("#"))
    )
    return _in_batches(rows, ("puzzles",))


def _is_table(first: str, delimiter: str, task: Task, wanted: Wanted) -> bool:
    """Whether a file whose first line this is has a header: by its words, unless the task reads it as a puzzle."""
    if wanted.column or _QUESTION in first.lower():
        return True
    words = [first] if wanted.verbatim else first.split()
    if not first.strip() or (words[0].startswith("#") and not wanted.verbatim):
        return False
    names = _names(first.split(delimiter))
    if len(names) == 1 and not set(names) & set(_PUZZLES):
        return False
    try:
        task.parse(words[:1])
    except TextError:
        return True
    return False


def _names(cells: Iterable[str | None]) -> dict[str, int]:
    """Places of columns by their names, as they are compared; of two with one name the last."""
    return {(cell or "").strip().strip('"').lower(): place for place, cell in enumerate(cells)}


def _find_columns(cells: Sequence[str], where: str, wanted: Wanted) -> _Columns:
    names = _names(cells)
    usual = (_QUESTION, *_PUZZLES)
    puzzle = wanted.column.strip().lower() or next((name for name in usual if name in names), "")
    shown = ", ".join(name if len(name) <= _SHOWN_LETTERS else f"{name[:_SHOWN_LETTERS]}..." for name in cells[:_SHOWN])
    there = f"it has {shown}{', ...' if len(cells) > _SHOWN else ''}" if any(names) else "it is empty"
    if wanted.column and puzzle not in names:
        raise PuzzleFileError(f"{where} has no column {wanted.column!r}; {there}; give one of these with --column")
    if not puzzle:
        raise PuzzleFileError(
            f"{where} is neither a puzzle nor a header with a column of puzzles ({', '.join(usual[:5])}): {there}; "
            "name the column with --column, or mend the line"
        )
    answers = _ANSWERED if puzzle == _QUESTION and not wanted.column else _SOLUTIONS
    answer = next((names[name] for name in answers if name in names), None)
    if wanted.ratings and _RATING not in names:
        raise PuzzleFileError(f"{where} has no column {_RATING!r} to keep; {there}")
    return _Columns(puzzle=names[puzzle], answer=answer, rating=names[_RATING] if wanted.ratings else None)


def _table_batches(start: bytes, pieces: Iterator[bytes], path: str, delimiter: str, wanted: Wanted) -> Iterator[Batch]:
    """The rows of a table, whose first piece is `start`."""
    where, number = f"{path} line 1", 1
    head, _, rest = start.partition(b"\n")
    if _is_plain(head + b"\n"):
        cells = next(csv.reader([head.decode()], delimiter=delimiter))
        columns = _find_columns(cells, where, wanted)
        for piece in chain([rest] if rest else [], pieces):
            batch = _read_plain(piece, number, len(cells), delimiter, columns, wanted)
            if batch is None and b'"' in piece:  # A field in quotes may go on in the next piece.
                reader = csv.reader(_ended(_lines(chain([piece], pieces))), delimiter=delimiter)
                yield from _read_by_python(reader, number, path, columns, wanted)
                return
            if batch is None:
                reader = csv.reader(_ended(_lines([piece])), delimiter=delimiter)
                yield from _read_by_python(reader, number, path, columns, wanted)
                number += reader.line_num
            else:
                yield batch
                number += len(batch.lines)
        return
    reader = csv.reader(_ended(_lines(chain([start], pieces))), delimiter=delimiter)
    yield from _read_by_python(reader, 0, path, _find_columns(next(reader), where, wanted), wanted)


def _ended(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)


def _is_plain(piece: bytes) -> bool:
    """Whether Arrow and Python see the same lines and fields in a piece."""
    return not (
        b'"' in piece
        or any(odd in piece for odd in _ODD)
        or b"\n\n" in piece
        or b"\n\r\n" in piece
        or piece.startswith((b"\n", b"\r\n"))
        or piece.count(b"\r") != piece.count(b"\r\n")
    )


def _read_plain(
    piece: bytes, number: int, width: int, delimiter: str, columns: _Columns, wanted: Wanted
) -> Batch | None:
    """The rows of a piece by Arrow's reader; None where it may read it otherwise than Python's.

    Args:
        piece: whole lines.
        number: lines before it.
        width: columns of the table.
        delimiter: between them.
        columns: which are wanted.
        wanted: how they are read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow_csv

    if not _is_plain(piece):
        return None
    names = [str(place) for place in range(width)]
    places = columns.places()
    kept = [str(place) for place in places.values()]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(piece),
            # On this thread alone: Arrow's threads may outlive the call and hold Python's memory.
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(piece) + 1),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=kept, column_types=dict.fromkeys(kept, pa.string()), null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        return None
    lines = np.arange(number + 1, number + 1 + len(table), dtype=np.int64)
    found = {role: table[str(place)].combine_chunks() for role, place in places.items()}
    trimmed = {role: pc.utf8_trim_whitespace(text) if wanted.trims(role) else text for role, text in found.items()}
    return Batch(lines=lines, **trimmed)


def _read_by_python(reader: Any, number: int, path: str, columns: _Columns, wanted: Wanted) -> Iterator[Batch]:
    """The rows that a reader of CSV gives, after `number` lines."""
    places = columns.places()

    def text_of(row: Sequence[str], role: str, place: int) -> str:
        text = row[place] if place < len(row) else ""
        return text.strip() if wanted.trims(role) else text

    def rows() -> Iterator[tuple[int, tuple[str, ...]]]:
        try:
            for row in reader:
                if row:
                    yield number + reader.line_num, tuple(text_of(row, *one) for one in places.items())
        except csv.Error as error:
            raise PuzzleFileError(f"{path} line {number + reader.line_num}: no CSV ({error}); mend the line") from error

    return _in_batches(rows(), tuple(places))


def _in_batches(rows: Iterator[tuple[int, tuple[str, ...]]], names: tuple[str, ...]) -> Iterator[Batch]:
    import pyarrow as pa

    lines: list[int] = []
    fields: list[tuple[str, ...]] = []
    for line, row in rows:
        lines.append(line)
        fields.append(row)
        if len(lines) == _ROWS:
            yield _batch(pa, lines, fields, names)
            lines, fields = [], []
    if lines:
        yield _batch(pa, lines, fields, names)


def _batch(pa: Any, lines: list[int], fields: list[tuple[str, ...]], names: tuple[str, ...]) -> Batch:
    columns = {
        name: pa.array(column, pa.string()) for name, column in zip(names, zip(*fields, strict=True), strict=True)
    }
    return Batch(lines=np.array(lines, np.int64), **columns)
