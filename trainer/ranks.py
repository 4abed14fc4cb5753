"""The processes of one command under torchrun; a command started without it is the only rank.

Objects pass between ranks through gloo, which works on any machine; tensors on CUDA through NCCL.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch.distributed
from torch import Tensor

from .device import is_out_of_memory
from .errors import DivergedElsewhereError, DivergedError, EndedElsewhereError, LostProcessError, RunError

_MOST_RANKS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Which process this is; whatever the processes exchange raises `LostProcessError` where one of them is gone.

    Attributes:
        rank: from 0 on.
        world_size: number of processes.
    """

    rank: int = 0
    world_size: int = 1

    def gather(self, value: Any) -> list[Any]:
        """The values of all ranks in their order on rank 0, nothing on the others; every rank must call it."""
        if self.world_size == 1:
            return [value]
        found: list[Any] | None = [None] * self.world_size if self.rank == 0 else None
        with _exchange():
            torch.distributed.gather_object(value, found)
        return found or []

    def of_all(self, value: Any) -> list[Any]:
        """The values of all ranks in their order, on every rank; every rank must call it."""
        if self.world_size == 1:
            return [value]
        found: list[Any] = [None] * self.world_size
        with _exchange():
            torch.distributed.all_gather_object(found, value)
        return found

    def share(self, value: Any) -> Any:
        """The value of rank 0 on every rank; every rank must call it, what the others give does not count."""
        if self.world_size == 1:
            return value
        values = [value if self.rank == 0 else None]
        with _exchange():
            torch.distributed.broadcast_object_list(values)
        return values[0]

    def first(self, work: Callable[[], Any]) -> Any:
        """What `work` gives on rank 0, which alone does it, on every rank; every rank must call it.

        Raises:
            Exception: what it raised, on rank 0.
            EndedElsewhereError: on the others; one that says so where it was a `DivergedError`.
        """
        if self.world_size == 1:
            return work()
        done, value = False, None
        try:
            if self.rank == 0:
                done, value = True, work()
        except BaseException as error:
            with suppress(LostProcessError):
                self.share((False, isinstance(error, DivergedError)))
            raise
        done, value = self.share((done, value))
        if not done:
            kind = DivergedElsewhereError if value else EndedElsewhereError
            raise kind("the first of the processes gave up, and said why")
        return value

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their sums over the ranks, in place and in one exchange; float32 each."""
        if self.world_size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _exchange():
            torch.distributed.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        torch._foreach_copy_(list(tensors), [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)])

    def take_first(self, tensor: Tensor) -> None:
        """Replace a tensor by that of rank 0, in place; every rank must call it."""
        if self.world_size > 1:
            with _exchange():
                torch.distributed.broadcast(tensor, 0)

    def meet(self, device: torch.device) -> None:
        """Exchange a number on `device`: NCCL takes memory at its first exchange, while there still is some."""
        self.take_first(torch.zeros(1, device=device))

    def rows_of_all(self, rows: Tensor) -> Tensor:
        """The rows [B, ...] of every rank, one rank after the other, on every rank; all have equally many."""
        if self.world_size == 1:
            return rows
        own = rows.contiguous()
        # Not into one tensor at once: torch 2.13 warns of the only name which that has in torch 2.6.
        parts = [torch.empty_like(own) for _ in range(self.world_size)]
        with _exchange():
            torch.distributed.all_gather(parts, own)
        return torch.cat(parts)

    def rows_on_first(self, rows: Tensor) -> Tensor:
        """The rows of all ranks on rank 0 and its CPU, this rank's own on the others; every rank must call it."""
        if self.world_size == 1:
            return rows
        own = rows.cpu().contiguous()
        # As bytes, since gloo does not know all dtypes.
        sent = own.reshape(-1).view(torch.uint8)
        parts = [torch.empty_like(sent) for _ in range(self.world_size)] if self.rank == 0 else None
        with _exchange():
            torch.distributed.gather(sent, parts)
        return torch.cat(parts).view(own.dtype).view(-1, *own.shape[1:]) if parts else own


@contextmanager
def _exchange() -> Iterator[None]:
    """An exchange between the processes, with one error for all backends: gloo raises a bare RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise LostProcessError(
            "another of the processes ended or cannot be reached, and these cannot go on without it; what it printed "
            "says why, and a training goes on from its last checkpoint with --resume"
        ) from error


def world_size() -> int:
    """How many processes torchrun started, 1 without it."""
    said = os.environ.get("WORLD_SIZE", "1")
    if not said.isdecimal() or not 1 <= int(said) <= _MOST_RANKS:
        raise RunError(f"WORLD_SIZE is {said!r:.50}; torchrun sets it to a number of processes, unset it without one")
    return int(said)


def refuse_several(what: str) -> None:
    """Refuse several processes where one does the work.

    Args:
        what: is made, as the beginning of a sentence: "an import".

    Raises:
        RunError: torchrun started more than one.
    """
    if world_size() > 1:
        raise RunError(f"torchrun started {world_size()} processes, and {what} is made by one; run it without torchrun")


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """The ranks that torchrun started, connected for the time of a ``with`` block.

    Raises:
        RunError: they cannot be connected.
    """
    size = world_size()
    if size == 1:
        yield Ranks()
        return
    try:
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    except (ValueError, RuntimeError) as error:
        why = next(iter(str(error).splitlines()), "")
        raise RunError(
            f"WORLD_SIZE is {size}, but the processes cannot find each other ({why:.200}); start "
            "them with torchrun, or unset WORLD_SIZE for a single one"
        ) from error
    try:
        yield Ranks(rank=torch.distributed.get_rank(), world_size=size)
    except BaseException:
        # NCCL ends a group together, and the others may be waiting for what this process will not send any more: it
        # would wait for them, and never say what is wrong.
        if not torch.cuda.is_available():
            torch.distributed.destroy_process_group()
        raise
    torch.distributed.destroy_process_group()
