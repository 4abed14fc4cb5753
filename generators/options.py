"""What a task or a supplier can be asked for, declared once: the command line, ``--help`` and recipes are made from it.

An option has a name, a kind that says which values it takes, and a help line. A value travels as text in one spelling,
so that recipes that ask for the same are equal.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import OptionError
from .one_line import MOST_LETTERS, is_one_line

YES = "yes"
"""The value of a flag that is set."""
_SHOWN = 80
"""Characters of a value that a message shows."""


class Kind(Protocol):
    """The values that an option takes."""

    @property
    def metavar(self) -> str:
        """A word for a value in ``--help``; empty for a flag, which is given without one."""
        ...

    def spell(self, text: str) -> str:
        """The one spelling of a value.

        Raises:
            ValueError: it is not one of this kind; the message says what was expected.
        """
        ...


@dataclass(frozen=True, slots=True)
class Flag:
    """Set or not."""

    metavar = ""

    def spell(self, text: str) -> str:
        """The word `YES`."""
        if text != YES:
            raise ValueError(f"expected {YES}, or to be left out")
        return YES


@dataclass(frozen=True, slots=True)
class Text:
    """Any text of one line, such as the name of a column."""

    metavar = "TEXT"

    def spell(self, text: str) -> str:
        """The text as it is."""
        if not is_one_line(text):
            raise ValueError(f"expected text of one line without control characters, {MOST_LETTERS} letters at most")
        return text


@dataclass(frozen=True, slots=True)
class Word:
    """One of some words."""

    words: tuple[str, ...]
    metavar = "WORD"

    def spell(self, text: str) -> str:
        """The word itself."""
        if text not in self.words:
            raise ValueError(f"expected one of {', '.join(self.words)}")
        return text


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int = 0
    most: int | None = None
    metavar = "NUMBER"

    def spell(self, text: str) -> str:
        """The number without signs and leading zeros."""
        if re.fullmatch(r"[0-9]{1,18}", text):
            number = int(text)
            if number >= self.least and (self.most is None or number <= self.most):
                return str(number)
        limits = f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"
        raise ValueError(f"expected {limits}")


class Range(NamedTuple):
    """Numbers from `least` to `most`, both included; `most` may be infinite."""

    least: float
    most: float

    def holds(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each number [B] lies in the range."""
        return (numbers >= self.least) & (numbers <= self.most)

    def spell(self) -> str:
        """``MIN:MAX``, without the second where it is infinite."""
        return f"{_spell_number(self.least)}:{_spell_number(self.most)}"

    @classmethod
    def read(cls, text: str) -> "Range":
        """The range that `spell` wrote, or that a user gives in the same form."""
        least, _, most = text.partition(":")
        return cls(float(least or 0), float(most) if most else math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A range ``MIN:MAX``, either side of which may be left out, or one of some words.

    Attributes:
        words: names that stand for ranges.
        whole: whether its ends are whole numbers; then a single number stands for itself.
        parts: the numbers asked for are multiples of 1 / `parts`.
    """

    words: tuple[str, ...] = ()
    whole: bool = False
    parts: int = 1
    metavar = "MIN:MAX"

    def spell(self, text: str) -> str:
        """``MIN:MAX`` without needless zeros, or the word."""
        return text if text in self.words else self._range_of(text).spell()

    def _range_of(self, text: str) -> Range:
        number = r"[0-9]{1,9}" if self.whole else r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
        single = f"|(?P<only>{number})" if self.whole else ""
        match = re.fullmatch(f"(?:{number})?:(?:{number})?{single}", text)
        if match is None or text == ":":
            raise ValueError(f"expected {self._expected}")
        found = Range.read(f"{text}:{text}" if ":" not in text else text)
        if found.least > found.most:
            least, _, most = text.partition(":")
            raise ValueError(f"expected the smaller number first, as in {most}:{least}")
        if math.ceil(self.parts * found.least) > self.parts * found.most:
            raise ValueError(f"expected a range that holds a multiple of 1/{self.parts}")
        return found

    @property
    def _expected(self) -> str:
        if self.whole:
            return "a number or MIN:MAX of whole numbers such as 22:24, 24: or :24"
        words = f", or one of {', '.join(self.words)}" if self.words else ""
        return f"MIN:MAX of numbers such as 5:10, 5: or :10{words}"


def _spell_number(number: float) -> str:
    return "" if math.isinf(number) else f"{number:.9f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be asked for.

    Attributes:
        name: with underscores; on the command line ``--with-dashes``.
        help: what ``--help`` says of it.
        kind: the values that it takes.
        word: how the name of a corpus begins to tell it; the option's name where it is empty. Of a flag, all that it
            tells.
        making: whether it says how puzzles are made, so that it does not go with puzzles that come from elsewhere.
    """

    name: str
    help: str
    kind: Kind
    word: str = ""
    making: bool = False

    @property
    def flag(self) -> str:
        """How a user gives it: ``--with-dashes``."""
        return flag_of(self.name)

    def spell(self, text: str) -> str:
        """The one spelling of a value.

        Raises:
            OptionError: the option does not take it.
        """
        try:
            return self.kind.spell(text)
        except ValueError as error:
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            raise OptionError(f"{self.name} is {shown!r}; {error}") from None


def flag_of(name: str) -> str:
    """How a user gives the option called `name`: ``--with-dashes``."""
    return "--" + name.replace("_", "-")


def spell_options(owner: str, options: Iterable[Option], given: Mapping[str, str]) -> dict[str, str]:
    """The values that were given, each in its one spelling, in the order in which the options are declared.

    Args:
        owner: whose options they are, for messages.
        options: what it declares.
        given: values by name.

    Raises:
        OptionError: it has no such option, or the option does not take the value.
    """
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            raise OptionError(f"{owner} has no option {name!r}; known: {', '.join(known) or 'none'}")
    return {name: option.spell(given[name]) for name, option in known.items() if name in given}


def in_words(options: Mapping[str, str]) -> str:
    """Options as a user gives them: ``--clues 22:24 --drop-improper``."""
    return " ".join(flag_of(name) + ("" if value == YES else f" {value}") for name, value in options.items())
