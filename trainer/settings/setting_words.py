"""Every setting of a config in words, for people: taken from where it is explained to programmers, the docstrings.

A config class, a package's too, says what its fields are under ``Attributes:`` in its docstring, or in that of a class
that it derives from. So there is one text for each setting, beside the field that it explains.
"""

import dataclasses
import inspect
import re
from typing import Any

from .config import NAME, SECTIONS, TrainConfig

_HEADING = "Attributes:"
_FIELD = re.compile(r" {4}(\w+): (.*)")
_CONTINUED = re.compile(r" {5,}(\S.*)")
_MARKS = re.compile(r'``"?|"?``|`')
"""Quotes of code, in which a screen has no use for quotation marks either."""


def settings_in_words(config: TrainConfig) -> dict[str, str]:
    """What each setting is, by the dotted names of `config.flatten`; '' for one whose class says nothing of it."""
    found: dict[str, str] = {}
    for name, words in _words_of(config).items():
        value = getattr(config, name)
        if name in SECTIONS:
            found[f"{name}.{NAME}"] = f"{words}: {', '.join(SECTIONS[name].names())}"
        if dataclasses.is_dataclass(value):
            found.update({f"{name}.{inner}": text for inner, text in _words_of(value).items()})
        else:
            found[name] = words
    return found


def _words_of(config: Any) -> dict[str, str]:
    """The words for each field of a config object; '' where there are none."""
    explained: dict[str, str] = {}
    for owner in reversed(type(config).__mro__):
        explained.update(_attributes(owner.__doc__ or ""))
    return {field.name: explained.get(field.name, "") for field in dataclasses.fields(config)}


def _attributes(docstring: str) -> dict[str, str]:
    """What stands under ``Attributes:``, a line each, without the quotes of code and the full stop."""
    _, _, section = inspect.cleandoc(docstring).partition(f"{_HEADING}\n")
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in section.splitlines():
        if begun := _FIELD.fullmatch(line):
            lines = found.setdefault(begun[1], [begun[2]])
        elif more := _CONTINUED.fullmatch(line):
            lines.append(more[1])
        else:
            break
    return {name: _MARKS.sub("", " ".join(parts)).removesuffix(".") for name, parts in found.items()}
