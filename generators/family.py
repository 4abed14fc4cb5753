"""What a task family declares to the other rooms, which build commands and recipes from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .errors import ContractError, OptionError, TrmpipeError
from .options import Option
from .task import Task

_A_FEW = 4
"""Sizes that a message lists one by one."""

MADE = "made"
"""The supplier of puzzles that the task itself generates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Tasks that differ in their size and in what their puzzles are asked to meet.

    Attributes:
        name: the word after ``trmpipe generate``; with the size behind it, the name of a task, such as ``sudoku9``.
        help: what ``--help`` says: a line, and more paragraphs where needed.
        build: makes a task from a size (0 in a family without sizes) and the options, each in its one spelling.
        options: what puzzles can be asked to meet.
        suppliers: where bases may come from, names of the pipeline's suppliers. The first whose inputs a user gives is
            taken, else the one that needs none.
        sizes: the sizes that there are, none where all puzzles are of one size.
        default_size: of ``--size``.
        size_help: what ``--help`` says of it.
    """

    name: str
    help: str
    build: Callable[[int, Mapping[str, str]], Task]
    options: tuple[Option, ...] = ()
    suppliers: tuple[str, ...] = (MADE,)
    sizes: tuple[int, ...] = ()
    default_size: int = 0
    size_help: str = ""

    def make(self, size: int, options: Mapping[str, str]) -> Task:
        """The task of a size, 0 where there are none; its options each in its one spelling.

        Raises:
            ContractError: the code of the package that brings the family fails.
            TrmpipeError: of the family's own, such as options that do not go together.
        """
        try:
            return self.build(size, options)
        except TrmpipeError:
            raise
        except Exception as error:
            raise ContractError(
                f"a task of {self.name!r} cannot be made: {type(error).__name__}: {error}; "
                "mend the package that brings it (Family.build)"
            ) from error

    def task_name(self, size: int | None = None) -> str:
        """The name of the task of a size, by default the default one.

        Raises:
            OptionError: there is no such size.
        """
        if not self.sizes:
            return self.name
        size = self.default_size if size is None else size
        if size not in self.sizes:
            raise OptionError(
                f"there is no {self.name} of size {size}; expected {self.range_of_sizes or 'one of ' + self._listed}"
            )
        return f"{self.name}{size}"

    @property
    def range_of_sizes(self) -> str:
        """``5 to 64`` where there is every size between; empty where there are a few or gaps."""
        first, last = min(self.sizes, default=0), max(self.sizes, default=0)
        return f"{first} to {last}" if len(self.sizes) == last - first + 1 > _A_FEW else ""

    @property
    def _listed(self) -> str:
        return ", ".join(map(str, self.sizes))

    def size_of(self, task_name: str) -> int | None:
        """The size in a task's name, or None where the name is not one of this family's."""
        if not self.sizes:
            return 0 if task_name == self.name else None
        digits = task_name.removeprefix(self.name)
        return next((size for size in self.sizes if str(size) == digits), None)
