"""`--set KEY=VALUE`: settings of a recipe changed by name, typed by what stands there, checked like the rest."""

import dataclasses
import difflib
from collections.abc import Iterable
from typing import Any

from .config import TrainConfig, flatten, to_json
from .errors import SettingError


def apply_overrides(config: TrainConfig, settings: Iterable[str]) -> TrainConfig:
    """`config` with each ``KEY=VALUE`` of `settings` in its place; ``model.width=64`` reaches into the model.

    Raises:
        SettingError: a key is unknown (the message names the nearest), or a value does not fit.
    """
    top: dict[str, Any] = {}
    model: dict[str, Any] = {}
    known = flatten(to_json(config))
    for setting in settings:
        key, value = _split(setting, known)
        if key.startswith("model."):
            name = key.removeprefix("model.")
            model[name] = _parse(key, value, getattr(config.model, name))
        else:
            top[key] = _parse(key, value, getattr(config, key))
    if model:
        top["model"] = dataclasses.replace(config.model, **model)
    return dataclasses.replace(config, **top)


def _split(setting: str, known: dict[str, Any]) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    key = key.strip()
    if not equals:
        raise SettingError(f"--set {setting!r} has no value; write it as KEY=VALUE")
    if key not in known:
        near = difflib.get_close_matches(key, known, n=3, cutoff=0.4) or sorted(known)
        raise SettingError(f"there is no setting {key!r}; the nearest are {', '.join(near)}")
    return key, value.strip()


def _parse(key: str, text: str, present: Any) -> Any:
    """`text` as a value of the type of `present`."""
    try:
        if isinstance(present, tuple):
            values = tuple(float(part) for part in text.split(","))
            if len(values) != len(present):
                raise ValueError
            return values
        if isinstance(present, bool):
            return {"true": True, "false": False}[text.lower()]
        return type(present)(text)
    except (ValueError, KeyError):
        raise SettingError(f"{key}={text} does not fit; it takes {_kind(present)}, such as {present}") from None


def _kind(value: Any) -> str:
    """What a setting of the type of `value` takes, in words."""
    if isinstance(value, tuple):
        return f"{len(value)} numbers with commas between"
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(type(value), "text")
