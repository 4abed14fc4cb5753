"""How many variants a run has seen: counted example by example, for both rules of drawing them."""

import numpy as np
import pytest

from trmpipe.shards import seen
from trmpipe.shards.order import SAMPLINGS, WITH_REPLACEMENT, Order
from trmpipe.shards.seen import seen_variants

COUNTS = np.array([5, 1, 3, 40, 7])
SIZES = {"one": np.ones(5, np.int64), "several": np.array([1, 3, 2, 1, 4])}


def order_of(sampling, sizes):
    return Order(np.uint64(3), COUNTS, SIZES[sizes], sampling, 256)


def told(sampling, sizes, num_examples):
    repeats = sampling in WITH_REPLACEMENT
    return seen_variants(order_of(sampling, sizes), COUNTS, repeats=repeats, num_examples=num_examples)


def counted(sampling, sizes, num_examples):
    """Pairs of group and variant among the first examples, one by one."""
    groups, variants, _ = order_of(sampling, sizes).at(0, num_examples)
    return len(set(zip(groups.tolist(), variants.tolist(), strict=True)))


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_number_is_that_of_the_pairs(sampling, sizes, monkeypatch):
    monkeypatch.setattr(seen, "_CHUNK", 13)
    for num_examples in (*range(1, 30), 77, 205, 209, 440):
        found = told(sampling, sizes, num_examples)
        assert found.exact
        assert (found.variants, found.all_variants) == (counted(sampling, sizes, num_examples), 56), num_examples


def test_nothing_and_all_of_it():
    assert told("blocks", "one", 0).variants == 0
    whole = told("blocks", "one", 40 * 5)
    assert (whole.share, whole.visits) == (1.0, 40.0)
    assert told("blocks", "one", 5 * 7 + 2).visits == pytest.approx(7 + 2 / 5)


def test_beyond_what_is_counted_the_expectation_is_told(monkeypatch):
    """The mean of what is counted over seeds comes to what is expected, within four deviations of that mean."""
    monkeypatch.setattr(seen, "MOST_DRAWN", 0)
    found = told("published", "one", 100)
    assert not found.exact
    numbers = []
    for seed in range(100):
        groups, variants, _ = Order(np.uint64(seed), COUNTS, SIZES["one"], "published", 256).at(0, 100)
        numbers.append(len(set(zip(groups.tolist(), variants.tolist(), strict=True))))
    assert abs(np.mean(numbers) - found.variants) < 4 * np.std(numbers) / 10 + 0.5
