"""The processes of one command under torchrun; a command started without it is the only rank.

Objects pass between ranks through gloo, which works on any machine, whatever device the networks are on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch.distributed


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


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """The ranks that torchrun started, connected for the time of a ``with`` block."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        yield Ranks()
        return
    torch.distributed.init_process_group("gloo")
    try:
        yield Ranks(rank=torch.distributed.get_rank(), world_size=world_size)
    finally:
        torch.distributed.destroy_process_group()
