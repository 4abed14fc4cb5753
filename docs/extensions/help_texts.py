"""What `--help` says is plain text for a terminal: nothing in it but quotes of code is a mark of reStructuredText."""

import re
from typing import Any

from sphinx.application import Sphinx


def escape_marks(_app: Sphinx, _context: Any, lines: list[str]) -> None:
    """Escape stars, bars and underlines at the ends of words, in place."""
    lines[:] = [re.sub(r"(?<!\\)([*|]|\b_\b|(?<=\w)_(?!\w))", r"\\\1", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("sphinx-click-process-description", escape_marks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
