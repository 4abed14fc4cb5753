"""`--set KEY=VALUE`: settings changed by name, typed by what stands there, checked like the rest.

``optimiser.name=adamw`` puts another entry in a section's place. The section then starts from that entry's own
defaults, and nothing of the old one is kept, not even settings of the same name: a learning rate that suits one
optimiser need not suit another. Names are taken first, so that the order of the settings does not matter.
"""

import dataclasses
import difflib
from collections.abc import Iterable
from typing import Any

from ..checks import possible
from ..errors import SettingError
from ..parts import name_of
from .config import NAME, SECTIONS, TrainConfig, flatten, to_json

_MOST_NAMED = 4


def apply_overrides(config: TrainConfig, settings: Iterable[str]) -> TrainConfig:
    """`config` with each ``KEY=VALUE`` of `settings` in its place; ``model.width=64`` reaches into a section.

    Raises:
        SettingError: a key is unknown (the message names the nearest), or a value does not fit.
    """
    pairs = [_split(setting) for setting in settings]
    entries = {f"{section}.{NAME}": section for section in SECTIONS}
    chosen = {entries[key]: value for key, value in pairs if key in entries}
    config = dataclasses.replace(
        config, **{section: SECTIONS[section][name].config() for section, name in chosen.items()}
    )
    for section, name in chosen.items():
        _refuse_shared_class(section, name, config)
    known = flatten(to_json(config))
    changed: dict[str, dict[str, Any]] = {}
    for key, text in pairs:
        if key not in known:
            near = ", ".join(nearest(key, known))
            hint = f"the nearest are {near}" if near else "`trmpipe presets NAME` lists those that there are"
            raise SettingError(f"there is no setting {key!r:.100}; {hint}")
        section, _, name = key.rpartition(".")
        if key not in entries:
            present = getattr(getattr(config, section) if section else config, name)
            value = _parse(key, text, present)
            possible(key, value)
            changed.setdefault(section, {})[name] = value
    own = changed.pop("", {})
    sections = {name: dataclasses.replace(getattr(config, name), **values) for name, values in changed.items()}
    return dataclasses.replace(config, **own, **sections)


def _refuse_shared_class(section: str, name: str, config: TrainConfig) -> None:
    """A config object says which entry it belongs to by its class: one of two entries' would build the other one."""
    found = name_of(SECTIONS[section], getattr(config, section))
    if found != name:
        raise SettingError(
            f"the {section} {name!r} has the config class of {found!r}, which would be built in its place; "
            "the package that brings it has to give it a class of its own"
        )


def nearest(key: str, known: Iterable[str]) -> list[str]:
    """The known keys that `key` may have meant: a whole section, one whose last part it is, or one spelled alike."""
    keys = list(known)
    inside = [name for name in keys if name.startswith(f"{key}.")]
    last = [name for name in keys if name.rpartition(".")[2] == key.rpartition(".")[2]]
    alike = difflib.get_close_matches(key, keys, n=_MOST_NAMED, cutoff=0.5)
    by_last = {name.rpartition(".")[2]: name for name in keys}
    alike_last = [by_last[name] for name in difflib.get_close_matches(key, by_last, n=_MOST_NAMED, cutoff=0.6)]
    found = dict.fromkeys([*inside, *last, *alike, *alike_last])
    return list(found)[:_MOST_NAMED]


def _split(setting: str) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    if not equals:
        raise SettingError(f"--set {setting!r} has no value; write it as KEY=VALUE")
    return key.strip(), value.strip()


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
        raise SettingError(
            f"{key}={text:.100} does not fit; it takes {_kind(present)}, such as {_shown(present)}"
        ) from None


def _kind(value: Any) -> str:
    """What a setting of the type of `value` takes, in words."""
    if isinstance(value, tuple):
        return f"{len(value)} numbers with commas between"
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(type(value), "text")


def _shown(value: Any) -> str:
    """A value as a user would write it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
