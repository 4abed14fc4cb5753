"""Where bases come from, when they are not generated: files or sets of them, read before the plan, each with a role."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trmpipe.shards import CorpusError
from trmpipe.shards.fields import FileName
from trmpipe.shards.json_files import convert
from trmpipe.shards.urls import is_local

from .errors import RecipeError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """One input, read and checked. Suppliers derive from it and add what they read.

    Attributes:
        given: as the user named it: a path, a URL, or a data set.
        role: what its puzzles are for.
        name: the last part of the path, or the data set.
        size_bytes: of the files that it consists of, as they lie there.
        sha256: hex digest of their content.
    """

    given: str
    role: str
    name: str
    size_bytes: int
    sha256: str


def last_part(path: str) -> str:
    """The last part of a path or URL, which the manifest keeps.

    Raises:
        RecipeError: no manifest can keep it: it is not UTF-8, or has control characters or a backslash.
    """
    name = path.rstrip("/").rsplit("/", 1)[-1]
    if name in ("", ".", "..") and is_local(path):
        name = Path(path).resolve().name
    try:
        return convert(name, FileName, "the name", "rename it")
    except CorpusError as error:
        raise RecipeError(
            f"the name {name!a} cannot be kept in a manifest, which takes UTF-8 without control characters "
            "and backslashes; rename the file"
        ) from error


def digests_of(sources: Sequence[Source]) -> tuple[tuple[str, str], ...]:
    """What a recipe notes of its sources."""
    return tuple((source.role, source.sha256) for source in sources)


def check_sources(wanted: Sequence[tuple[str, str]], sources: Sequence[Source]) -> None:
    """Refuse other sources than those that a recipe notes.

    Raises:
        RecipeError: a source is missing, superfluous or another one.
    """
    if digests_of(sources) != tuple(wanted):
        noted = ", ".join(f"{role} {digest[:16]}..." for role, digest in wanted) or "none"
        given = ", ".join(f"{source.role} {source.sha256[:16]}... ({source.name})" for source in sources) or "none"
        raise RecipeError(f"the recipe is made from these sources: {noted}; given are: {given}; give the recipe's own")
