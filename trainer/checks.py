"""Checks of settings, for the ``__post_init__`` of config classes; each raises `SettingError` in one line."""

from collections.abc import Iterable
from typing import Any

from .errors import SettingError


def one_of(setting: str, value: str, known: Iterable[str]) -> None:
    """Refuse a value of `setting` (such as ``learner.loss``) that is not among the known ones."""
    names = list(known)
    if value not in names:
        raise SettingError(f"{setting} is {value!r}; take one of {', '.join(names)}")


def at_least(least: float, config: Any, section: str, *names: str) -> None:
    """Refuse fields of `config` below `least`, or NaN.

    Args:
        least: the smallest value that is allowed.
        config: the config object.
        section: name of its section for messages, "" for the run's own settings.
        names: the fields.
    """
    for name in names:
        value = getattr(config, name)
        if not value >= least:
            raise SettingError(f"{_full(section, name)} is {value}; it must be at least {least}")


def share(config: Any, section: str, *names: str) -> None:
    """Refuse fields of `config` that are not from 0 to 1; arguments as in `at_least`."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value <= 1:
            raise SettingError(f"{_full(section, name)} is {value}; it must be from 0 to 1")


def betas(values: tuple[float, ...]) -> None:
    """Refuse decay rates of Adam's moments that are not from 0 to below 1."""
    if not all(0 <= value < 1 for value in values):
        raise SettingError(f"optimiser.betas are {', '.join(map(str, values))}; each must be from 0 to below 1")


def _full(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name
