"""The processes of one command under torchrun; a command started without it is the only rank.

Objects pass between ranks through gloo, which works on any machine, whatever device the networks are on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch.distributed

from .errors import RunError

_MOST_RANKS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Which process this is.

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
        torch.distributed.gather_object(value, found)
        return found or []


def world_size() -> int:
    """How many processes torchrun started, 1 without it."""
    said = os.environ.get("WORLD_SIZE", "1")
    if not said.isdecimal() or not 1 <= int(said) <= _MOST_RANKS:
        raise RunError(f"WORLD_SIZE is {said!r:.50}; torchrun sets it to a number of processes, unset it without one")
    return int(said)


def refuse_ranks() -> None:
    """Refuse to be one of several processes.

    Raises:
        RunError: torchrun started more than this one; all of them would write the same run.
    """
    if world_size() > 1:
        raise RunError(
            f"torchrun started {world_size()} processes, and training runs in one; run `trmpipe train` without "
            "torchrun (`trmpipe evaluate` takes several)"
        )


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """The ranks that torchrun started, connected for the time of a ``with`` block."""
    size = world_size()
    if size == 1:
        yield Ranks()
        return
    torch.distributed.init_process_group("gloo")
    try:
        yield Ranks(rank=torch.distributed.get_rank(), world_size=size)
    finally:
        torch.distributed.destroy_process_group()
