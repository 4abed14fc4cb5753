"""One kind of registry for all that grows: tasks, suppliers, codecs, evaluators, models, learners, optimisers, presets.

An entry is a name and where its object lies, ``module:attribute``. Ours are listed where a registry is made; those of
installed packages come from an entry-point group of the same form. An entry is imported when it is asked for and not
before, so that a broken package harms its own entry alone, and none can replace one of ours.
"""

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar, cast

from .errors import InputError, TrmpipeError

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Objects of one kind, by name.

    Args:
        group: the entry-point group that adds to it, such as ``trmpipe.tasks``.
        kind: what an entry is, in the singular, for messages.
        ours: ``module:attribute`` by name.
        error: raised where there is no such entry, or where it cannot be imported.
        entry_type: what every entry of a package has to be; None where that is not one class.
    """

    def __init__(
        self,
        group: str,
        kind: str,
        ours: Mapping[str, str],
        error: type[TrmpipeError] = InputError,
        entry_type: type[Entry] | None = None,
    ) -> None:
        self.group = group
        self._kind, self._ours, self._error, self._entry_type = kind, ours, error, entry_type
        self._found: dict[str, Entry] = {}

    @cached_property
    def _places(self) -> dict[str, EntryPoint]:
        plugged = {point.name: point for point in entry_points(group=self.group)}
        return plugged | {name: EntryPoint(name, place, self.group) for name, place in self._ours.items()}

    def names(self) -> list[str]:
        """All names, ours first, then those of installed packages."""
        return [*self._ours, *sorted(set(self._places) - set(self._ours))]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Entry:
        """The object called `name`, imported on first use.

        Raises:
            TrmpipeError: the registry's error: there is no such entry (the message lists those there are), or the
                package that brings it cannot be imported.
        """
        if name not in self._found:
            self._found[name] = self._load(name)
        return self._found[name]

    def _load(self, name: str) -> Entry:
        if name not in self._places:
            raise self._error(f"no {self._kind} is called {name!r}; known: {', '.join(self.names())}")
        point = self._places[name]
        if name in self._ours:
            return cast(Entry, getattr(import_module(point.module), point.attr))
        try:
            entry = point.load()
            if self._entry_type is not None and not isinstance(entry, self._entry_type):
                raise TypeError(f"it is of type {type(entry).__name__}, expected {self._entry_type.__name__}")
            return cast(Entry, entry)
        except Exception as error:
            raise self._error(
                f"the {self._kind} {name!r} cannot be loaded from {point.value}: {type(error).__name__}: {error}; "
                "mend the package that brings it, or take it out"
            ) from error

    def entry_point(self, name: str) -> EntryPoint:
        """Where the entry called `name`, which there is, comes from; its ``dist`` is None for ours."""
        return self._places[name]

    def modules(self) -> set[str]:
        """The top-level packages that entry points bring."""
        return {point.module.partition(".")[0] for name, point in self._places.items() if name not in self._ours}

    def forget(self) -> None:
        """Look at the installed packages anew: for tests, and after installing one in a running process."""
        self._found.clear()
        self.__dict__.pop("_places", None)
