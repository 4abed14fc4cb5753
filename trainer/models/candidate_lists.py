"""The candidates of a batch of puzzles that have latents, as a list, and what passes between them and their units.

In a list of all, every puzzle has its n * n * n; in one of the possible ones, only those that no given digit excludes:
of a minimal 9x9 puzzle that is less than a third. Whatever is computed for every candidate is computed for the list
alone, and a unit's sum is over those of its candidates that are in it.

Shapes: B puzzles, M candidates in the list, U = kinds * n * n units of a puzzle; candidates by puzzle are [n**3, B],
flattened in that order, and so are units, [U, B].
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .units import Grid


@dataclass(frozen=True, slots=True)
class UnitTables:
    """Which candidates and units belong together in a puzzle.

    Attributes:
        units: int64 [n**3, kinds], see `Grid.units`.
        members: int64 [U, n], the candidates of every unit.
    """

    units: Tensor
    members: Tensor

    @classmethod
    def of(cls, grid: Grid) -> "UnitTables":
        """The tables of a grid."""
        units = grid.units()
        # Every unit has n candidates, so the candidates in the order of their units are its rows.
        members = units.flatten().argsort(stable=True) // grid.kinds
        return cls(units, members.view(-1, grid.n))

    def excluded(self, given: Tensor) -> Tensor:
        """The candidates one of whose units holds a given one, itself among them: bool [n**3, B] of `given` alike."""
        taken = given[self.members].any(1)
        return taken[self.units].any(1)


@dataclass(frozen=True, slots=True)
class CandidateList:
    """A list of candidates.

    Attributes:
        places: int64 [M], where each stands in [n**3, B]; None for a list of all, which stand there one by one.
        units: int64 [M, kinds], the units of each in [U, B].
        members: int64, numbers in the list of the units' candidates, unit after unit.
        starts: int64 [U * B], where those of each unit begin.
    """

    places: Tensor | None
    units: Tensor
    members: Tensor
    starts: Tensor

    def numbers(self, total: int) -> Tensor:
        """`places`, also of a list of all, `total` of them."""
        return torch.arange(total, device=self.units.device) if self.places is None else self.places

    def taken(self, x: Tensor) -> Tensor:
        """Of `x` [n**3, B, D], or [n**3, B] of anything, what concerns the list: [M, D], or [M]."""
        flat = x.flatten(0, 1)
        return flat if self.places is None else flat[self.places]

    def put(self, x: Tensor, values: Tensor) -> Tensor:
        """`x` [n**3, B, D] with `values` [M, D] for the candidates of the list."""
        if self.places is None:
            return values.view(x.shape)
        return x.flatten(0, 1).index_copy(0, self.places, values).view(x.shape)

    def sums(self, x: Tensor) -> Tensor:
        """Sums over all units, [kinds, n * n * B, D], of `x` [M, D]."""
        return F.embedding_bag(self.members, x, self.starts, mode="sum").view(self.units.shape[1], -1, x.shape[1])

    def spread(self, rows: Tensor) -> Tensor:
        """What the units of each candidate hold, added up, [M, N], of `rows` [kinds, n * n * B, N]."""
        return F.embedding_bag(self.units, rows.flatten(0, 1), mode="sum")


def list_of_all(tables: UnitTables, batch: int) -> CandidateList:
    """All candidates of `batch` puzzles."""
    puzzles = torch.arange(batch, device=tables.units.device)
    units = (tables.units.unsqueeze(1) * batch + puzzles.view(-1, 1)).flatten(0, 1)
    members = (tables.members.unsqueeze(1) * batch + puzzles.view(-1, 1)).flatten()
    starts = torch.arange(0, len(members), tables.members.shape[1], device=members.device)
    return CandidateList(None, units, members, starts)


def list_of(tables: UnitTables, chosen: Tensor) -> CandidateList:
    """The candidates for which `chosen`, bool [n**3, B], is true."""
    batch = chosen.shape[1]
    numbers = (chosen.flatten().cumsum(0) - 1).view(chosen.shape)
    candidate, puzzle = chosen.nonzero(as_tuple=True)
    units = tables.units[candidate] * batch + puzzle.unsqueeze(1)
    by_unit = chosen[tables.members].transpose(1, 2)
    members = numbers[tables.members].transpose(1, 2)[by_unit]
    counts = by_unit.sum(2).flatten()
    return CandidateList(candidate * batch + puzzle, units, members, counts.cumsum(0) - counts)


class UnitMessages(torch.autograd.Function):
    """Messages to every candidate out of the sums over its units, through a matrix for each kind of unit.

    It is linear, and its transpose is the same with the matrices transposed: so the way back is written down too, which
    is faster than what autograd makes of the sums.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor, among: CandidateList) -> Tensor:
        """Messages [M, N] from `x` [M, D] through `weights` [kinds, D, N]; see `unit_messages`."""
        sums = among.sums(x)
        ctx.save_for_backward(sums, weights)
        ctx.among = among
        return among.spread(torch.bmm(sums, weights))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """Gradients of `x` and `weights`."""
        sums, weights = ctx.saved_tensors
        rows = ctx.among.sums(gradients[0].contiguous())
        return ctx.among.spread(torch.bmm(rows, weights.mT)), torch.bmm(sums.mT, rows), None


def unit_messages(x: Tensor, weights: Tensor, among: CandidateList) -> Tensor:
    """Messages [M, N] to every candidate from its units' sums over `x` [M, D].

    Args:
        x: vectors of the candidates.
        weights: [kinds, D, N], a matrix for each kind of unit, in the order of `Grid.units`.
        among: the candidates.
    """
    messages: Tensor = UnitMessages.apply(x, weights, among)  # type: ignore[no-untyped-call]
    return messages
