"""The arrays that pass between the rooms: base puzzles, and what is found out about them.

A group is a base puzzle with all its variants; a puzzle is one variant of it; a puzzle has one example (a Sudoku) or
several (an ARC task).

Shapes: G groups, E examples of all groups, R rows (examples of all variants asked for), S sequence length, T traits.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TRAIN = 0
TEST = 1
"""Purposes: the second word of every random key, so that the splits draw from streams of their own."""

PAD = 0
"""The token that labels ignore and that fills unused cells, in every task."""

Rows = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Inputs and labels, uint8 [R, S] each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Base puzzles, one a group.

    Attributes:
        candidates: int64 [G], the index of each group in its random stream (or its line in an input file).
        sizes: int64 [G], number of examples of each puzzle, 1 or more.
        inputs: uint8 [E, S] tokens of the examples' inputs, one group after the other; E is the sum of `sizes`.
        labels: uint8 [E, S] tokens of their solutions.
        traits: uint16 [G, T], what the task has to know of a group beside its examples; T is 0 for most tasks.
    """

    candidates: NDArray[np.int64]
    sizes: NDArray[np.int64]
    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    traits: NDArray[np.uint16]

    @classmethod
    def single(cls, candidates: NDArray[np.int64], inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> "Groups":
        """Groups of one example each, from arrays [G], [G, S] and [G, S]."""
        return cls(
            candidates=candidates,
            sizes=np.ones(len(candidates), np.int64),
            inputs=inputs,
            labels=labels,
            traits=np.empty((len(candidates), 0), np.uint16),
        )

    @classmethod
    def join(cls, parts: Sequence["Groups"]) -> "Groups":
        """The groups of one or more parts, one after the other."""
        names = ("candidates", "sizes", "inputs", "labels", "traits")
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """int64 [G + 1]: first example of each group, and E."""
        return np.concatenate([[0], np.cumsum(self.sizes)])

    def take(self, index: NDArray[np.int64] | slice) -> "Groups":
        """The groups at `index`, in its order."""
        sizes = self.sizes[index]
        examples = runs(self.offsets[:-1][index], sizes)
        return Groups(
            candidates=self.candidates[index],
            sizes=sizes,
            inputs=self.inputs[examples],
            labels=self.labels[examples],
            traits=self.traits[index],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Base puzzles with what a task finds out about them, once and for all.

    Attributes:
        groups: the puzzles, with their traits.
        digests: uint8 [G, 32], a SHA-256 digest of each puzzle's class, in the sense of ``TaskSpec.classes``.
        accepted: bool [G], whether each puzzle meets the task's options.
        ratings: float64 [G], how difficult each puzzle is, 0 or more; NaN where it is not rated.
        forms: uint8 [G, F], what `Task.rate` needs of each puzzle so that it searches nothing again; F may be 0.
    """

    groups: Groups
    digests: NDArray[np.uint8]
    accepted: NDArray[np.bool_]
    ratings: NDArray[np.float64]
    forms: NDArray[np.uint8]

    @classmethod
    def plain(cls, groups: Groups, digests: NDArray[np.uint8]) -> "Examined":
        """Puzzles that are all accepted and have no rating."""
        return cls(
            groups=groups,
            digests=digests,
            accepted=np.ones(len(groups), np.bool_),
            ratings=np.full(len(groups), np.nan),
            forms=np.empty((len(groups), 0), np.uint8),
        )

    @classmethod
    def join(cls, parts: Sequence["Examined"]) -> "Examined":
        """The puzzles of one or more parts, one after the other."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _EXAMINED}
        return cls(groups=Groups.join([part.groups for part in parts]), **arrays)

    def __len__(self) -> int:
        return len(self.groups)

    def take(self, index: NDArray[np.int64] | slice) -> "Examined":
        """The puzzles at `index`, in its order."""
        arrays = {name: getattr(self, name)[index] for name in _EXAMINED}
        return Examined(groups=self.groups.take(index), **arrays)


def input_digests(groups: Groups) -> NDArray[np.uint8]:
    """uint8 [G, 32]: SHA-256 of the inputs of each group, equal where these are equal byte by byte."""
    stops = groups.offsets.tolist()
    inputs = [groups.inputs[start:stop].tobytes() for start, stop in pairwise(stops)]
    return np.frombuffer(b"".join(hashlib.sha256(one).digest() for one in inputs), np.uint8).reshape(-1, 32)


_EXAMINED = tuple(field.name for field in fields(Examined) if field.name != "groups")


def runs(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from `starts` [N] on, `lengths` [N] of each, one run after the other: int64 [sum of lengths]."""
    ends = np.cumsum(lengths)
    found: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - (ends - lengths), lengths)
    return found
