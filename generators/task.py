"""What a task is: the protocol that every puzzle family meets, and the arrays that pass between the rooms.

A group is a base puzzle with all its variants; a puzzle is one variant of it; a puzzle has one example (a Sudoku) or
several (an ARC task).

Shapes: G groups, E examples of all groups, R rows (examples of all variants asked for), S sequence length, T traits.
"""

from collections.abc import Sequence
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
        classes: what makes two groups one class: ``"symmetry"`` (they are symmetric copies) or ``"identity"`` (they are
            equal).
        scoring: how answers are judged, the name of an evaluator: ``"label"`` (the stored solution), ``"check"`` (any
            answer that `Task.check` accepts, reported beside the stored solution) or ``"votes"`` (of the variants).
        named_groups: whether groups have names.
        variant_identifiers: whether every training variant has a puzzle identifier of its own, which models learn an
            embedding of.
        test_variants: whether the test split holds the variants of its groups, not their bases alone.
        test_groups_train: whether every test group is a training group too (its demonstrations, under the same
            candidate), so that it has the variants and identifiers of that one.
        compressed: whether sequences are padded so much that formats without a compression of their own need one.
    """

    name: str
    vocabulary: str
    grid_shape: tuple[int, int]
    num_symmetries: int
    classes: str
    scoring: str = "label"
    named_groups: bool = False
    variant_identifiers: bool = False
    test_variants: bool = False
    test_groups_train: bool = False
    compressed: bool = False

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


def runs(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from `starts` [N] on, `lengths` [N] of each, one run after the other: int64 [sum of lengths]."""
    ends = np.cumsum(lengths)
    found: NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - (ends - lengths), lengths)
    return found


Rows = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Inputs and labels, uint8 [R, S] each."""


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

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Inputs and labels of `counts` variants of each group, from variant `start` on; variant 0 is the base.

        `variants.augment_evenly` helps a task whose kernel gives every group as many.

        Args:
            groups: the bases.
            seed: root seed.
            start: first variant of every group, 0 or more.
            counts: int64 [G], how many variants of each group, 0 or more.

        Returns:
            Two arrays uint8 [R, S], by rising group, then variant, then example.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        ...

    def canonical(self, groups: Groups) -> NDArray[np.uint8]:
        """uint8 [G, 32]: a SHA-256 digest of each puzzle's class, in the sense of ``spec.classes``."""
        ...

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, S] is a right solution of its input [N, S]."""
        ...

    def render(self, tokens: NDArray[np.uint8]) -> str:
        """One sequence [S] as lines of text."""
        ...


@runtime_checkable
class NamedTask(Task, Protocol):
    """A task whose ``spec.variant_identifiers`` is true: its groups have names, and so have their variants."""

    def variant_names(self, groups: Groups, names: Sequence[str], seed: int, counts: NDArray[np.int64]) -> list[str]:
        """Names from which the map of a variant follows, of the first `counts` [G] variants of each group, in order.

        Args:
            groups: the bases.
            names: of the groups.
            seed: root seed, as for `augment`.
            counts: int64 [G].
        """
        ...
