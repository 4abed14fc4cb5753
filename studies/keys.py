"""Typed access to the tables of a TOML file: what is missing, unknown or of another type is told in one line.

Every message names the file, the key with its place, what stands there and what was expected.
"""

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .errors import PlanError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,.()+=_/-]{0,59}")
"""A name of an arm, an axis and the like: it stands in tables and, with hyphens, in names of folders."""
_WORDS: dict[type, str] = {dict: "a table", list: "a list", str: "a text", bool: "true or false"}
_SHOWN = 60
_MOST_LETTERS, _MOST = 1000, 2**63 - 1
"""What study.json can hold of a text and a whole number."""


class Keys:
    """The keys of one table, each of which is asked for once; `finish` refuses those that nobody asked for.

    Args:
        values: of the table.
        file: name of the file, for messages.
        place: of the table in it, such as ``arms[2]``; empty at the top.
    """

    def __init__(self, values: dict[str, Any], file: str, place: str = "") -> None:
        self._values, self._file, self._place = values, file, place
        self._asked: list[str] = []

    def refuse(self, key: str, expected: str) -> PlanError:
        """The error of a key whose value is not what was expected."""
        value = self._values.get(key)
        found = "missing" if key not in self._values else _shown(value)
        return PlanError(f"{self._file}: {self._path(key)} is {found}; expected {expected}")

    def _path(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _take(self, key: str, kind: type | tuple[type, ...], default: Any, expected: str) -> Any:
        self._asked.append(key)
        if key not in self._values:
            if default is None:
                raise self.refuse(key, expected)
            return default
        value = self._values[key]
        # A bool is an int to Python, and to nobody else.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.refuse(key, expected)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A text of one line that is not empty."""
        found: str = self._take(key, str, default, "a text")
        if key in self._values and (not found.strip() or not found.isprintable()):
            raise self.refuse(key, "a text of one line, not an empty one")
        if len(found) > _MOST_LETTERS:
            raise self.refuse(key, f"a text of {_MOST_LETTERS:,} letters at most, and this one has {len(found):,}")
        return found

    def name(self, key: str, default: str | None = None) -> str:
        """A name, see `NAME`."""
        found = self.text(key, default)
        if key in self._values and not NAME.fullmatch(found):
            raise self.refuse(key, "letters, digits, blanks and , . ( ) + = _ / - after a letter or digit, 60 at most")
        return found

    def whole(self, key: str, default: int | None = None, *, least: int = 1, most: int | None = _MOST) -> int:
        """A whole number.

        Args:
            key: its name.
            default: where the key is absent; None for a key that has to be there.
            least: it may be.
            most: it may be; None for no end, as in recipes, of whose numbers `generate` knows the ends.
        """
        expected = f"a whole number, {least} or more"
        found: int = self._take(key, int, default, expected)
        if most is not None and found > most:
            raise self.refuse(key, f"{expected}, {most} at most")
        if found < least:
            raise self.refuse(key, expected)
        return found

    def number(self, key: str, default: float | None = None, *, most: float = math.inf) -> float:
        """A number above 0."""
        expected = "a number above 0" + (f", {most:g} at most" if math.isfinite(most) else "")
        found = float(self._take(key, (int, float), default, expected))
        if key in self._values and not (0 < found <= most and math.isfinite(found)):
            raise self.refuse(key, expected)
        return found

    def truth(self, key: str, default: bool) -> bool:
        """True or false."""
        found: bool = self._take(key, bool, default, "true or false")
        return found

    def texts(self, key: str, default: Sequence[str] | None = None, *, each: str = "a text") -> tuple[str, ...]:
        """Texts, one or more where the key is there; or one alone."""
        expected = f"a list, each {each}"
        if isinstance(self._values.get(key), str):
            return (self.text(key),)
        found = self._take(key, list, default, expected)
        if key in self._values and (not found or not all(isinstance(one, str) and one.strip() for one in found)):
            raise self.refuse(key, expected)
        if any(len(one) > _MOST_LETTERS for one in found):
            raise self.refuse(key, f"{expected}, of {_MOST_LETTERS:,} letters at most")
        return tuple(found)

    def settings(self, key: str) -> tuple[str, ...]:
        """Settings, ``KEY=VALUE`` each; none where the key is absent."""
        found = self.texts(key, (), each="KEY=VALUE")
        if not all("=" in one for one in found):
            raise self.refuse(key, "a list, each KEY=VALUE")
        return found

    def wholes(self, key: str, default: Sequence[int]) -> tuple[int, ...]:
        """Whole numbers from 1 on, rising, each once."""
        expected = "a list of whole numbers from 1 on, rising"
        found = self._take(key, list, default, expected)
        numbers = all(isinstance(one, int) and not isinstance(one, bool) and 1 <= one <= _MOST for one in found)
        if key in self._values and (not found or not numbers or sorted(set(found)) != list(found)):
            raise self.refuse(key, expected)
        return tuple(found)

    def values(self, key: str) -> list[str | int | float]:
        """Texts or numbers, one or more, all different."""
        expected = "a list of different texts or numbers"
        found: list[str | int | float] = self._take(key, list, None, expected)
        fine = all(isinstance(one, str | int | float) and not isinstance(one, bool) and str(one) for one in found)
        if not found or not fine or len(set(map(str, found))) != len(found):
            raise self.refuse(key, expected)
        return found

    def table(self, key: str) -> "Keys":
        """A table; an empty one where the key is absent."""
        return Keys(self._take(key, dict, {}, "a table"), self._file, self._path(key))

    def plain(self, key: str) -> dict[str, Any]:
        """A table whose keys this file does not know."""
        found: dict[str, Any] = self._take(key, dict, {}, "a table")
        return found

    def tables(self, key: str, *, required: bool = False) -> list["Keys"]:
        """Tables, written as ``[[key]]``."""
        expected = f"one or more tables, [[{self._path(key)}]]"
        found = self._take(key, list, None if required else [], expected)
        if not all(isinstance(one, dict) for one in found) or (key in self._values and not found):
            raise self.refuse(key, expected)
        return [Keys(one, self._file, f"{self._path(key)}[{number}]") for number, one in enumerate(found, 1)]

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def rest(self) -> dict[str, Any]:
        """What nobody asked for yet; it counts as asked for from here on."""
        found = {key: value for key, value in self._values.items() if key not in self._asked}
        self._asked += found
        return found

    def finish(self) -> None:
        """Refuse keys that nobody asked for.

        Raises:
            PlanError: there is one; the message names the nearest of those that there are.
        """
        for key in self._values:
            if key not in self._asked:
                raise PlanError(
                    f"{self._file}: there is no key {self._path(key)!r:.100}; expected {nearest(key, self._asked)}"
                )


def nearest(key: str, known: Iterable[str]) -> str:
    """Of the known names the nearest, in words, or all."""
    names = list(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.5)
    return repr(near[0]) if near else f"one of {', '.join(names)}"


def _shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, dict | list):
        return _WORDS[type(value)] if value else f"{_WORDS[type(value)]} of nothing"
    text = repr(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
