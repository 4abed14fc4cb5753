"""Checks of settings, for the ``__post_init__`` of config classes; each raises `SettingError` in one line."""

import math
from collections.abc import Iterable
from typing import Any

from trmpipe.shards.fields import MOST

from .errors import SettingError


def one_of(setting: str, value: str, known: Iterable[str]) -> None:
    """Refuse a value of `setting` (such as ``learner.loss``) that is not among the known ones."""
    names = list(known)
    if value not in names:
        raise SettingError(f"{setting} is {value!r}; take one of {', '.join(names)}")


def possible(setting: str, value: Any) -> None:
    """Refuse a number that is not finite, or a whole one beyond the int64 that arrays and kernels compute with."""
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, int) and not -MOST <= number <= MOST:
            raise SettingError(f"{setting} is {_shown(number)}; it must be {MOST} at most")
        if isinstance(number, float) and not math.isfinite(number):
            raise SettingError(f"{setting} is {number}; it must be a finite number")


def at_least(least: float, config: Any, section: str, *names: str, most: float = MOST) -> None:
    """Refuse fields of `config` that are below `least`, not finite, or whole numbers above `most`.

    Args:
        least: the smallest value that is allowed.
        config: the config object.
        section: name of its section for messages, "" for the run's own settings.
        names: the fields.
        most: the largest whole number that is allowed.
    """
    for name in names:
        value = getattr(config, name)
        if not value >= least:
            raise SettingError(f"{_full(section, name)} is {_shown(value)}; it must be at least {least}")
        if isinstance(value, int) and value > most:
            raise SettingError(f"{_full(section, name)} is {_shown(value)}; it must be {most} at most")
        possible(_full(section, name), value)


def share(config: Any, section: str, *names: str, most: float = 1) -> None:
    """Refuse fields of `config` that are not from 0 to `most`; arguments as in `at_least`."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value <= most:
            raise SettingError(f"{_full(section, name)} is {value}; it must be from 0 to {most:g}")


def below_one(config: Any, section: str, *names: str) -> None:
    """Refuse decay rates of averages that are not from 0 to below 1, where nothing would move; as in `at_least`."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value < 1:
            raise SettingError(f"{_full(section, name)} is {value}; it must be from 0 to below 1")


def betas(values: tuple[float, ...]) -> None:
    """Refuse decay rates of Adam's moments that are not from 0 to below 1."""
    if not all(0 <= value < 1 for value in values):
        raise SettingError(f"optimiser.betas are {', '.join(map(str, values))}; each must be from 0 to below 1")


def _shown(value: float) -> str:
    """A number in words; very long ones, which Python refuses to spell, by their size."""
    if isinstance(value, int) and abs(value) > MOST:
        return f"a whole number of {value.bit_length()} bits"
    return str(value)


def _full(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name
