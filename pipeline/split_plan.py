"""The planned groups of one split, and what has to hold of them where they come out of a file.

Shapes: G groups, E examples of all groups, S sequence length, T traits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import Groups, Task

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitPlan:
    """The groups of one split.

    Attributes:
        groups: their bases, with traits.
        digests: uint8 [G, 32], their classes.
        ratings: float64 [G], how difficult the bases are; NaN where they have no rating.
        variants: int64 [G], how many variants each group gets, its base included.
        names: of the groups, empty where they have none.
    """

    groups: Groups
    digests: NDArray[np.uint8]
    ratings: NDArray[np.float64]
    variants: NDArray[np.int64]
    names: tuple[str, ...] = ()

    def take(self, some: slice) -> "SplitPlan":
        """A run of the groups."""
        return SplitPlan(
            groups=self.groups.take(some),
            digests=self.digests[some],
            ratings=self.ratings[some],
            variants=self.variants[some],
            names=self.names[some],
        )


def check_split(part: SplitPlan, task: Task, aug: int) -> None:
    """Refuse arrays that kernels could not be handed: of another type or shape, or with values out of their range.

    Args:
        part: the groups.
        task: whose they are.
        aug: variants of each group beside its base, at most.

    Raises:
        ValueError: an array is not as it should be; the message says which.
    """
    groups, spec = part.groups, task.spec
    count = groups.candidates.size
    check_array("candidates", groups.candidates, np.int64, (count,), 0, None)
    check_array("sizes", groups.sizes, np.int64, (count,), 1, len(groups.inputs))
    rows = (int(groups.sizes.sum()), spec.seq_len)
    for name, tokens in (("inputs", groups.inputs), ("labels", groups.labels)):
        check_array(name, tokens, np.uint8, rows, 0, spec.vocab_size - 1)
    check_array("traits", groups.traits, np.uint16, (count, len(task.trait_ranges)), 0, None)
    for trait, (least, most) in zip(groups.traits.T, task.trait_ranges, strict=True):
        check_array("a trait", trait, np.uint16, (count,), least, most)
    check_array("digests", part.digests, np.uint8, (count, _DIGEST_BYTES), 0, None)
    check_array("ratings", part.ratings[~np.isnan(part.ratings)], np.float64, None, 0, None)
    check_array("ratings", np.isnan(part.ratings), np.bool_, (count,), 0, None)
    check_array("variants", part.variants, np.int64, (count,), 1, aug + 1)
    if len(part.names) != (count if spec.named_groups else 0):
        raise ValueError(f"names are {len(part.names)}, there are {count} groups")


def check_array(
    name: str, array: NDArray[Any], dtype: Any, shape: tuple[int, ...] | None, least: int, most: int | None
) -> None:
    """Refuse an array of another type or shape, or with values out of their range.

    Args:
        name: of what it holds, for the message.
        array: out of a file.
        dtype: that it has to have.
        shape: likewise; None for any.
        least: value that there may be.
        most: likewise; None for any.

    Raises:
        ValueError: see there.
    """
    if array.dtype != dtype or (shape is not None and array.shape != shape):
        raise ValueError(f"{name} are {array.dtype} {list(array.shape)}, expected {np.dtype(dtype)} {shape}")
    if array.size and (array.min() < least or (most is not None and array.max() > most)):
        raise ValueError(f"{name} are {array.min()} to {array.max()}, expected {least} to {most}")
