"""Examples as they leave a corpus: arrays of equal length, one row an example."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK_IDENTIFIER = 0
"""Puzzle identifier of tasks whose puzzles have none of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """N examples.

    Attributes:
        inputs: uint8 [N, S] tokens.
        labels: uint8 [N, S] tokens; the pad token is ignored by losses and scores.
        identifiers: int32 [N] puzzle identifiers, `BLANK_IDENTIFIER` where puzzles have none.
        groups: int64 [N], group of each example; over several corpora counted on.
        variants: int64 [N], variant of each example within its group; 0 is the base.
        examples: int64 [N], place of each example in its puzzle.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    identifiers: NDArray[np.int32]
    groups: NDArray[np.int64]
    variants: NDArray[np.int64]
    examples: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.groups)


Batch = Examples
"""The examples of one training step on one rank."""
