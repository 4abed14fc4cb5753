"""What a reader must know of a task without having its code: it goes into the manifest of every corpus."""

from dataclasses import dataclass

ANSWERS = "answers"
"""The name of a measure that is how many right answers a group's base has, counted up to some number of the task's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """What a reader must know of a task to feed, score and print its examples.

    Attributes:
        name: task and size in one word, such as ``sudoku9``; it begins a corpus's name.
        vocabulary: one printable character a token; index 0 is the pad token.
        grid_shape: rows and columns of the grid that a sequence spells row by row.
        num_symmetries: order of the symmetry group, hence a bound on the variants of a group; 1 where a puzzle has no
            variant but itself.
        classes: what makes two groups one class: ``"symmetry"`` (they are symmetric copies) or ``"identity"`` (their
            inputs are equal; nobody looks for copies in disguise).
        scoring: how answers are judged, the name of an evaluator: ``"label"`` (the stored solution), ``"check"`` (any
            answer that `Task.check` accepts, reported beside the stored solution) or ``"votes"`` (of the variants).
        named_groups: whether groups have names.
        variant_identifiers: whether every training variant has a puzzle identifier of its own, which models learn an
            embedding of.
        test_variants: whether the test split holds the variants of its groups, not their bases alone.
        test_groups_train: whether every test group is a training group too (its demonstrations, under the same
            candidate), so that it has the variants and identifiers of that one.
        compressed: whether sequences are padded so much that formats without a compression of their own need one.
        measures: what `Task.measure` says of every group, by names for columns of the catalog, small letters and
            underscores; a measure called `ANSWERS` is the number of right answers.
        alternatives: whether the examples of a training puzzle are right answers to one and the same input, the first
            of them the one that a group without alternatives has. An epoch shows one of them.
    """

    name: str
    vocabulary: str
    grid_shape: tuple[int, int]
    num_symmetries: int = 1
    classes: str = "identity"
    scoring: str = "label"
    named_groups: bool = False
    variant_identifiers: bool = False
    test_variants: bool = False
    test_groups_train: bool = False
    compressed: bool = False
    measures: tuple[str, ...] = ()
    alternatives: bool = False

    @property
    def seq_len(self) -> int:
        """Tokens of one input or label."""
        return self.grid_shape[0] * self.grid_shape[1]

    @property
    def vocab_size(self) -> int:
        """Number of tokens, the pad token included."""
        return len(self.vocabulary)
