"""What a reader must know of a task without having its code: it goes into the manifest of every corpus."""

import re
from dataclasses import dataclass

ANSWERS = "answers"
"""The name of a measure that is how many right answers a group's base has, counted up to some number of the task's."""

COLUMNS = (
    "split",
    "group",
    "key",
    "candidate",
    "shard",
    "variants",
    "examples",
    "identifier",
    "name",
    "clues",
    "difficulty",
    "canonical",
    "digest",
)
"""The columns of every catalog; measures of a task come after them, under names of their own."""
MOST_CELLS = 1 << 16
"""Of a grid: readers take memory by it."""
MOST_MEASURES = 16
_VOCABULARY_SIZES = range(2, 257)
_MEASURE = "[a-z][a-z_]{0,39}"


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


def fault_of(spec: TaskSpec) -> str:
    """Why no corpus can have this spec, in words; empty where one can. Makers and readers ask the same."""
    if len(spec.grid_shape) != 2 or min(spec.grid_shape) < 1 or spec.grid_shape[0] * spec.grid_shape[1] > MOST_CELLS:
        return f"the grid shape is {spec.grid_shape}, expected rows and columns, {MOST_CELLS:,} cells at most"
    sizes = {len(spec.vocabulary), len(set(spec.vocabulary))}
    if len(sizes) > 1 or not sizes <= set(_VOCABULARY_SIZES) or not spec.vocabulary.isprintable():
        return f"the vocabulary is {spec.vocabulary!r:.300}, expected 2 to 256 different printable characters"
    if spec.num_symmetries < 1:
        return f"num_symmetries is {spec.num_symmetries}, expected 1 or more"
    if len(spec.measures) > MOST_MEASURES or len(set(spec.measures)) < len(spec.measures):
        return f"it has {len(spec.measures)} measures, expected {MOST_MEASURES} different ones at most"
    for name in spec.measures:
        if not re.fullmatch(_MEASURE, name) or name in COLUMNS:
            return (
                f"it has a measure {name!r:.80}, expected small letters and underscores, 40 at most, and no "
                "column that every catalog has"
            )
    return ""
