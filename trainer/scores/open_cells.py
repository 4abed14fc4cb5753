"""Cells that a puzzle leaves open, and what guessing gets of them.

A cell is **given** where the puzzle shows what its answer has there. Where most cells are given, a network that has
learned nothing but to copy gets most cells right, so that the others alone say how well it answers. Where an answer may
leave a cell as the puzzle shows it, as a maze's path leaves most open cells, no cell that the puzzle asks for is given:
else only the cells of the path would be open, of which guessing gets all.

Shapes: N puzzles, S sequence, V tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.task import PAD

_MOST_TOKENS = 256


def is_open(inputs: Tensor, labels: Tensor, blank: int | None = None) -> Tensor:
    """Which cells are asked for and not given; pad labels are never asked for.

    Args:
        inputs: [N, S].
        labels: [N, S].
        blank: the token by which a puzzle asks for a cell, see `Task.blank`; None where only a label that differs does.

    Returns:
        bool [N, S].
    """
    differs = inputs != labels
    return (labels != PAD) & (differs if blank is None else differs | (inputs == blank))


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


def tokens_of(labels: Tensor, is_open: Tensor) -> list[float]:
    """How many open cells [N, S] of some puzzles have each token [V] as their label [N, S]."""
    found: list[float] = torch.bincount(labels[is_open].cpu(), minlength=_MOST_TOKENS).tolist()
    return found


def count_open(tokens: NDArray[np.float64]) -> tuple[int, float]:
    """How many cells are open, and the share of them that guessing gets; 0 where none is.

    Args:
        tokens: [V], how many open cells have each token as their label.
    """
    number = int(tokens.sum())
    return number, float(tokens.max() / number) if number else 0.0


def add_open_cells(parts: Sequence[OpenCells]) -> OpenCells | None:
    """The open cells of several sets of puzzles, each guessed by its own commonest token; None where none is open."""
    number = sum(part.number for part in parts)
    if not number:
        return None
    shares = [part.number / number for part in parts]
    right = np.sum([share * np.array(part.right) for share, part in zip(shares, parts, strict=True)], axis=0)
    guessing = sum(share * part.guessing for share, part in zip(shares, parts, strict=True))
    return OpenCells(number=number, guessing=guessing, right=tuple(right.tolist()))
