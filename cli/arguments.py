"""What arguments of the command line may be: numbers within bounds, places for what is written, addresses.

Each is checked where it is read, before any work, and refused with the exit code of wrong arguments. Bounds are those
of the numbers that kernels and NumPy count with; what is possible with a task, and affordable, is the pipeline's to
say.
"""

import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

import click

MOST = 2**63 - 1
"""Largest whole number that NumPy's int64 holds."""
MOST_COUNT = 2**31 - 1
"""Most groups of a corpus, and variants of a group, that recipes take."""

if TYPE_CHECKING:  # Before click 8.5 it takes no type.
    _Kind = click.ParamType[Any]
else:
    _Kind = click.ParamType

_SHOWN = 60
_ADDRESS = re.compile(r"(?:(?:tcp|tls|wss?)://)?(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})")
_MOST_PORT = 65535
_SPAN = re.compile("".join(rf"(?:([0-9]{{1,8}}(?:\.[0-9]{{1,4}})?){unit})?" for unit in "hms"))
_UNITS = (3600, 60, 1)
_LONGEST = 366 * 24 * 3600
_URL = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]+:/|[A-Za-z0-9][A-Za-z0-9+.-]*://|(?:s3a?|gcs|gs|az|file|memory|https?):")


class WholeNumber(_Kind):
    """A whole number.

    Args:
        least: the smallest that is taken.
        most: the largest.
    """

    name = "integer"

    def __init__(self, least: int = 0, most: int = MOST) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; see click."""
        if isinstance(value, int) or re.fullmatch(r"[+-]?[0-9]{1,30}", value):
            number = int(value)
            if self._least <= number <= self._most:
                return number
        refuse(value, f"expected {self._least} to {self._most}", param, ctx)


class Minutes(_Kind):
    """A span of time, neither endless nor none."""

    name = "float"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; see click."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (number > 0 and math.isfinite(number)):
            refuse(value, "expected a number of minutes above 0", param, ctx)
        return number


class TimeSpan(_Kind):
    """A span of time such as 3h, 45m, 90s or 1h30m, as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds; see click."""
        if isinstance(value, float):
            return value
        match = _SPAN.fullmatch(str(value))
        parts = match.groups() if match else ()
        seconds = sum(float(part or 0) * unit for part, unit in zip(parts, _UNITS, strict=False))
        if not 0 < seconds <= _LONGEST:
            refuse(value, "expected a span of time such as 3h, 45m, 90s or 1h30m, a year at most", param, ctx)
        return seconds


class CorpusPlace(_Kind):
    """A folder or a URL that a corpus is written to."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The place; see click."""
        from trmpipe.shards import CorpusError
        from trmpipe.shards.urls import check_url, protocol_of

        text = str(value)
        try:
            check_url(text)
        except CorpusError as error:
            raise click.UsageError(f"{_flag_of(param)}: {error}", ctx) from error
        if protocol_of(text) == "memory":
            place = f"{_flag_of(param)} a folder, or a URL such as s3://bucket/name"
            raise click.UsageError(f"{text} would be gone when this command ends; give {place}", ctx)
        return text


class RunPlace(_Kind):
    """A folder that a run is written to."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The folder; see click."""
        if _URL.match(str(value)):
            refuse(value, "a run lies in a local folder: give one, such as runs/mine", param, ctx)
        return str(value)


class Address(_Kind):
    """The address of a Dask scheduler."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address; see click."""
        match = _ADDRESS.fullmatch(str(value))
        if match is None or not 0 < int(match[1]) <= _MOST_PORT:
            refuse(value, "expected the address of a Dask scheduler, such as tcp://host:8786", param, ctx)
        return str(value)


checkpoint_option = click.option(
    "--checkpoint",
    default="last",
    show_default=True,
    metavar="WHICH",
    help="last; best, of a run that keeps puzzles aside to choose it by; or a number of steps.",
)
"""Which checkpoint of a run is taken; `RunFolder.checkpoint` checks it."""


def refuse(value: Any, expected: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
    """Refuse the value of an argument.

    Args:
        value: as it was given.
        expected: what was expected, or what to do.
        param: the argument.
        ctx: click's, for the message.

    Raises:
        click.UsageError: always.
    """
    text = str(value)
    raise click.UsageError(
        f"{_flag_of(param)} is {text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}; {expected}", ctx
    )


def _flag_of(param: click.Parameter | None) -> str:
    return param.opts[0] if param is not None else "an argument"
