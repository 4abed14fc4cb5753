"""Words that are plain text where they were written: those of `--help`, and dashes.

Nothing in the help of a command but quotes of code is a mark of reStructuredText; options in it are set as code.

Sphinx writes two hyphens after the name of a parameter and leaves it to smart quotes to make a dash of them. They would
make dashes of the hyphens of options too, so they are off, and the dash is put there by itself.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import desc
from sphinx.application import Sphinx

_QUOTED = re.compile(r"(`[^`]*`)")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
_MARK = re.compile(r"([*|]|(?<=\w)_(?!\w))")


def set_as_text(_app: Sphinx, _context: Any, lines: list[str]) -> None:
    """Escape marks in the lines of a command's help, and set options as code, in place."""
    lines[:] = ["".join(map(_escaped, _QUOTED.split(line))) for line in lines]


def _escaped(part: str) -> str:
    return part if part.startswith("`") else _OPTION.sub(r"``\1``", _MARK.sub(r"\\\1", part))


def put_dashes(_app: Sphinx, document: nodes.document) -> None:
    """Put a dash between the name of a parameter and its words."""
    for described in document.findall(desc):
        for text in list(described.findall(nodes.Text)):
            if text == " -- ":
                text.parent.replace(text, nodes.Text(" – "))


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    app.connect("sphinx-click-process-description", set_as_text)
    app.connect("doctree-read", put_dashes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
