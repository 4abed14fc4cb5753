"""The plan of a corpus: the bases of both splits with all that was found out about them.

It is saved before the first unit. Everything after it is a pure function of it and of the recipe, so that a command
that was broken off searches nothing again. Arrays, those of `drops` among them, are saved as one npz file without
pickles, the rest as JSON, with the digest of the arrays.

Shapes: G groups.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Groups, Task
from trmpipe.shards import DamagedError
from trmpipe.shards.fields import Count, Word
from trmpipe.shards.json_files import convert

from .bases import Drop
from .drops import COLUMNS, DropWords, pack, unpack
from .split_plan import SplitPlan, check_split


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What a corpus is made of.

    Attributes:
        train: training groups.
        test: held-out groups.
        distinct_up_to: what holds between all groups: in the sense of ``TaskSpec.classes``, or ``"nothing"``.
        skipped: number of candidates passed over, by reason.
        drops: the candidates passed over, by the role of the source that they were in.
        leaks: training candidates that are twins of held-out ones and stay.
    """

    train: SplitPlan
    test: SplitPlan
    distinct_up_to: str
    skipped: Mapping[str, int]
    drops: Mapping[str, tuple[Drop, ...]]
    leaks: tuple[Drop, ...]

    @property
    def splits(self) -> dict[str, SplitPlan]:
        """Both splits by their names."""
        return {"train": self.train, "test": self.test}

    @property
    def guarantees(self) -> dict[str, Any]:
        """What the manifest says of the groups."""
        return {
            "distinct_up_to": self.distinct_up_to,
            "skipped": dict(self.skipped),
            "train_twins_of_test": len(self.leaks),
        }

    def to_json(self) -> dict[str, Any]:
        """All but the arrays, for `json.dumps`."""
        return {
            "distinct_up_to": self.distinct_up_to,
            "skipped": dict(self.skipped),
            "drops": {role: asdict(pack(drops)[0]) for role, drops in self.drops.items()},
            "leaks": asdict(pack(self.leaks)[0]),
            "names": {split: list(part.names) for split, part in self.splits.items()},
        }

    def to_bytes(self) -> bytes:
        """The arrays as a file ``.npz``."""
        arrays: dict[str, NDArray[Any]] = {}
        for split, part in self.splits.items():
            arrays |= {f"{split}_{name}": getattr(part.groups, name) for name in _OF_GROUPS}
            arrays |= {f"{split}_{name}": getattr(part, name) for name in _OF_SPLIT}
        for place, role in enumerate(sorted(self.drops)):
            arrays |= {_of_drops(place, name): column for name, column in pack(self.drops[role])[1].items()}
        arrays |= {f"{_LEAKS}_{name}": column for name, column in pack(self.leaks)[1].items()}
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]
        return file.getvalue()

    @classmethod
    def load(cls, value: Mapping[str, Any], arrays: bytes, task: Task, aug: int) -> "Plan":
        """The plan that `to_json` and `to_bytes` wrote, every value of it checked: kernels write where it says.

        Args:
            value: what `to_json` gave, from a file.
            arrays: what `to_bytes` gave, from a file.
            task: of the recipe.
            aug: variants of each group beside its base, at most.

        Raises:
            DamagedError: something of it is not as it should be.
        """
        where, advice = "the saved plan", "it is made again"
        told = convert(value, _Told, where, advice)
        try:
            parts = _read(arrays, told, task, aug)
        # Of what is no npz file, zipfile and NumPy say so by a dozen kinds of exceptions.
        except Exception as error:
            raise DamagedError(f"{where} is damaged: {error}; {advice}") from error
        return cls(**parts, distinct_up_to=told.distinct_up_to, skipped=told.skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What `Plan.to_json` gives."""

    distinct_up_to: Word
    skipped: dict[Word, Count]
    drops: dict[Word, DropWords]
    leaks: DropWords
    names: dict[Literal["train", "test"], tuple[Word, ...]]


def _read(arrays: bytes, told: _Told, task: Task, aug: int) -> dict[str, Any]:
    """The parts of a plan that its arrays have to do with, by field."""
    with zipfile.ZipFile(io.BytesIO(arrays)) as packed:
        if any(member.compress_type != zipfile.ZIP_STORED for member in packed.infolist()):
            raise ValueError("an array is compressed, so that it may take any memory; they are saved as they are")
    parts: dict[str, Any] = {}
    with np.load(io.BytesIO(arrays), allow_pickle=False) as found:
        for split in ("train", "test"):
            parts[split] = _split_plan(split, found, told.names[split])
            check_split(parts[split], task, aug)
        parts["drops"] = {
            role: unpack(told.drops[role], {name: found[_of_drops(place, name)] for name in COLUMNS})
            for place, role in enumerate(sorted(told.drops))
        }
        parts["leaks"] = unpack(told.leaks, {name: found[f"{_LEAKS}_{name}"] for name in COLUMNS})
    return parts


def _of_drops(place: int, column: str) -> str:
    """What the array of a column is called, of the drops of the role that is the `place`-th by the alphabet."""
    return f"drops{place}_{column}"


_LEAKS = "leaks"
_OF_GROUPS = tuple(field.name for field in fields(Groups))
_OF_SPLIT = ("digests", "ratings", "variants")


def _split_plan(split: str, arrays: Mapping[str, Any], names: tuple[str, ...]) -> SplitPlan:
    groups = Groups(**{name: arrays[f"{split}_{name}"] for name in _OF_GROUPS})
    return SplitPlan(groups=groups, names=names, **{name: arrays[f"{split}_{name}"] for name in _OF_SPLIT})
