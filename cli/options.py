"""Options of the command line from declarations: of task families, of suppliers, and what they are given."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from trmpipe.generators.errors import OptionError
from trmpipe.generators.options import YES, Option


def option_of(option: Option) -> click.Option:
    """A declared option; its value is text, checked where it is spelled."""
    if not option.kind.metavar:
        return click.Option([option.flag, option.name], is_flag=True, help=option.help)
    return click.Option([option.flag, option.name], metavar=option.kind.metavar, help=option.help)


def given_options(options: Iterable[Option], values: Mapping[str, Any]) -> dict[str, str]:
    """The options that a user gave, as text by name.

    Args:
        options: those that are looked for.
        values: what click found, by name.
    """
    found = {option.name: values[option.name] for option in options}
    return {name: YES if value is True else value for name, value in found.items() if value not in (None, False)}


def check_out(out: str | None) -> None:
    """Refuse a place for a corpus that is gone when the command ends.

    Raises:
        OptionError: it is in the memory of this process.
    """
    from trmpipe.shards.urls import printable, protocol_of

    if out is not None and protocol_of(out) == "memory":
        raise OptionError(f"{printable(out)} would be gone when this command ends; give --out a folder")
