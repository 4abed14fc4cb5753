"""Where bases come from, when they are not generated: files that are read before the plan, each with a role.

Sudoku: ``input`` (puzzles) and ``test_input`` (held-out puzzles). ARC: any number of ``train_set`` (tasks that are
learned whole) and ``test_set`` (tasks whose demonstrations are learned and whose tests are scored).
"""

from collections.abc import Sequence
from typing import Protocol

from .errors import RecipeError
from .recipe import Recipe


class Source(Protocol):
    """One input, read and checked: a file of puzzles, a set of tasks."""

    @property
    def role(self) -> str:
        """What its puzzles are for."""
        ...

    @property
    def name(self) -> str:
        """Last part of its path, or what it is called."""
        ...

    @property
    def size_bytes(self) -> int:
        """Bytes of the files that it consists of."""
        ...

    @property
    def sha256(self) -> str:
        """Hex digest of their content."""
        ...


def digests_of(sources: Sequence[Source]) -> tuple[tuple[str, str], ...]:
    """What a recipe notes of its sources."""
    return tuple((source.role, source.sha256) for source in sources)


def check_sources(recipe: Recipe, sources: Sequence[Source]) -> None:
    """Refuse other sources than the recipe's.

    Raises:
        RecipeError: a source is missing, superfluous or another one.
    """
    if digests_of(sources) != recipe.sources:
        wanted = ", ".join(f"{role} {digest[:16]}..." for role, digest in recipe.sources) or "none"
        given = ", ".join(f"{source.role} {source.sha256[:16]}... ({source.name})" for source in sources) or "none"
        raise RecipeError(f"the recipe is made from these sources: {wanted}; given are: {given}; give the recipe's own")
