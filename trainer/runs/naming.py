"""The name of a run: the folder of its corpus, its preset, what differs from that, its seed."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trmpipe.shards import Corpus
from trmpipe.shards.urls import is_local

from ..presets import get_preset
from ..settings.config import NAME, SECTIONS, TrainConfig, flatten, to_json
from ..settings.overrides import apply_overrides
from ..settings.request import TrainRequest

_MOST_BYTES = 160
"""Of a name; folders have 255 at most, and what stands before it needs some."""
_HASH_LETTERS = 12
_SAFE = "._=+,-"
"""Characters beside letters and digits that no shell and no file system takes for anything else."""


def run_name(request: TrainRequest, preset: str, config: TrainConfig, corpora: list[Corpus]) -> str:
    """``<folder of the corpus>-<preset>[-<setting>=<value>...]-seed<seed>``, safe in paths and shells.

    A name that would be too long is cut, and a hash of the whole stands for the rest.

    Args:
        request: what the user asks for.
        preset: its name.
        config: with the user's changes.
        corpora: to train on.
    """
    changes: dict[str, Any] = {"groups": request.groups, "variants": request.variants}
    if request.start is not None:
        changes["from"] = Path(request.start).resolve().name
    changes.update(changed_settings(preset, config))
    if request.minutes is not None:
        # The steps are measured, so that they would be others whenever the command is given.
        changes = {"minutes": f"{request.minutes:g}", **changes, "max_steps": None}
    more = [f"+{len(corpora) - 1}"] if len(corpora) > 1 else []
    words = [f"{key}={value}" for key, value in changes.items() if value is not None]
    whole = safe_name("-".join(["".join([folder_name(corpora[0]), *more]), preset, *words]))
    return f"{_bounded(whole)}-seed{config.seed}"


def folder_name(corpus: Corpus) -> str:
    """The name of the folder that the user gave a corpus; of one that has none, such as ``/``, its own."""
    path = str(Path(corpus.path).resolve()) if is_local(corpus.path) else corpus.path
    return path.rstrip("/").rpartition("/")[2] or corpus.name


def changed_settings(preset: str, config: TrainConfig) -> dict[str, Any]:
    """The settings, by name, in which a config differs from its preset; the seed aside.

    Where a section is another entry of its registry, its settings are compared with that entry's own defaults.

    Raises:
        SettingError: there is no such preset here.
    """
    now = to_json(config)
    base = get_preset(preset)
    others = {f"{section}.{NAME}": now[section][NAME] for section in SECTIONS}
    before = flatten(to_json(base))
    names = {key: name for key, name in others.items() if before[key] != name}
    before = flatten(to_json(apply_overrides(base, [f"{key}={name}" for key, name in names.items()])))
    changed = {key: _in_words(value) for key, value in flatten(now).items() if before.get(key) != value}
    return {**names, **{key: value for key, value in changed.items() if key != "seed"}}


def _in_words(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)


def safe_name(text: str) -> str:
    """A text as the name of a folder that no shell and no file system takes for anything else."""
    safe = "".join(letter if letter.isalnum() or letter in _SAFE else "_" for letter in text)
    return safe.lstrip(".-") or "run"


def _bounded(name: str) -> str:
    if len(name.encode()) <= _MOST_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_LETTERS]
    return name.encode()[: _MOST_BYTES - _HASH_LETTERS - 1].decode(errors="ignore") + "-" + digest
