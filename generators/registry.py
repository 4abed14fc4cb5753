"""Where tasks are found by name: ours, and those of the entry-point group ``trmpipe.tasks``.

An entry point names a function that takes no argument and returns a `Task`; its name must equal the task's
``spec.name``.
"""

from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from .errors import InputError
from .jit import package_of
from .sudoku import SIZES, SudokuTask
from .task import Task


def _builders() -> dict[str, Callable[[], Task]]:
    """A function for every task; a plug-in is not imported before its task is asked for, and cannot replace ours."""
    points = {point.name: point for point in entry_points(group="trmpipe.tasks")}
    plugged: dict[str, Callable[[], Task]] = {name: partial(_load, point) for name, point in points.items()}
    return plugged | {f"sudoku{size}": partial(SudokuTask, size=size) for size in SIZES}


def _load(point: EntryPoint) -> Task:
    task: Task = point.load()()
    if task.spec.name != point.name:
        raise InputError(
            f"the entry point {point.name!r} of {point.value} gives a task called {task.spec.name!r}; "
            "name the entry point like its task"
        )
    return task


def task_names() -> list[str]:
    """Names of all tasks that this installation knows, sorted."""
    return sorted(_builders())


@cache
def get_task(name: str) -> Task:
    """The task called `name`, such as ``sudoku9``.

    Raises:
        InputError: there is no such task (the message lists those there are), or a plug-in misnames it.
    """
    builder = _builders().get(name)
    if builder is None:
        raise InputError(f"no task is called {name!r}; known: {', '.join(task_names())}")
    return builder()


@cache
def sources() -> tuple[Path, ...]:
    """Sources that decide the bytes that tasks make: this package's, and those of the entry points' packages."""
    modules = {point.module.partition(".")[0] for point in entry_points(group="trmpipe.tasks")}
    found = [package_of(Path(__file__).resolve())]
    for module in modules:
        spec = find_spec(module)
        if spec is not None and spec.origin is not None:
            found.append(package_of(Path(spec.origin).resolve()))
    return tuple(sorted(found))
