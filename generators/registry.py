"""Where tasks are found by name: ours, and those of the entry-point group ``trmpipe.tasks``.

An entry point names a function that returns a `Task`; its name must equal the task's ``spec.name``. Options are its
keyword arguments, strings all, and without any it is called with none.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from .arc import ArcTask
from .errors import InputError
from .jit import package_of
from .sudoku import SIZES, SudokuTask, Target
from .task import Task

_NO_OPTIONS: Mapping[str, str] = MappingProxyType({})

Builder = Callable[[Mapping[str, str]], Task]


def _builders() -> dict[str, Builder]:
    """A function for every task; a plug-in is not imported before its task is asked for, and cannot replace ours."""
    points = {point.name: point for point in entry_points(group="trmpipe.tasks")}
    plugged: dict[str, Builder] = {name: partial(_load, point) for name, point in points.items()}
    return plugged | {f"sudoku{size}": partial(_sudoku, size) for size in SIZES} | {"arc": _arc}


def _arc(options: Mapping[str, str]) -> Task:
    if options:
        raise InputError(f"the task 'arc' takes no options, and not {', '.join(options)}; leave them out")
    return ArcTask()


def _sudoku(size: int, options: Mapping[str, str]) -> Task:
    return SudokuTask(size=size, target=Target.parse(options))


def _load(point: EntryPoint, options: Mapping[str, str]) -> Task:
    build = point.load()
    try:
        inspect.signature(build).bind(**options)
    except TypeError as error:
        known = ", ".join(inspect.signature(build).parameters) or "none"
        raise InputError(f"the task {point.name!r} cannot have these options: {error}; it takes {known}") from error
    task: Task = build(**options)
    if task.spec.name != point.name:
        raise InputError(
            f"the entry point {point.name!r} of {point.value} gives a task called {task.spec.name!r}; "
            "name the entry point like its task"
        )
    return task


def task_names() -> list[str]:
    """Names of all tasks that this installation knows, sorted."""
    return sorted(_builders())


def get_task(name: str, options: Mapping[str, str] = _NO_OPTIONS) -> Task:
    """The task called `name`, such as ``sudoku9``, made once for the same options.

    Args:
        name: one of `task_names`.
        options: what its puzzles have to meet, by the names of its own options, such as ``{"clues": "22:24"}``.

    Raises:
        InputError: there is no such task (the message lists those there are), it does not take such options, or a
            plug-in misnames it.
    """
    return build_task(name, tuple(sorted(options.items())))


@cache
def build_task(name: str, options: tuple[tuple[str, str], ...]) -> Task:
    """`get_task` by (name, value) pairs of options, sorted."""
    builder = _builders().get(name)
    if builder is None:
        raise InputError(f"no task is called {name!r}; known: {', '.join(task_names())}")
    return builder(dict(options))


@cache
def code_folders() -> tuple[Path, ...]:
    """Folders of code that decides the bytes of tasks: this package's, and those of the entry points' packages."""
    modules = {point.module.partition(".")[0] for point in entry_points(group="trmpipe.tasks")}
    found = [package_of(Path(__file__).resolve())]
    for module in modules:
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            found.append(package_of(Path(spec.origin).resolve()))
    return tuple(sorted(found))
