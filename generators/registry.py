"""Where tasks are found by name: ours, and those that installed packages bring by the group ``trmpipe.tasks``.

An entry is a `Family`; a task is called like its family, with its size behind where there are sizes.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .errors import ContractError, InputError
from .family import Family
from .jit import package_of
from .options import spell_options
from .picture import Picture, plain_picture
from .plugins import Registry
from .spec import TaskSpec
from .task import Task

FAMILIES: Registry[Family] = Registry(
    "trmpipe.tasks",
    "task family",
    {
        "sudoku": "trmpipe.generators.sudoku.family:FAMILY",
        "maze": "trmpipe.generators.maze.family:FAMILY",
        "queens": "trmpipe.generators.queens.task:FAMILY",
        "nonogram": "trmpipe.generators.nonogram.task:FAMILY",
        "arc": "trmpipe.generators.arc.family:FAMILY",
    },
    entry_type=Family,
)

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


def task_names() -> list[str]:
    """Names of all tasks that this installation knows, sorted, for messages.

    Of a family with every size between two, the first and the last in one; of a package that cannot be loaded, its
    entry's name.
    """
    return sorted(name for family in FAMILIES.names() for name in _names_of(family))


def _names_of(family_name: str) -> list[str]:
    try:
        family = FAMILIES[family_name]
    except InputError:
        return [family_name]
    if family.range_of_sizes:
        return [" to ".join(family.task_name(size) for size in (min(family.sizes), max(family.sizes)))]
    return [family.task_name(size) for size in family.sizes or (None,)]


def family_of(task_name: str) -> Family:
    """The family that a task belongs to.

    Raises:
        InputError: there is no such task (the message lists those there are), or a package names its family otherwise
            than its entry.
    """
    for name in FAMILIES.names():
        # A package is imported only where its entry can be the one that is meant.
        if task_name != name and not task_name.removeprefix(name).isdigit():
            continue
        family = FAMILIES[name]
        if family.name != name:
            raise InputError(
                f"the entry {name!r} gives a family called {family.name!r}; name the entry like its family"
            )
        if family.size_of(task_name) is not None:
            return family
    raise InputError(f"no task is called {task_name!r}; known: {', '.join(task_names())}")


def get_task(name: str, options: Mapping[str, str] = _NO_OPTIONS) -> Task:
    """The task called `name`, such as ``sudoku9``, made once for the same options.

    Args:
        name: of the task, its size behind it where there are sizes.
        options: what its puzzles have to meet, such as ``{"clues": "22:24"}``; any spelling.

    Raises:
        InputError: there is no such task, it does not take such options, or a package misnames it.
    """
    return _build(name, tuple(spell_options(f"the task {name!r}", family_of(name).options, options).items()))


@cache
def _build(name: str, options: tuple[tuple[str, str], ...]) -> Task:
    family = family_of(name)
    size = family.size_of(name)
    assert size is not None
    task = family.make(size, dict(options))
    if not isinstance(task, Task):
        raise ContractError(
            f"the family {family.name!r} gives a {type(task).__name__} for the name {name!r}, expected a Task; "
            "mend the package that brings it"
        )
    spec = task.spec
    if spec.name != name:
        raise InputError(f"the family {family.name!r} gives a task called {spec.name!r} for the name {name!r}")
    return task


def package_that_brings(task_name: str) -> dict[str, str]:
    """``package`` and ``package_version`` of the installed package that brings a task; nothing for ours."""
    point = FAMILIES.entry_point(family_of(task_name).name)
    return {} if point.dist is None else {"package": point.dist.name, "package_version": point.dist.version}


def installed_task(spec: TaskSpec) -> Task | None:
    """The task that a manifest describes; None where its code is not installed, or is that of another such task."""
    try:
        task = get_task(spec.name)
    except InputError:
        return None
    same = (task.spec.vocabulary, task.spec.grid_shape) == (spec.vocabulary, spec.grid_shape)
    return task if same else None


def look_of(spec: TaskSpec) -> Callable[[NDArray[np.integer]], Picture]:
    """What turns sequences [S] of a task into pictures; a plain one where the task's code is not installed."""
    task = installed_task(spec)
    return partial(plain_picture, spec) if task is None else task.picture


@cache
def code_folders() -> tuple[Path, ...]:
    """Code that decides the bytes that tasks make: this package's, and that of the packages that bring tasks."""
    found = [package_of(Path(__file__).resolve())]
    for module in FAMILIES.modules():
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            found.append(package_of(Path(spec.origin).resolve()))
    return tuple(sorted(found))


def forget() -> None:
    """Look at the installed packages anew: for tests, and after installing one in a running process."""
    FAMILIES.forget()
    _build.cache_clear()
    code_folders.cache_clear()
