"""HTML out of plain values. Whatever is no `Markup` is text and is escaped: names and settings come from strangers."""

import html
import json
from collections.abc import Iterable
from typing import Any

from trmpipe.shards.urls import printable

_EMPTY = {"input", "meta", "link", "br", "hr"}
"""Elements that hold nothing."""


class Markup(str):
    """HTML that was made here, and so is not escaped again."""

    __slots__ = ()


Content = str | int | Markup | None
"""What an element may hold: text, a number, other elements; None for nothing."""


def element(tag: str, /, *content: Content | Iterable[Content], **attributes: str | int | bool | None) -> Markup:
    """An element of a page.

    Args:
        tag: name of the element.
        content: text, which is escaped, and other elements; also lists of these.
        attributes: by name, with underscores for hyphens (`class_` for ``class``); True for one without a value, False
            and None for none.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if tag in _EMPTY:
        return Markup(f"<{tag}{told}>")
    return Markup(f"<{tag}{told}>{joined(*content)}</{tag}>")


def joined(*content: Content | Iterable[Content]) -> Markup:
    """Text and elements, one after the other."""
    return Markup("".join(map(_inner, content)))


def json_block(identifier: str, value: Any) -> Markup:
    """Values for the page's script, in a block that no browser runs.

    A browser looks for ``</script`` and ``<!--`` in it before anything reads JSON, so that no ``<`` may stand there.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return element("script", Markup(text), type="application/json", id=identifier)


def _inner(content: Content | Iterable[Content]) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return content
    if isinstance(content, str | int):
        return html.escape(shown(str(content)))
    return joined(*content)


def shown(text: str) -> str:
    """A text of any lines without characters that turn or hide others on the screen, each as its number instead."""
    return "\n".join(map(printable, text.split("\n")))


def _attribute(key: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(shown(str(value)))}"'
