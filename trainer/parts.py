"""What a registry of models, learners, optimisers or schedules holds: a config class and what is built from it.

A section of a training config is an object of such a class, and the class alone says which entry it belongs to. So no
name stands beside a config that it does not fit, and an entry is added by one line in its registry.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from trmpipe.generators.plugins import Registry

from .errors import SettingError
from .published_form import PublishedForm

Entry = TypeVar("Entry")
_LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One entry.

    Attributes:
        config: a frozen dataclass whose fields all have defaults; each entry has a class of its own.
        build: makes the part; its first argument is a config of that class, the registry says what the others are.
        published: of a model, how its weights are published; None where there is no such form.
        any_size: of a model, whether its weights fit corpora of any size: whoever has a run on the one may ask it about
            the other, and go on from it.
    """

    config: type[Any]
    build: Callable[..., Any]
    published: PublishedForm | None = None
    any_size: bool = False


def later(default: Any) -> Any:
    """A field of a config class that runs made before it was added lack: they were made with `default`."""
    return field(default=default, metadata={_LATER: True})


def names_of_later_fields(config: type[Any]) -> set[str]:
    """The fields of a config class that may be missing in the settings of a run."""
    return {one.name for one in fields(config) if one.metadata.get(_LATER)}


def entries_that_load(registry: Registry[Entry]) -> Iterator[tuple[str, Entry]]:
    """Names and entries, ours first, without those of packages that cannot be imported."""
    for name in registry.names():
        try:
            yield name, registry[name]
        except SettingError:
            continue


def name_of(registry: Registry[Part], section: Any) -> str:
    """The name of the entry that `section`, a config object, belongs to.

    Raises:
        SettingError: it belongs to none.
    """
    for name, part in entries_that_load(registry):
        if type(section) is part.config:
            return name
    raise SettingError(
        f"{type(section).__name__} is the config of no {registry.group} entry; known: {', '.join(registry.names())}"
    )


def build_part(registry: Registry[Part], section: Any, *arguments: Any, **options: Any) -> Any:
    """What the entry of `section` builds from it and the other arguments.

    Raises:
        SettingError: the section belongs to no entry.
    """
    return registry[name_of(registry, section)].build(section, *arguments, **options)
