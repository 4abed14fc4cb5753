"""Text of one line that any file of a corpus can keep and any terminal can print."""

import re

UNPRINTABLE = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters, line ends, marks that turn the direction of writing, halves of characters; for a pattern."""

MOST_LETTERS = 1000

_ONE_LINE = re.compile(rf"[^{UNPRINTABLE}]{{0,{MOST_LETTERS}}}")


def is_one_line(text: object) -> bool:
    """Whether `text` is text of one line and not too long."""
    return isinstance(text, str) and _ONE_LINE.fullmatch(text) is not None
