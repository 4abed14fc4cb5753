"""config.json of a run: what it was started with. It is sealed, so that no changed bit of it is believed.

Everything that the metrics depend on is bound by one hash, which checkpoints note and which is computed again wherever
the file is read.
"""

import dataclasses
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from trmpipe.shards import DamagedError, json_digest
from trmpipe.shards.fields import Count, Digest, FileName, Positive, Word
from trmpipe.shards.json_files import check_seal, convert, read_json

from ..errors import RunError, SettingError
from ..files import damage_of_a_run, read_file, typed
from ..models import CorpusSizes
from ..settings.config import TrainConfig, from_json

CONFIG_VERSION = 3
"""Version of config.json. Up to version 2 it held no digest of itself; the settings of version 1, which bore no number,
were flat."""
_ADVICE = "restore the file, or start a new run"
BINDING = ("train", "groups", "variants", "corpora")
"""Fields that the hash covers; `origin` too, where there is one."""
_LATER = ("origin", "extensions", "minutes", "imported")
"""Fields that config.json has only where they say something, so that all other runs keep their bytes."""

Paths = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedOn:
    """A corpus that a run was trained on."""

    name: FileName
    content_digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The weights that a run begins with: the average of another run's checkpoint.

    Attributes:
        run: name of the other run's folder.
        step: steps that it had taken.
        digest: the checkpoint's.
    """

    run: Word
    step: Count
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """From one step on, all is as in a run of `max_steps` steps: schedules, and what a learner makes of the length.

    The order of examples stays that of the run as it was started, its curriculum's included.
    """

    from_step: Count
    max_steps: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The published weights that a run was made of.

    Attributes:
        file: name of their file.
        step: the one that they are of; the run's first checkpoint bears it.
        digest: the file's hex SHA-256.
    """

    file: Word
    step: Count
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """What a run was started with.

    Attributes:
        preset: name of its preset.
        train: all settings, as `config.to_json` gives them.
        groups: training groups that it uses; None for all.
        variants: variants of each that it uses; None for all.
        corpora: those that it is trained on, in their order.
        hash: hex digest of the fields in `BINDING`.
        paths: where the corpora were, as the user gave them: they are opened by `shards.Store` alone.
        task: name of their task.
        sizes: what the network knows of them.
        versions: of trmpipe and of what it computes with, by name.
        origin: the weights that it begins with; None for those of its seed.
        extensions: how it was made longer, in order. No hash covers them: a run stays the run that it was.
        minutes: the time that its steps were fitted to, None where they were not.
        imported: the weights that it was made of, which its first checkpoint holds; None for a run that was trained.
    """

    preset: Word
    train: dict[str, Any]
    groups: Positive | None
    variants: Positive | None
    corpora: tuple[TrainedOn, ...]
    hash: Digest
    paths: Paths
    task: FileName
    sizes: CorpusSizes
    versions: dict[Word, Word]
    origin: Origin | None = None
    extensions: tuple[Extension, ...] = ()
    minutes: Annotated[float, Meta(gt=0)] | None = None
    imported: Imported | None = None

    @property
    def binding(self) -> dict[str, Any]:
        """What the metrics depend on, as plain values."""
        values = {name: getattr(self, name) for name in BINDING}
        origin = {"origin": dataclasses.asdict(self.origin)} if self.origin else {}
        return {**values, "corpora": [dataclasses.asdict(corpus) for corpus in self.corpora], **origin}

    @property
    def max_steps(self) -> int:
        """Steps of the whole run, its extensions included."""
        return self.extensions[-1].max_steps if self.extensions else self.train_config().max_steps

    def phase_at(self, step: int) -> tuple[int, int]:
        """The steps that all is stretched to for the step after `step`, and the step until which that holds."""
        phases = [(0, self.train_config().max_steps)]
        phases += [(extension.from_step, extension.max_steps) for extension in self.extensions]
        for (_, length), (end, _) in pairwise(phases):
            if step < end:
                return length, end
        return phases[-1][1], phases[-1][1]

    def train_config(self) -> TrainConfig:
        """All settings.

        Raises:
            RunError: one is unknown here, such as one of a model that a missing package brought, or impossible.
        """
        try:
            return from_json(self.train)
        except SettingError as error:  # Of a file, not of an argument.
            raise RunError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        """Plain values with the version, to be sealed."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        plain = {"paths": list(self.paths), "sizes": dataclasses.asdict(self.sizes), **self.binding}
        later = {
            "extensions": [dataclasses.asdict(extension) for extension in self.extensions],
            "imported": dataclasses.asdict(self.imported) if self.imported else None,
        }
        whole = {"version": CONFIG_VERSION, **values, **plain, **later}
        return {name: value for name, value in whole.items() if value or name not in _LATER}


def new_run_config(values: dict[str, Any]) -> RunConfig:
    """The config of a new run.

    Args:
        values: all fields but the hash, as plain values.

    Raises:
        RunError: one of them cannot stand in config.json, such as a path that is not UTF-8.
    """
    bound = (*BINDING, "origin") if values.get("origin") else BINDING
    digest = json_digest({name: values[name] for name in bound})
    return typed({**values, "hash": digest}, RunConfig, "what the run is started with", "give other names or paths")


def read_run_config(path: Path) -> RunConfig:
    """The config in a file.

    Raises:
        RunError: the file is damaged, or of another version of trmpipe.
    """
    data = read_file(path)
    with damage_of_a_run():
        values = read_json(data, dict[str, Any], str(path), _ADVICE)
        version = values.get("version", 1)
        # A damaged number must not pass for one of the time before the file was sealed.
        if version == CONFIG_VERSION or "digest" in values:
            check_seal(data, str(path), _ADVICE)
        elif "train" not in values:
            raise RunError(f"{path} is damaged: it holds no settings; {_ADVICE}")
    if version != CONFIG_VERSION:
        shown = version if isinstance(version, int) else "none"
        raise RunError(
            f"{path.parent} is a run of another version of trmpipe: its config.json has version {shown}, this one "
            f"reads {CONFIG_VERSION}; use the trmpipe that wrote it, or start a new run"
        )
    config = typed(values, RunConfig, str(path), _ADVICE)
    if json_digest(config.binding) != config.hash:
        raise RunError(f"{path} is damaged: its hash is not that of its settings; {_ADVICE}")
    with damage_of_a_run():
        _check_extensions(config, str(path))
    return config


def _check_extensions(config: RunConfig, path: str) -> None:
    """Refuse extensions that do not each make the run longer, from a step that it had.

    Of the settings the one number is read here: what a package that is not installed brought cannot be.

    Raises:
        DamagedError: one does not.
    """
    if not config.extensions:
        return
    length = convert(config.train.get("max_steps"), Positive, f"{path} (max_steps)", _ADVICE)
    for before, after in pairwise((Extension(from_step=0, max_steps=length), *config.extensions)):
        if not before.from_step <= after.from_step <= before.max_steps < after.max_steps:
            raise DamagedError(
                f"{path} is damaged: an extension from step {after.from_step:,} to {after.max_steps:,} steps does not "
                f"follow on one from step {before.from_step:,} to {before.max_steps:,}; {_ADVICE}"
            )
