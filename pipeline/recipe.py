"""The recipe: all that decides what a corpus says and how it is laid out, and the name that it gives the corpus."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from trmpipe.generators.options import spell_options
from trmpipe.generators.registry import family_of, get_task
from trmpipe.generators.task import Task
from trmpipe.shards import get_codec

from .errors import RecipeError

_MAX_SEED = 2**63 - 1
_MAX_VARIANTS = 2**31 - 1
_DIGEST_LETTERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a corpus is made from. Equal recipes give equal bytes, however many workers there are.

    Attributes:
        task: task and size, such as ``sudoku9``.
        n: training groups; None takes all that the input file has.
        aug: variants of each training group beside its base.
        test: held-out groups; None takes the default (see `bases`).
        seed: root seed, 0 <= seed < 2**63.
        options: what the task is asked for beyond its name, such as ``{"difficulty": "hard"}``; kept in the spelling
            that the task gives them.
        format: name of the codec.
        sources: where the bases come from, as pairs of a role (such as ``"input"``, see `sources`) and a SHA-256; empty
            where they are generated.
        drop_improper: whether puzzles of a file with no or several solutions are dropped; else they are refused.
        exclude_test_twins: whether ARC tasks to train on that are twins of a test task are dropped.
        shard_groups: groups of a shard; None leaves it to the planner.
        shard_variants: variants of a shard and of a sample; None leaves it to the planner.
    """

    task: str
    n: int | None = 1000
    aug: int = 1000
    test: int | None = None
    seed: int = 0
    options: Mapping[str, str] = field(default_factory=dict)
    format: str = "webdataset"
    sources: tuple[tuple[str, str], ...] = ()
    drop_improper: bool = False
    exclude_test_twins: bool = False
    shard_groups: int | None = None
    shard_variants: int | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        get_codec(self.format)
        object.__setattr__(
            self,
            "options",
            dict(sorted(spell_options(f"the task {self.task!r}", family_of(self.task).options, self.options).items())),
        )
        get_task(self.task, self.options)
        _in_range("--n", self.n, 1, None)
        _in_range("--aug", self.aug, 0, _MAX_VARIANTS)
        _in_range("--test", self.test, 0, None)
        _in_range("--seed", self.seed, 0, _MAX_SEED)
        _in_range("--shard-groups", self.shard_groups, 1, None)
        _in_range("--shard-variants", self.shard_variants, 1, None)
        object.__setattr__(self, "sources", tuple((role, digest) for role, digest in self.sources))
        if self.drop_improper and not self.sources:
            raise RecipeError(
                "--drop-improper is for puzzles of a file; generated ones have one solution; leave it out"
            )
        if self.n is None and not self.sources:
            raise RecipeError("--n is missing: say how many training puzzles to generate, or name a file with --input")

    def make_task(self) -> Task:
        """The task with its options."""
        return get_task(self.task, self.options)

    @property
    def name(self) -> str:
        """Name of the corpus: task, n, aug and seed, then every option that is not the default."""
        n = "all" if self.n is None else self.n
        parts = [self.task, f"n{n}", f"aug{self.aug}", f"seed{self.seed}"]
        parts += [f"{word}{_in_letters(value)}" for word, value in self.options.items()]
        if self.test is not None:
            parts.append(f"test{self.test}")
        if self.format != "webdataset":
            parts.append(self.format)
        parts += [f"{role.replace('_', '')}{digest[:_DIGEST_LETTERS]}" for role, digest in self.sources]
        if self.drop_improper:
            parts.append("proper")
        if self.exclude_test_twins:
            parts.append("notwins")
        for word, size in (("sg", self.shard_groups), ("sv", self.shard_variants)):
            if size is not None:
                parts.append(f"{word}{size}")
        return "-".join(parts)

    def to_json(self) -> dict[str, Any]:
        """A value for `json.dumps`."""
        return {**asdict(self), "sources": [list(source) for source in self.sources]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Recipe":
        """The recipe that `to_json` made `value` of.

        Raises:
            RecipeError: a field is unknown, so another version of trmpipe wrote it.
        """
        unknown = sorted(set(value) - {known.name for known in fields(cls)})
        if unknown:
            raise RecipeError(f"the recipe has options that this trmpipe does not know: {', '.join(unknown)}")
        return cls(**value)

    def differences(self, other: dict[str, Any]) -> str:
        """How this recipe differs from that of an existing corpus, for a message; empty where it does not."""
        mine, other = _flat(self.to_json()), _flat(other)
        keys = [key for key in {**mine, **other} if mine.get(key) != other.get(key)]
        return ", ".join(f"{key} {other.get(key)} there, {mine.get(key)} asked for" for key in keys)


def _flat(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe's JSON with the task's options beside the others."""
    return {**{key: value for key, value in recipe.items() if key != "options"}, **recipe.get("options", {})}


def _in_letters(value: str) -> str:
    """An option's value as a part of a folder's name; a range reads 5to10."""
    return re.sub(r"[^\w.-]", "_", value.replace(":", "to"))


def _in_range(option: str, value: int | None, least: int, most: int | None) -> None:
    if value is None:
        return
    if value < least or (most is not None and value > most):
        limits = f"{least} or more" if most is None else f"{least} to {most}"
        raise RecipeError(f"{option} is {value}; expected {limits}")
