"""The keys of examples: what networks and searches draw from, as functions of the example alone.

Shapes: N examples, S sequence.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray


def example_keys(inputs: NDArray[np.uint8], restart: int) -> NDArray[np.int64]:
    """What networks draw from that draw at random: int64 [N], a digest of each of `inputs` [N, S] and of the restart.

    So an answer depends neither on the order of the examples nor on how they are cut into batches.
    """
    number = restart.to_bytes(8, "little")
    digests = [hashlib.blake2b(row.tobytes() + number, digest_size=8).digest() for row in np.ascontiguousarray(inputs)]
    return np.frombuffer(b"".join(digests), "<i8").astype(np.int64)
