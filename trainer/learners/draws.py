"""Random words for the slots of a batch: one Philox block for each, whose key is the run's seed and a purpose.

A word depends on (seed, purpose, step, slot) alone, neither on history nor on the number of ranks.

Shapes: B slots of this rank.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.jit import kernel
from trmpipe.generators.rng import philox

_WORDS = 2


@kernel
def fill_words(seed: Any, purpose: Any, step: Any, slots: Any, words: Any) -> Any:
    """Write the first words of the block of every slot.

    Args:
        seed: of the run.
        purpose: of `generators.rng`.
        step: training step.
        slots: int64 [B].
        words: uint64 [B, 2], written.
    """
    for place in range(len(slots)):
        block = philox(seed, purpose, 0, step, slots[place], 0)
        words[place, 0], words[place, 1] = block[0], block[1]


def slot_words(seed: int, purpose: int, step: int, slots: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Two uniform uint64 for each slot, [B, 2].

    Args:
        seed: root seed, 0 <= seed < 2**63.
        purpose: of `generators.rng`.
        step: training step from 0.
        slots: int64 [B], places in the global batch.
    """
    words = np.empty((len(slots), _WORDS), np.uint64)
    fill_words(seed, purpose, step, np.ascontiguousarray(slots, np.int64), words)
    return words
