"""Cells that a puzzle leaves open, and what guessing gets of them.

A cell is **given** where the puzzle shows what its answer has there. Where most cells are given, a network that has
learned nothing but to copy gets most cells right, so that the others alone say how well it answers.

Shapes: N puzzles, S sequence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.task import PAD

_MOST_TOKENS = 256


@overload
def is_open(inputs: Tensor, labels: Tensor) -> Tensor: ...
@overload
def is_open(inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]: ...
def is_open(inputs: Tensor | NDArray[np.uint8], labels: Tensor | NDArray[np.uint8]) -> Tensor | NDArray[np.bool_]:
    """Which cells [N, S] are asked for and not given, bool [N, S]; pad labels are never asked for."""
    found: Tensor | NDArray[np.bool_] = (labels != PAD) & (inputs != labels)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCells:
    """How the open cells of puzzles were answered.

    Attributes:
        number: open cells of all puzzles together, 1 or more.
        guessing: share of them that have the commonest token of all, which is what one guess for every cell gets.
        right: share of them that are answered as the stored label says, after each supervision step.
    """

    number: int
    guessing: float
    right: tuple[float, ...]


def count_open(inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> tuple[int, float]:
    """How many cells of puzzles [N, S] are open, and the share of them that guessing gets; 0 where none is."""
    tokens = labels[is_open(inputs, labels)]
    counts = np.bincount(tokens, minlength=_MOST_TOKENS)
    return len(tokens), float(counts.max() / len(tokens)) if len(tokens) else 0.0


def add_open_cells(parts: Sequence[OpenCells]) -> OpenCells | None:
    """The open cells of several sets of puzzles, each guessed by its own commonest token; None where none is open."""
    number = sum(part.number for part in parts)
    if not number:
        return None
    shares = [part.number / number for part in parts]
    right = np.sum([share * np.array(part.right) for share, part in zip(shares, parts, strict=True)], axis=0)
    guessing = sum(share * part.guessing for share, part in zip(shares, parts, strict=True))
    return OpenCells(number=number, guessing=guessing, right=tuple(right.tolist()))
