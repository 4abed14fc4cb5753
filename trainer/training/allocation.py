"""Memory that is freed stays with the process, while it trains on a CPU.

The C library hands blocks above 32 MB back to the system as soon as they are free, and a training step asks for the
same ones over and over: each time the system gives them page by page, filled with zeros. With blocks that stay, the
products of the token mixer of the published Sudoku model write into memory that is there (57 GFLOP/s on a core instead
of 29), and a step of it takes 0.8 of the time. Threads share one heap, so that what one frees another can take: less
memory in all.
"""

import ctypes
import sys

_SETTINGS = {-1: 2**31 - 1, -2: 1 << 26, -4: 0, -8: 1}
"""Of glibc's ``mallopt``: free memory at the top that is kept, what is asked for at once beyond need, blocks that are
mapped by themselves, and heaps."""


def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed, for this process and from here on; whether it knows how to.

    Only glibc on Linux does; elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(name, value) for name, value in _SETTINGS.items())
