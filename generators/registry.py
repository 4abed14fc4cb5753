"""Where tasks are found by name: ours, and those of the entry-point group ``trmpipe.tasks``.

An entry point names a function that takes no argument and returns a `Task`; its name must equal the task's
``spec.name``.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points

from .errors import InputError
from .sudoku import SIZES, SudokuTask
from .task import Task


def _builders() -> dict[str, Callable[[], Task]]:
    builders: dict[str, Callable[[], Task]] = {}
    for size in SIZES:
        builders[f"sudoku{size}"] = lambda size=size: SudokuTask(size=size)  # type: ignore[misc]
    for point in entry_points(group="trmpipe.tasks"):
        builders[point.name] = point.load()
    return builders


def task_names() -> list[str]:
    """Names of all tasks that this installation knows, sorted."""
    return sorted(_builders())


@cache
def get_task(name: str) -> Task:
    """The task called `name`, such as ``sudoku9``.

    Raises:
        InputError: there is no such task; the message lists those there are.
    """
    builder = _builders().get(name)
    if builder is None:
        raise InputError(f"no task is called {name!r}; known: {', '.join(task_names())}")
    return builder()
