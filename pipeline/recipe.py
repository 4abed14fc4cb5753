"""The recipe: all that decides what a corpus says and how it is laid out, and the name that it gives the corpus."""

import operator
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Required, TypedDict

from trmpipe.generators.options import YES, Option, flag_of, spell_options
from trmpipe.generators.registry import family_of, get_task
from trmpipe.generators.task import Task
from trmpipe.shards import CODECS, CorpusError, sha256_hex
from trmpipe.shards.fields import Count, Digest, FileName, Positive, Word
from trmpipe.shards.json_files import convert

from .errors import ArgumentError, RecipeError
from .suppliers import SUPPLIERS
from .upgrade import upgraded

_MAX_SEED = 2**63 - 1
_MAX_COUNT = 2**31 - 1
_RANGES = {
    "n": (1, _MAX_COUNT),
    "aug": (0, _MAX_COUNT),
    "test": (0, _MAX_COUNT),
    "seed": (0, _MAX_SEED),
    "shard_groups": (1, _MAX_COUNT),
    "shard_variants": (1, _MAX_COUNT),
}
"""Least and greatest value of every number of a recipe."""
_NEVER_NONE = ("aug", "seed")
_MAX_NAME_BYTES = 255
_DIGEST_LETTERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a corpus is made from. Equal recipes give equal bytes, however many workers there are.

    Attributes:
        task: task and size, such as ``sudoku9``.
        n: training groups; None takes all that the supplier has.
        aug: variants of each training group beside its base.
        test: held-out groups; None takes the supplier's default.
        seed: root seed, 0 <= seed < 2**63.
        options: what the task is asked for beyond its name, such as ``{"difficulty": "hard"}``; kept in the spelling
            that the task gives them.
        format: name of the codec.
        supplier: where the bases come from, one of the family's suppliers.
        supply: what the supplier is asked for, such as ``{"drop_improper": "yes"}``; kept in its spelling.
        sources: what the supplier takes them from, as pairs of a role (such as ``"input"``) and a SHA-256; empty where
            they are generated.
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
    supplier: str = "made"
    supply: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[tuple[str, str], ...] = ()
    shard_groups: int | None = None
    shard_variants: int | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, and keep options in one spelling."""
        self._check_format()
        options = spell_options(f"the task {self.task!r}", family_of(self.task).options, self.options)
        object.__setattr__(self, "options", dict(sorted(options.items())))
        get_task(self.task, self.options)
        self._check_numbers()
        object.__setattr__(self, "sources", tuple((role, digest) for role, digest in self.sources))
        self._check_supplier()
        self._check_names()

    def _check_numbers(self) -> None:
        """Refuse numbers that are none or out of their range, and keep those of NumPy as Python's own."""
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None or name in _NEVER_NONE:
                object.__setattr__(self, name, _whole_number(flag_of(name), value, least, most))

    def _check_names(self) -> None:
        """Refuse what is no part of a path where it stands in one: the roles of sources and the corpus's name."""
        for word in (word for source in self.sources for word in source):
            _check_name(word)
        _check_name(self.name)

    def _check_format(self) -> None:
        try:
            _ = CODECS[self.format]
        except CorpusError as error:
            raise ArgumentError(str(error)) from error

    def _check_supplier(self) -> None:
        known = family_of(self.task).suppliers
        if self.supplier not in known:
            raise ArgumentError(
                f"the supplier of {self.task} is {self.supplier!r}; expected one of {', '.join(known) or 'none'}"
            )
        supplier = SUPPLIERS[self.supplier]
        supply = spell_options(f"the supplier {self.supplier!r}", supplier.options, self.supply)
        object.__setattr__(self, "supply", supply)
        if supplier.inputs and not self.sources:
            raise ArgumentError(f"the supplier {self.supplier!r} needs sources; give some with {supplier.flags}")
        if self.sources and not supplier.inputs:
            raise ArgumentError(f"the supplier {self.supplier!r} takes no sources; leave them out")
        if self.test is not None and supplier.test is None:
            raise ArgumentError("--test does not apply: what is held out is decided by what is given; leave it out")
        if self.n is None and supplier.default_n is not None:
            raise ArgumentError(f"--n is missing: say how many training puzzles, such as {supplier.default_n}")

    def make_task(self) -> Task:
        """The task with its options."""
        return get_task(self.task, self.options)

    @property
    def name(self) -> str:
        """Name of the corpus: task, n, aug and seed, then every option that is not the default."""
        n = "all" if self.n is None else self.n
        parts = [self.task, f"n{n}", f"aug{self.aug}", f"seed{self.seed}"]
        parts += _told(family_of(self.task).options, self.options)
        if self.test is not None:
            parts.append(f"test{self.test}")
        if self.format != "webdataset":
            parts.append(self.format)
        parts += [f"{role.replace('_', '')}{digest[:_DIGEST_LETTERS]}" for role, digest in self.sources]
        parts += _told(SUPPLIERS[self.supplier].options, self.supply)
        for word, size in (("sg", self.shard_groups), ("sv", self.shard_variants)):
            if size is not None:
                parts.append(f"{word}{size}")
        name = "-".join(parts)
        if len(name.encode()) <= _MAX_NAME_BYTES:
            return name
        # Longer than a file system's names may be, as of many sources.
        digest = sha256_hex(name.encode())[:_DIGEST_LETTERS]
        return f"{name.encode()[: _MAX_NAME_BYTES - _DIGEST_LETTERS - 1].decode(errors='ignore')}-{digest}"

    def to_json(self) -> dict[str, Any]:
        """A value for `json.dumps`."""
        return {**asdict(self), "sources": [list(source) for source in self.sources]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Recipe":
        """The recipe that `to_json` made `value` of, here or in an earlier version.

        Raises:
            RecipeError: it is damaged, or a field is unknown, so that a later version of trmpipe wrote it.
        """
        value = _checked(value)
        unknown = sorted(set(value) - {known.name for known in fields(cls)})
        if unknown:
            raise RecipeError(f"the recipe has options that this trmpipe does not know: {', '.join(unknown)}")
        try:
            return cls(**value)
        except TypeError as error:
            raise RecipeError(f"the recipe is damaged ({error}); take it from the corpus's own manifest") from error

    def differences(self, other: dict[str, Any]) -> str:
        """How this recipe differs from that of an existing corpus, for a message; empty where it does not.

        Args:
            other: the JSON of a recipe, of this version or an earlier one.

        Raises:
            RecipeError: it is damaged.
        """
        mine, other = _flat(self.to_json()), _flat(_checked(other))
        keys = [key for key in {**mine, **other} if mine.get(key) != other.get(key)]
        return ", ".join(f"{key} {other.get(key)} there, {mine.get(key)} asked for" for key in keys)


def _check_name(word: str) -> None:
    try:
        convert(word, FileName, "a name", "give another one")
    except CorpusError as error:
        raise RecipeError(f"{word!a} cannot be a part of a corpus's name; give another one") from error


class _Written(TypedDict, total=False):
    """The types of a recipe's JSON, those of earlier versions' fields included."""

    task: Required[FileName]
    n: Positive | None
    aug: Count
    test: Count | None
    seed: Count
    options: dict[Word, Word]
    format: FileName
    supplier: FileName
    supply: dict[Word, Word]
    sources: tuple[tuple[FileName, Digest], ...]
    shard_groups: Positive | None
    shard_variants: Positive | None
    drop_improper: bool
    exclude_test_twins: bool


def _checked(value: Any) -> dict[str, Any]:
    """A recipe's JSON out of a file in this version's words, if its parts have the types that they should have.

    Raises:
        RecipeError: it is damaged.
    """
    try:
        convert(value, _Written, "the recipe", "take it from the corpus's own manifest")
    except CorpusError as error:
        raise RecipeError(str(error)) from error
    return upgraded(value)


def _flat(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe's JSON with the options of task and supplier beside the others."""
    plain = {key: value for key, value in recipe.items() if key not in ("options", "supply")}
    return {**plain, **recipe.get("options", {}), **recipe.get("supply", {})}


def _told(options: tuple[Option, ...], values: Mapping[str, str]) -> list[str]:
    """What a corpus's name tells of options: a word and the value, of a flag the word alone; a range reads 5to10."""
    words = {option.name: option.word or option.name for option in options}
    told = {words[name]: "" if value == YES else value for name, value in values.items()}
    return [word + re.sub(r"[^\w.-]", "_", value.replace(":", "to")) for word, value in told.items()]


def _whole_number(option: str, value: Any, least: int, most: int) -> int:
    try:
        # True is an int, too.
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None:
        raise ArgumentError(f"{option} is {value!r:.80}; expected a whole number, {least} to {most}")
    if not least <= number <= most:
        raise ArgumentError(f"{option} is {number}; expected {least} to {most}")
    return number
