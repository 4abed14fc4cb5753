"""What a task is: the protocol that every puzzle family meets, and the arrays that pass between the rooms.

Shapes: G groups, A variants (the base included), K variants of a block, S sequence length.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

TRAIN = 0
TEST = 1
"""Purposes: the second word of every random key, so that the splits draw from streams of their own."""

PAD = 0
"""The token that labels ignore and that fills unused cells, in every task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """What a reader must know of a task to feed, score and print its examples.

    Attributes:
        name: task and size in one word, such as ``sudoku9``; it begins a corpus's name.
        vocabulary: one printable character a token; index 0 is the pad token.
        grid_shape: rows and columns of the grid that a sequence spells row by row.
        num_symmetries: order of the symmetry group, hence a bound on the variants of a group.
        twins: how far two groups are told apart: ``"symmetry"`` (equal digests exactly for symmetric copies) or
            ``"identity"`` (equal digests exactly for equal puzzles).
    """

    name: str
    vocabulary: str
    grid_shape: tuple[int, int]
    num_symmetries: int
    twins: str

    @property
    def seq_len(self) -> int:
        """Tokens of one input or label."""
        return self.grid_shape[0] * self.grid_shape[1]

    @property
    def vocab_size(self) -> int:
        """Number of tokens, the pad token included."""
        return len(self.vocabulary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Base puzzles, one a group.

    Attributes:
        candidates: int64 [G], the index of each group in its random stream (or its line in an input file).
        inputs: uint8 [G, S] tokens of the puzzle.
        labels: uint8 [G, S] tokens of its solution.
    """

    candidates: NDArray[np.int64]
    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.candidates)

    def take(self, index: NDArray[np.int64] | slice) -> "Groups":
        """The groups at `index`, in its order."""
        return Groups(candidates=self.candidates[index], inputs=self.inputs[index], labels=self.labels[index])


@runtime_checkable
class Task(Protocol):
    """A puzzle family of one size. Every method is a pure function of its arguments."""

    @property
    def spec(self) -> TaskSpec:
        """What readers need to know."""
        ...

    @property
    def options(self) -> dict[str, str]:
        """What generated puzzles are asked to meet, by name, as `registry.get_task` takes it; empty for all puzzles.

        Each option is in one form: tasks that ask for the same have the same options.
        """
        ...

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Candidates `start` to `start + count` of the stream (seed, purpose), but those that miss the options.

        Whether and what a candidate is depends on its seed, purpose and index alone.
        """
        ...

    def accepts(self, groups: Groups) -> NDArray[np.bool_]:
        """bool [G]: whether each base, from wherever it may come, meets the options."""
        ...

    def rate(self, groups: Groups) -> NDArray[np.float64]:
        """float64 [G]: how difficult each base is, 0 or more; NaN where the task has no measure of it."""
        ...

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: how many distinct variants each group has, its base included."""
        ...

    def augment(self, groups: Groups, seed: int, start: int, stop: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Inputs and labels, uint8 [G, stop - start, S], of variants `start` to `stop`; variant 0 is the base.

        Raises:
            InputError: a group has fewer than `stop` distinct variants.
        """
        ...

    def canonical(self, groups: Groups) -> NDArray[np.uint8]:
        """uint8 [G, 32]: a SHA-256 digest of each puzzle's class, in the sense of ``spec.twins``."""
        ...

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, S] is a right solution of its input [N, S]."""
        ...

    def render(self, tokens: NDArray[np.uint8]) -> str:
        """One sequence [S] as lines of text."""
        ...
