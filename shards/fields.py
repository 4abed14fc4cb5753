"""Types of values that come out of files: each says what is allowed, and `json_files` refuses all else where it reads.

A name or a path that has one of these types is safe to put behind a folder: it cannot leave it. Numbers are bounded, so
that none of them can ask for more memory than there is or leave the integers of NumPy.
"""

from typing import Annotated

from msgspec import Meta

from trmpipe.generators.one_line import MOST_LETTERS, UNPRINTABLE

MOST = 2**63 - 1
"""Largest whole number that NumPy's int64 holds."""

Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""Hex SHA-256."""

Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]

Measured = Annotated[float, Meta(ge=-1e150, le=1e150)]
"""A score, a loss or another measured number: sums and differences of millions of them stay numbers."""

MOST_FILE_BYTES = 512 << 20
"""Size of a file of a corpus at most: readers take it into memory as a whole."""

FileSize = Annotated[int, Meta(ge=0, le=MOST_FILE_BYTES)]

Word = Annotated[str, Meta(pattern=rf"\A[^{UNPRINTABLE}]*\Z", max_length=MOST_LETTERS)]
"""Text of one line: no control characters, so that it can be printed and put into a message."""

_PART = rf"(?!\.{{1,2}}(?:/|\Z))[^/\\{UNPRINTABLE}]{{1,255}}"

FileName = Annotated[str, Meta(pattern=rf"\A{_PART}\Z")]
"""One part of a path: no ``/`` or backslash, not ``..``."""

RelativePath = Annotated[str, Meta(pattern=rf"\A{_PART}(?:/{_PART})*\Z", max_length=4000)]
"""Path below a folder with ``/``: not absolute, no empty part, no ``..``."""
