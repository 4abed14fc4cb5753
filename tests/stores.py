"""The store at which the ranks of a training find each other, for tests that start ranks without torchrun.

As with torchrun, somebody who is no rank holds it, and it takes whatever port the system gives it. A port that is
looked for first and opened by rank 0 later is free in between: another process may take it, and the ranks of two
trainings may meet at it.
"""

from torch.distributed import TCPStore

_HOST = "127.0.0.1"


def hold_store():
    """A store of this process, which has threads for it until nothing refers to it; its `port` is open already."""
    return TCPStore(_HOST, 0, is_master=True, wait_for_workers=False)


def environment_of(rank, ranks, port):
    """The variables that torchrun would set for a process.

    Args:
        rank: of the process.
        ranks: number of processes.
        port: of the store that somebody holds for them.
    """
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(ranks),
        "MASTER_ADDR": _HOST,
        "MASTER_PORT": str(port),
        # Without it rank 0 would open a store of its own at that port.
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }
