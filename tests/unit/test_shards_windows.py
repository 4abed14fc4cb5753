"""Windows of variants, held and read ahead over many cycles."""

import numpy as np
import pytest

from trmpipe.shards.kernels import windows_of_epoch
from trmpipe.shards.windows import WindowHolder


@pytest.mark.parametrize("variants", [256, 257, 512, 1001])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_ahead_is_found_past_every_end_of_a_cycle(variants, seed):
    """Where the last window of a cycle is the first of the next one, it lasts for twice as long."""
    counts, ones = np.full(3, variants, np.int64), np.ones(3, np.int64)
    holder = WindowHolder([], counts, ones, 9, window_size=256, seed=np.uint64(seed), memory_limit_bytes=1 << 20)
    expected = np.empty(3, np.int64)
    for epoch in range(4 * variants):
        holder.hold(epoch)
        windows_of_epoch(np.uint64(seed), epoch, counts, 256, expected)
        assert np.array_equal(holder.starts, 256 * expected)
    holder._thread.shutdown()
